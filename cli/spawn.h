/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start the program to be recorded, as `-- COMMAND ARGS` asks, so that not one of its samples is
 * missed: the new process is there first, and runs the program only when all is ready to record it.
 * Also the go command, which hone pull asks for packages.
 */
#pragma once

#include <sys/types.h>

#include "cli/sudo.h"

struct spawn {
	pid_t pid;
	int wire; /* to the process, until it is released */
};

#define SPAWN_NULL                    \
	{                             \
		.pid = -1, .wire = -1 \
	}

/*
 * A new process that waits. It will search argv[0] in PATH and run it as @user with that user's
 * groups and environment, or as we are where @user is NULL; with no signal blocked, and with no
 * descriptor of ours but the standard three. 0 or -errno.
 */
int spawn_start(char *const *argv, const struct sudo_user *user, struct spawn *ret_spawn);

/* The same with its standard output going to standard error: ours has something else to carry. */
int spawn_start_aside(char *const *argv, const struct sudo_user *user, struct spawn *ret_spawn);

/* The same with its standard output in a pipe, whose other end is the caller's to close. */
int spawn_start_piped(char *const *argv, const struct sudo_user *user, struct spawn *ret_spawn,
		      int *ret_out);

/*
 * Let it run the program. 0 when it does; otherwise -errno that says why it cannot: -ENOENT, no
 * such program, -EACCES, -EPERM when it could not become the user... The process has ended then.
 */
int spawn_release(struct spawn *s);

/* A process that was never released ends; one that was goes on alone. */
void spawn_fini(struct spawn *s);

/*
 * The environment of a program that @user starts: @environment, but with HOME, USER, LOGNAME and
 * SHELL of that user and without what sudo has added. An array that ends in NULL, and a copy of
 * what it points to where it differs: free both with spawn_environment_free(). NULL: no memory.
 */
char **spawn_environment(char *const *environment, const struct sudo_user *user);
char **spawn_environment_free(char **environment);
