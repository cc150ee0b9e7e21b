/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent may do: which capabilities it wants and why, which of them it lets go of after it
 * has started, and which system calls are left to it then.
 *
 *	CAP_BPF			load the sampling program, read and change its maps
 *	CAP_PERFMON		the clock event; registers and stacks of other processes
 *	CAP_SYS_PTRACE		/proc/PID of other users: executables and mappings
 *	CAP_DAC_READ_SEARCH	open executables that only their owner may read
 *	CAP_CHECKPOINT_RESTORE	/proc/PID/map_files, executables by mapping
 *				(Linux 5.9; before, CAP_SYS_ADMIN)
 *
 * and at the start only
 *
 *	CAP_SYS_RESOURCE	lift RLIMIT_MEMLOCK, which counts the maps before Linux 5.11
 *
 * CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, which Linux has since 5.8. capabilities(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRIVILEGE_MAX_NEEDS 8u

struct privilege_facts {
	uint64_t permitted; /* of the process, a bit for each capability */
	unsigned int kernel_major, kernel_minor;
	bool locks_memory; /* without a limit (RLIMIT_MEMLOCK) */
};

struct privilege_need {
	const char *name; /* "CAP_BPF" */
	const char *why;  /* "to load the sampling program ...": goes on after "is missing, it is
			     needed " */
	bool must;	  /* nothing works without */
};

/* Of this process, by libcap-ng and uname(2). 0 or -errno. */
int privilege_read(struct privilege_facts *ret_facts);

/* What is missing; answers how many. Pure. */
size_t privilege_missing(const struct privilege_facts *facts,
			 struct privilege_need ret_needs[PRIVILEGE_MAX_NEEDS]);

/* The capabilities to keep while it runs: of those held the ones listed above. Pure. */
uint64_t privilege_kept(const struct privilege_facts *facts);

/*
 * Keep these capabilities only, permitted and effective, none inheritable or ambient, and set
 * no_new_privs: no program started from here would ever have more. Of this thread: before there are
 * others. 0 or -errno.
 */
int privilege_drop(uint64_t kept);

enum privilege_filter {
	PRIVILEGE_FILTER_KILL,	/* a call that is not foreseen ends the process */
	PRIVILEGE_FILTER_ERROR, /* it fails with EPERM */
};

/*
 * From now on only the system calls of agent/privilege/filter.c, for this thread and all that it
 * starts. What is not among them is logged by the kernel (seccomp(2), SECCOMP_FILTER_FLAG_LOG).
 * After privilege_drop(), as it wants no_new_privs. 0, or -errno: -EINVAL or -ENOSYS of a kernel
 * without.
 */
int privilege_filter(enum privilege_filter filter);
