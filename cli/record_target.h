/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be recorded: from what the user named to processes, found to be Go before anything is
 * started. Everything that does not do is told to the user here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/recorder/recorder.h"
#include "agent/target/find.h"
#include "agent/target/process.h"
#include "cli/commands.h"
#include "cli/record_options.h"
#include "cli/spawn.h"
#include "cli/sudo.h"

struct record_target {
	struct procfs procfs;
	struct pid_list pids; /* processes to watch; empty for a file */
	uint64_t *started;    /* of each of them, as struct process has it; NULL: not known */
	struct container_id container; /* they are all that are in it; or empty */
	bool by_file;		       /* every process that runs this file */
	int file;		       /* open, or -1 */
	char *file_path;
	bool descendants;
	size_t n_denied; /* processes that could not be looked at to know whether they are meant */
	struct spawn spawn; /* the command, waiting */
	char name[256];	    /* for messages: "pid 42", "container 0123…" */
};

#define RECORD_TARGET_NULL                                                                    \
	{                                                                                     \
		.procfs = PROCFS_NULL, .pids = PID_LIST_NULL, .file = -1, .spawn = SPAWN_NULL \
	}

/* Find it; @user may be NULL. HONE_OK, or another exit code, and then it has been said why. */
enum hone_exit record_target_find(const struct record_options *options,
				  const struct sudo_user *user, struct record_target *t);
void record_target_fini(struct record_target *t);

/* Have @r record it. HONE_OK or as above. */
enum hone_exit record_target_watch(struct record_target *t, struct recorder *r);

/* Everything is ready: let the command run, if there is one. HONE_OK or as above. */
enum hone_exit record_target_release(struct record_target *t, const char *command);
