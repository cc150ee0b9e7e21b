/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsers of /proc/PID/stat and /proc/PID/status (proc(5)): bytes in, values out.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

/* Room for a name with its NUL. Programs have 15 characters, kernel threads show up to 63. */
#define PROC_COMM_SIZE 64

struct proc_stat {
	char comm[PROC_COMM_SIZE];
	uint32_t flags;	      /* PF_... of the kernel's linux/sched.h */
	uint64_t start_ticks; /* since boot, suspend included, in 1/sysconf(_SC_CLK_TCK) s */
};

/* A thread of the kernel itself (linux/sched.h). */
#define PROC_PF_KTHREAD 0x00200000u

/* False when it is not what proc(5) says. */
bool proc_stat_parse(struct span file, struct proc_stat *ret_stat);

struct proc_status {
	int32_t tgid;	   /* the process, where the file is that of a thread */
	int32_t ns_pid;	   /* the pid in the innermost pid namespace */
	uint32_t uid, gid; /* effective */
};

bool proc_status_parse(struct span file, struct proc_status *ret_status);
