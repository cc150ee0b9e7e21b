/* SPDX-License-Identifier: Apache-2.0 */
/* Running the executable as a user does. The test's state is its path. */
#pragma once

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
	int code;
	char out[8192];
	char err[4096];
};

static inline void slurp(const char *path, char *ret_text, size_t size)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	ret_text[fread(ret_text, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* @arguments are the shell's to read. */
static inline struct run hone(void **state, const char *arguments)
{
	const char *program = *state;
	char folder[] = "/tmp/test-hone-XXXXXX", command[4096], out[64], err[64];
	struct run r;

	assert_non_null(mkdtemp(folder));
	snprintf(out, sizeof(out), "%s/out", folder);
	snprintf(err, sizeof(err), "%s/err", folder);
	snprintf(command, sizeof(command), "'%s' >%s 2>%s %s", program, out, err, arguments);
	int status = system(command);
	assert_true(WIFEXITED(status));
	r.code = WEXITSTATUS(status);
	slurp(out, r.out, sizeof(r.out));
	slurp(err, r.err, sizeof(r.err));
	unlink(out);
	unlink(err);
	rmdir(folder);
	return r;
}
