/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent still needs when it runs. It reads /proc and executables, maps them, writes its
 * spool, speaks TCP and UDP to stores and resolvers, and works BPF maps and perf events. It starts
 * no program and no process, traces none, signals none, mounts nothing, and has no other families
 * of sockets.
 *
 * Names that an architecture does not have (open, poll, stat on arm64) are passed over by
 * libseccomp.
 */
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "agent/privilege/privilege.h"
#include "base/cleanup.h"

/* clang-format off */
static const char *const allowed[] = {
	/* files */
	"access", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "faccessat",
	"faccessat2", "fadvise64", "fallocate", "fchmod", "fchmodat", "fchown", "fcntl",
	"fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd",
	"getdents64", "link", "linkat", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat",
	"open", "open_by_handle_at", "openat", "openat2", "pread64", "preadv", "pwrite64",
	"pwritev", "read", "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2",
	"rmdir", "stat", "statfs", "statx", "sync_file_range", "umask", "unlink",
	"unlinkat", "utimensat", "write", "writev",
	/* waiting */
	"clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
	"epoll_wait", "eventfd2", "inotify_add_watch", "inotify_init1", "inotify_rm_watch",
	"nanosleep", "pidfd_open", "pipe2", "poll", "ppoll", "pselect6", "select", "signalfd4",
	"timerfd_create", "timerfd_gettime", "timerfd_settime",
	/* network; socket() itself is below */
	"accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
	"recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown", "socketpair",
	/* memory */
	"brk", "madvise", "membarrier", "mincore", "mlock", "mmap", "mprotect", "mremap", "msync",
	"munlock", "munmap",
	/* sampling */
	"bpf", "ioctl", "perf_event_open",
	/* time, itself, its threads */
	"capget", "clock_getres", "clock_gettime", "exit", "exit_group", "futex",
	"get_robust_list", "getcpu", "getegid", "geteuid", "getgid", "getpid", "getppid",
	"getrandom", "getrusage", "gettid", "gettimeofday", "getuid", "prctl",
	"restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigtimedwait", "sched_getaffinity", "sched_yield", "set_robust_list",
	"set_tid_address", "sigaltstack", "sysinfo", "time", "times", "uname",
};
/* clang-format on */

/* Sockets of these families. UNIX: the service manager, the resolver's daemon. NETLINK:
 * getaddrinfo(3) asks which addresses the machine has. */
static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

static int allow_names(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		int number = seccomp_syscall_resolve_name(allowed[i]);

		if (number == __NR_SCMP_ERROR)
			continue; /* newer than this libseccomp: nothing that runs on it asks for it
				   */
		int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
		if (r < 0 && r != -EDOM)
			return r;
	}
	return 0;
}

static int allow_families(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(families); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return r;
}

/*
 * Threads, by which libcurl resolves names, but no processes. clone3() keeps its flags in memory,
 * where a filter cannot look: it is said not to be there, and glibc takes clone(). A limit may be
 * asked for and not changed (pthread_create(3) looks at that of the stack).
 */
static int allow_threads(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				     SCMP_A2(SCMP_CMP_EQ, 0));
	return r;
}

int privilege_filter(enum privilege_filter how)
{
	uint32_t otherwise =
		how == PRIVILEGE_FILTER_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int r;

	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	/* A hundred names one after the other cost every call; a tree costs seven comparisons. */
	if (!r)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!r)
		r = allow_names(filter);
	if (!r)
		r = allow_families(filter);
	if (!r)
		r = allow_threads(filter);
	if (!r)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
