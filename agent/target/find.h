/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes by what they run or where they run. The answers are pids of one moment: who opens them
 * must expect TARGET_E_GONE, and processes that start later are not in them.
 */
#pragma once

#include <stddef.h>

#include "agent/target/process.h"

#define FIND_MAX_PIDS 16384

struct pid_list {
	int32_t *pids; /* ascending order is not promised */
	size_t n, capacity;
	size_t n_denied; /* processes that this user may not look at; root, too, has a few */
};

#define PID_LIST_NULL \
	{             \
		0     \
	}

void pid_list_fini(struct pid_list *list);

/* Whatever these two answer, pid_list_fini() may follow. */

/*
 * Processes whose executable is the file at @path, whatever name and mount namespace they know it
 * by. 0 and at least one pid; TARGET_E_NONE, as far as could be looked; TARGET_E_REPLACED and the
 * pids of those that run a deleted file which had the same path; TARGET_E_TOO_MANY; or -errno, that
 * of stat(2) on @path among others.
 */
int find_by_exe(const struct procfs *procfs, const char *path, struct pid_list *ret_list);

/*
 * Processes in the container whose id begins with @prefix. 0, its whole id and at least one pid;
 * TARGET_E_NONE, TARGET_E_AMBIGUOUS when more than one container's id begins so, TARGET_E_TOO_MANY,
 * or -errno.
 */
int find_by_container(const struct procfs *procfs, const struct container_id *prefix,
		      struct container_id *ret_id, struct pid_list *ret_list);
