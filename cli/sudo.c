/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sudo.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* An id that is not root's. (uid_t)-1 means "none" to the kernel. */
static bool parse_id(const char *text, uint64_t min, uint32_t *ret_id)
{
	struct span rest = span_of(text, strlen(text));
	uint64_t id;

	if (!text_number(&rest, 10, &id) || rest.size || id < min || id >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

static void set(char *field, size_t size, const char *value, const char *otherwise)
{
	const char *chosen = value && *value && strlen(value) < size ? value : otherwise;

	snprintf(field, size, "%s", chosen);
}

/* The name sudo gave counts if it is this user's; several users may share an id. */
static void look_up(struct sudo_user *user, const char *name)
{
	struct passwd *entry = name ? getpwnam(name) : NULL;

	if (!entry || entry->pw_uid != user->uid)
		entry = getpwuid(user->uid);
	set(user->name, sizeof(user->name), entry ? entry->pw_name : name, "unknown");
	set(user->home, sizeof(user->home), entry ? entry->pw_dir : NULL, "/");
	set(user->shell, sizeof(user->shell), entry ? entry->pw_shell : NULL, "/bin/sh");
}

int sudo_user_parse(const char *uid, const char *gid, const char *name, struct sudo_user *ret_user)
{
	uint32_t uid_value, gid_value;

	if (!uid || !gid || !strcmp(uid, "0"))
		return SUDO_E_NONE;
	if (!parse_id(uid, 1, &uid_value) || !parse_id(gid, 0, &gid_value))
		return SUDO_E_INVALID;
	*ret_user = (struct sudo_user){ .uid = uid_value, .gid = gid_value };
	look_up(ret_user, name);
	return 0;
}

int sudo_user_find(struct sudo_user *ret_user)
{
	if (geteuid() != 0)
		return SUDO_E_NONE;
	return sudo_user_parse(getenv("SUDO_UID"), getenv("SUDO_GID"), getenv("SUDO_USER"),
			       ret_user);
}
