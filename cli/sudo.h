/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who called sudo. hone needs root for the kernel's part only: the file it writes belongs to that
 * user, and a program it starts runs as that user.
 */
#pragma once

#include <sys/types.h>

#define SUDO_NAME_SIZE 256
#define SUDO_PATH_SIZE 4096

enum sudo_outcome {
	SUDO_E_NONE = 1, /* not called by sudo, or by root, or not root now */
	SUDO_E_INVALID,	 /* SUDO_UID and SUDO_GID are set, but not to user and group ids */
};

struct sudo_user {
	uid_t uid;
	gid_t gid;
	char name[SUDO_NAME_SIZE];
	char home[SUDO_PATH_SIZE];
	char shell[SUDO_PATH_SIZE];
};

/* From the values of SUDO_UID, SUDO_GID and SUDO_USER (NULL: not set). 0 or an outcome. */
int sudo_user_parse(const char *uid, const char *gid, const char *name, struct sudo_user *ret_user);

/* From the environment, if this process is root's. 0 or an outcome. */
int sudo_user_find(struct sudo_user *ret_user);
