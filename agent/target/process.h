/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process, looked at from outside by its pid.
 *
 * Everything is read through one descriptor of /proc/PID, which stands for this very process: once
 * it is gone, reads fail, and never show another process that got the same number. The executable
 * is opened by /proc/PID/exe, which works across mount namespaces and for deleted files, and so it
 * can still be read after the process has ended.
 *
 * proc(5) shows what the caller may see: the executable needs the rights of ptrace (the same user,
 * CAP_SYS_PTRACE).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/target/cgroup.h"
#include "agent/target/procstat.h"

enum target_outcome {
	TARGET_E_GONE = 1,  /* no such process, or it ended while being looked at */
	TARGET_E_DENIED,    /* it exists, but this user may not look at it */
	TARGET_E_THREAD,    /* the number is that of a thread; process.pid tells of which process */
	TARGET_E_KERNEL,    /* a thread of the kernel: no program */
	TARGET_E_NONE,	    /* find: no process matches */
	TARGET_E_REPLACED,  /* find: none runs this file, but some an older one of the same name */
	TARGET_E_AMBIGUOUS, /* find: several containers match */
	TARGET_E_TOO_MANY,  /* more than there is room for */
};

/* Where processes are looked up: /proc, or a folder made to look like it. */
struct procfs {
	int fd;
	bool real; /* the kernel's own */
};

#define PROCFS_NULL      \
	{                \
		.fd = -1 \
	}

int procfs_open(const char *path, struct procfs *ret_procfs);
void procfs_close(struct procfs *procfs);

enum exe_state {
	EXE_PRESENT,  /* its path, inside the process's root, is still this file */
	EXE_REPLACED, /* another file is there by now */
	EXE_DELETED,  /* nothing is there */
};

struct process {
	int32_t pid;	/* as in procfs */
	int32_t ns_pid; /* as the process sees itself */
	int dir;	/* O_PATH of /proc/PID */
	int pidfd;	/* becomes readable when the process ends; -1 where procfs is not real */
	int exe;	/* the executable, open for reading */

	/*
	 * When it began: as in proc(5), in 1/sysconf(_SC_CLK_TCK) seconds since boot, suspend
	 * included. The kernel's own number, task->start_boottime, is in ns: see
	 * process_started_at().
	 */
	uint64_t start_ticks;
	uint32_t uid, gid; /* effective */
	char comm[PROC_COMM_SIZE];

	char *exe_path; /* as seen inside the process's root, without " (deleted)" */
	enum exe_state exe_state;
	uint64_t exe_device, exe_inode; /* as fstat(2) tells */

	struct place place;
};

#define PROCESS_NULL                              \
	{                                         \
		.dir = -1, .pidfd = -1, .exe = -1 \
	}

/*
 * Look at process @pid. 0, an outcome (GONE, DENIED, THREAD, KERNEL), or -errno. Only with 0 are
 * there descriptors and a path, and something to close. After DENIED and KERNEL, uid and comm are
 * set for what is said of it.
 */
int process_open(const struct procfs *procfs, int32_t pid, struct process *ret_process);
void process_close(struct process *p);

/*
 * As process_open(), but only where the process is and when it began, for one whose program is
 * known already: a third of the system calls. No executable, no path, no pidfd, no user.
 */
int process_peek(const struct procfs *procfs, int32_t pid, struct process *ret_process);

/* Was it this process that began at @start_time (struct record_header, bpf/sample.h)? */
bool process_started_at(const struct process *p, uint64_t start_time);
