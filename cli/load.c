/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/load.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/span.h"
#include "cli/say.h"

/* A file this large compressed is over libpprof's limit anyway. */
#define MAX_FILE (256U << 20)

#define PREPROFILE "GO PREPROFILE V1\n"

static void say_unreadable(const char *command, const char *path, int error)
{
	const char *hint = "";

	if (error == -ENOENT)
		hint = " Check the path.";
	else if (error == -EACCES || error == -EPERM)
		hint = " Try with sudo.";
	else if (error == -EISDIR)
		hint = " Name a file in it.";
	if (error == -E2BIG)
		say_error(command, "cannot read %s: it is larger than %u MiB, which no profile is.",
			  path, MAX_FILE >> 20);
	else
		say_error(command, "cannot read %s: %s.%s", path, strerror(-error), hint);
}

static int decode(const char *command, const char *path, const struct buf *file,
		  struct pprof_profile **ret_profile, const char **ret_reason)
{
	int r = pprof_decode(file->data, file->size, NULL, ret_profile, ret_reason);

	if (r == PPROF_E_TOO_LARGE) {
		say_error(command, "%s is larger than any profile should be: %s.", path,
			  *ret_reason);
		return -E2BIG;
	}
	if (r < 0)
		say_error(command, "cannot decode %s: %s.", path, strerror(-r));
	else if (r > 0 && span_starts_with(span_of(file->data, file->size), PREPROFILE))
		*ret_reason = "it is the output of go tool preprofile; go build takes its input";
	return r;
}

int load_profile(const char *command, const char *path, struct pprof_profile **ret_profile,
		 const char **ret_reason)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(MAX_FILE);
	int r = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &file);

	if (r < 0) {
		say_unreadable(command, strcmp(path, "-") == 0 ? "standard input" : path, r);
		return r;
	}
	/* The compiler takes an empty file for an empty profile (FromPProf, cmd/internal/pgo). */
	if (file.size == 0)
		return pprof_new(ret_profile);
	return decode(command, path, &file, ret_profile, ret_reason);
}

void load_profile_freep(struct pprof_profile **profile)
{
	pprof_free(*profile);
}
