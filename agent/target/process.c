/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

/* stat and status are under 2 KB, cgroup a few more with deeply nested names. */
#define MAX_PROC_FILE (64u << 10)
#define DELETED	      " (deleted)"

int procfs_open(const char *path, struct procfs *ret_procfs)
{
	_cleanup_(closep) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	*ret_procfs = (struct procfs)PROCFS_NULL;
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	*ret_procfs = (struct procfs){ .fd = take_fd(&fd), .real = fs.f_type == PROC_SUPER_MAGIC };
	return 0;
}

void procfs_close(struct procfs *procfs)
{
	closep(&procfs->fd);
	*procfs = (struct procfs)PROCFS_NULL;
}

/* What an error of a call on /proc/PID says of the process. */
static int outcome_of(int error)
{
	switch (error) {
	case -ENOENT:
	case -ESRCH:
		return TARGET_E_GONE;
	case -EACCES:
	case -EPERM:
		return TARGET_E_DENIED;
	default:
		return error;
	}
}

static int read_status(struct process *p)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(MAX_PROC_FILE);
	struct proc_status status;
	int r = file_read_at(p->dir, "status", &file);

	if (r)
		return outcome_of(r);
	if (!proc_status_parse(span_of(file.data, file.size), &status))
		return TARGET_E_GONE;
	bool thread = status.tgid != p->pid;
	p->pid = status.tgid;
	p->ns_pid = status.ns_pid;
	p->uid = status.uid;
	p->gid = status.gid;
	return thread ? TARGET_E_THREAD : 0;
}

static int read_stat(struct process *p)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(MAX_PROC_FILE);
	struct proc_stat stat;
	int r = file_read_at(p->dir, "stat", &file);

	if (r)
		return outcome_of(r);
	if (!proc_stat_parse(span_of(file.data, file.size), &stat))
		return TARGET_E_GONE;
	memcpy(p->comm, stat.comm, sizeof(p->comm));
	p->start_ticks = stat.start_ticks;
	return stat.flags & PROC_PF_KTHREAD ? TARGET_E_KERNEL : 0;
}

static int read_cgroup(struct process *p)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(MAX_PROC_FILE);
	int r = file_read_at(p->dir, "cgroup", &file);

	if (r)
		return outcome_of(r);
	p->place = cgroup_place(span_of(file.data, file.size));
	return 0;
}

/*
 * The kernel adds " (deleted)" to the path of a file that has lost this name; but a name may also
 * end so by itself. So what counts is which file stands at the path now.
 */
static enum exe_state find_exe_state(const struct process *p)
{
	char path[PATH_MAX + 8];
	struct stat st;

	snprintf(path, sizeof(path), "root%s", p->exe_path);
	if (fstatat(p->dir, path, &st, 0) < 0)
		return EXE_DELETED;
	return st.st_dev == p->exe_device && st.st_ino == p->exe_inode ? EXE_PRESENT : EXE_REPLACED;
}

static int name_exe(struct process *p)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(p->dir, "exe", path, sizeof(path));
	size_t mark = strlen(DELETED);

	if (n < 0)
		return outcome_of(-errno);
	p->exe_path = strndup(path, (size_t)n);
	if (!p->exe_path)
		return -ENOMEM;
	p->exe_state = find_exe_state(p);
	if (p->exe_state != EXE_PRESENT && (size_t)n > mark &&
	    !strcmp(p->exe_path + n - mark, DELETED)) {
		p->exe_path[(size_t)n - mark] = '\0';
		p->exe_state = find_exe_state(p);
	}
	return 0;
}

/* A zombie has no executable any more: ENOENT. */
static int open_exe(struct process *p)
{
	struct stat st;

	p->exe = openat(p->dir, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (p->exe < 0)
		return outcome_of(-errno);
	if (fstat(p->exe, &st) < 0)
		return -errno;
	p->exe_device = st.st_dev;
	p->exe_inode = st.st_ino;
	return name_exe(p);
}

/*
 * A pidfd is had by number only. It is the same process if the /proc/PID held still answers
 * afterwards, which read_stat() finds out.
 */
static int open_pidfd(struct process *p)
{
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return p->pidfd < 0 ? outcome_of(-errno) : 0;
}

static int open_dir(const struct procfs *procfs, struct process *p)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", p->pid);
	p->dir = openat(procfs->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? outcome_of(-errno) : 0;
}

static int peek(const struct procfs *procfs, struct process *p)
{
	int r = open_dir(procfs, p);

	if (!r)
		r = read_stat(p);
	return r ? r : read_cgroup(p);
}

static int look(const struct procfs *procfs, struct process *p)
{
	int r = open_dir(procfs, p);

	if (!r)
		r = read_status(p);
	if (!r && procfs->real)
		r = open_pidfd(p);
	if (!r)
		r = read_stat(p);
	if (!r)
		r = read_cgroup(p);
	if (!r)
		r = open_exe(p);
	return r;
}

/* Close and free, but keep the plain values. */
static void release(struct process *p)
{
	closep(&p->dir);
	closep(&p->pidfd);
	closep(&p->exe);
	p->dir = p->pidfd = p->exe = -1;
	free(TAKE_PTR(p->exe_path));
}

static int open_by(int (*how)(const struct procfs *procfs, struct process *p),
		   const struct procfs *procfs, int32_t pid, struct process *ret_process)
{
	*ret_process = (struct process)PROCESS_NULL;
	ret_process->pid = pid;
	int r = how(procfs, ret_process);
	if (r)
		release(ret_process);
	return r;
}

int process_open(const struct procfs *procfs, int32_t pid, struct process *ret_process)
{
	return open_by(look, procfs, pid, ret_process);
}

int process_peek(const struct procfs *procfs, int32_t pid, struct process *ret_process)
{
	return open_by(peek, procfs, pid, ret_process);
}

void process_close(struct process *p)
{
	release(p);
	*p = (struct process)PROCESS_NULL;
}

/* As the kernel makes the one of the other (nsec_to_clock_t, kernel/time/time.c). */
bool process_started_at(const struct process *p, uint64_t start_time)
{
	uint64_t tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

	return start_time / tick == p->start_ticks;
}
