/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/binary/binary.h"
#include "agent/target/program.h"
#include "base/cleanup.h"
#include "cli/say.h"

#define COMMAND "record"

void record_target_fini(struct record_target *t)
{
	spawn_fini(&t->spawn);
	free(t->started);
	closep(&t->file);
	free(t->file_path);
	pid_list_fini(&t->pids);
	procfs_close(&t->procfs);
}

/* ---- is it Go? --------------------------------------------------------------------------- */

static void binary_freep(struct binary **b)
{
	binary_free(*b);
}

/* 0 for a Go program, an outcome of binary_open(), or -errno. */
static int look_at(int exe_fd)
{
	_cleanup_(binary_freep) struct binary *b = NULL;

	return binary_open(exe_fd, &b);
}

static const char *kind_of(int exe_fd, const char *path)
{
	uint8_t head[PROGRAM_HEAD_SIZE];
	ssize_t n = pread(exe_fd, head, sizeof(head), 0);

	return program_kind(span_of(path, strlen(path)), span_of(head, n > 0 ? (size_t)n : 0));
}

static void say_not_go(const char *what, int outcome, int exe_fd, const char *path)
{
	if (outcome < 0)
		say_error(COMMAND, "cannot read %s, the program of %s: %s.", path, what,
			  strerror(-outcome));
	else if (outcome == BINARY_E_NOT_GO || outcome == BINARY_E_NOT_ELF)
		say_error(COMMAND,
			  "cannot record %s: %s is %s, not a Go program. Name a process "
			  "that runs a Go binary.",
			  what, path, kind_of(exe_fd, path));
	else
		say_error(COMMAND, "cannot record %s: %s: %s.", what, path,
			  binary_outcome_text(outcome));
}

/* ---- --pid ------------------------------------------------------------------------------- */

static enum hone_exit say_no_process(int32_t pid, int outcome, const struct process *p)
{
	switch (outcome) {
	case TARGET_E_GONE:
		say_error(COMMAND,
			  "there is no process %d: it has ended, or the number is of "
			  "another pid namespace. See pgrep -a NAME.",
			  pid);
		break;
	case TARGET_E_DENIED:
		say_error(COMMAND,
			  "cannot look at process %d: not permitted. Run hone with sudo, "
			  "or give it CAP_SYS_PTRACE.",
			  pid);
		break;
	case TARGET_E_THREAD:
		say_error(COMMAND, "%d is a thread, not a process. Name its process: --pid %d.",
			  pid, p->pid);
		break;
	case TARGET_E_KERNEL:
		say_error(COMMAND, "process %d is a thread of the kernel: it runs no program.",
			  pid);
		break;
	default:
		say_error(COMMAND, "cannot look at process %d: %s.", pid, strerror(-outcome));
	}
	return HONE_ERROR;
}

static enum hone_exit check_pid(struct record_target *t, int32_t pid, uint64_t *ret_started)
{
	_cleanup_(process_close) struct process p = PROCESS_NULL;
	char what[64];
	int r = process_open(&t->procfs, pid, &p);

	if (r != 0)
		return say_no_process(pid, r, &p);
	snprintf(what, sizeof(what), "pid %d", pid);
	r = look_at(p.exe);
	if (r != 0) {
		say_not_go(what, r, p.exe, p.exe_path);
		return HONE_ERROR;
	}
	if (p.exe_state != EXE_PRESENT)
		say_error(COMMAND,
			  "note: %s was %s since pid %d started; the profile is of the "
			  "build that runs.",
			  p.exe_path, p.exe_state == EXE_DELETED ? "deleted" : "replaced", pid);
	*ret_started = p.start_ticks;
	return HONE_OK;
}

static enum hone_exit add_pid(struct record_target *t, int32_t pid, uint64_t started)
{
	size_t n = t->pids.n;
	int32_t *pids = reallocarray(t->pids.pids, n + 1, sizeof(*pids));
	uint64_t *starts = reallocarray(t->started, n + 1, sizeof(*starts));

	t->pids.pids = pids ? pids : t->pids.pids;
	t->started = starts ? starts : t->started;
	if (!pids || !starts) {
		say_error(COMMAND, "out of memory.");
		return HONE_ERROR;
	}
	starts[n] = started;
	pids[n] = pid;
	t->pids.n = t->pids.capacity = n + 1;
	return HONE_OK;
}

static enum hone_exit find_pids(struct record_target *t, const struct record_options *o)
{
	if (o->n_pids == 1)
		snprintf(t->name, sizeof(t->name), "pid %d", o->pids[0]);
	else
		snprintf(t->name, sizeof(t->name), "%zu processes", o->n_pids);
	for (size_t i = 0; i < o->n_pids; i++) {
		uint64_t started = 0;
		enum hone_exit code = check_pid(t, o->pids[i], &started);

		if (code == HONE_OK)
			code = add_pid(t, o->pids[i], started);
		if (code != HONE_OK)
			return code;
	}
	return HONE_OK;
}

/* ---- --exe ------------------------------------------------------------------------------- */

/* As processes that run it have it; what was named may lead through /proc/PID. */
static char *path_of(int fd)
{
	char link[32], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path));
	return n < 0 ? NULL : strndup(path, (size_t)n);
}

static enum hone_exit check_file(struct record_target *t, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		say_error(COMMAND, "cannot open %s: %s.", path, strerror(errno));
		return HONE_ERROR;
	}
	if (!S_ISREG(st.st_mode)) {
		say_error(COMMAND, "%s is not a file. Name the program's executable.", path);
		return HONE_ERROR;
	}
	int r = look_at(fd);
	if (r != 0) {
		say_not_go("it", r, fd, path);
		return HONE_ERROR;
	}
	t->file_path = path_of(fd);
	if (!t->file_path) {
		say_error(COMMAND, "cannot open %s: %s.", path, strerror(errno));
		return HONE_ERROR;
	}
	t->file = fd;
	fd = -1;
	return HONE_OK;
}

/* Processes that start later count, so it is no error when none runs yet; but say so. */
static enum hone_exit find_file(struct record_target *t, const char *path)
{
	enum hone_exit code = check_file(t, path);
	_cleanup_(pid_list_fini) struct pid_list pids = PID_LIST_NULL;

	if (code != HONE_OK)
		return code;
	t->by_file = true;
	snprintf(t->name, sizeof(t->name), "%s", path);
	int r = find_by_exe(&t->procfs, path, &pids);
	if (r == TARGET_E_REPLACED) {
		say_error(COMMAND,
			  "%s was replaced: the %zu process%s of that name run the file "
			  "it was before. Record them with --pid %d.",
			  path, pids.n, pids.n == 1 ? "" : "es", pids.pids[0]);
		return HONE_ERROR;
	}
	if (r < 0) {
		say_error(COMMAND, "cannot look for processes that run %s: %s.", path,
			  strerror(-r));
		return HONE_ERROR;
	}
	if (r == TARGET_E_NONE)
		say_error(COMMAND, "note: no process runs %s yet; waiting for one.", path);
	return HONE_OK;
}

/* ---- --container ------------------------------------------------------------------------- */

static enum hone_exit say_no_container(const char *id, int outcome)
{
	if (outcome == TARGET_E_NONE)
		say_error(COMMAND,
			  "no process is in a container whose id begins with %s. See the "
			  "ids with crictl ps, docker ps or podman ps.",
			  id);
	else if (outcome == TARGET_E_AMBIGUOUS)
		say_error(COMMAND, "the ids of several containers begin with %s. Give more of it.",
			  id);
	else if (outcome == TARGET_E_TOO_MANY)
		say_error(COMMAND, "container %s has too many processes.", id);
	else
		say_error(COMMAND, "cannot look for container %s: %s.", id, strerror(-outcome));
	return HONE_ERROR;
}

/* At least one of the processes is Go; those that are not are left out by their executables. */
static enum hone_exit check_container(struct record_target *t)
{
	char last[256] = "nothing";

	for (size_t i = 0; i < t->pids.n; i++) {
		_cleanup_(process_close) struct process p = PROCESS_NULL;

		if (process_open(&t->procfs, t->pids.pids[i], &p) != 0)
			continue;
		if (look_at(p.exe) == 0)
			return HONE_OK;
		snprintf(last, sizeof(last), "%s, %s", p.exe_path, kind_of(p.exe, p.exe_path));
	}
	say_error(COMMAND, "no Go program runs in %s; it runs %s.", t->name, last);
	return HONE_ERROR;
}

static enum hone_exit find_container(struct record_target *t, const struct container_id *prefix)
{
	int r = find_by_container(&t->procfs, prefix, &t->container, &t->pids);

	if (r != 0)
		return say_no_container(prefix->text, r);
	snprintf(t->name, sizeof(t->name), "container %.12s", t->container.text);
	t->descendants = true;
	return check_container(t);
}

/* ---- -- COMMAND -------------------------------------------------------------------------- */

static enum hone_exit say_no_command(const char *command, int error)
{
	if (error == -ENOENT)
		say_error(COMMAND, "cannot run %s: there is no such program.", command);
	else
		say_error(COMMAND, "cannot run %s: %s.", command, strerror(-error));
	return HONE_ERROR;
}

/* Where standard output is to be read by a program, what the command says is not among it. */
static enum hone_exit find_command(struct record_target *t, const struct record_options *o,
				   const struct sudo_user *user)
{
	bool aside = o->json || strcmp(o->output, "-") == 0;
	char **command = o->command;
	int r = (aside ? spawn_start_aside : spawn_start)(command, user, &t->spawn);

	if (r < 0)
		return say_no_command(command[0], r);
	snprintf(t->name, sizeof(t->name), "%s", command[0]);
	t->descendants = true;
	return add_pid(t, t->spawn.pid, 0);
}

enum hone_exit record_target_release(struct record_target *t, const char *command)
{
	if (t->spawn.pid < 0)
		return HONE_OK;
	int r = spawn_release(&t->spawn);
	return r < 0 ? say_no_command(command, r) : HONE_OK;
}

/* ------------------------------------------------------------------------------------------ */

enum hone_exit record_target_find(const struct record_options *options,
				  const struct sudo_user *user, struct record_target *t)
{
	int r = procfs_open("/proc", &t->procfs);

	if (r < 0) {
		say_error(COMMAND, "cannot open /proc: %s. hone needs it mounted.", strerror(-r));
		return HONE_ERROR;
	}
	if (options->n_pids)
		return find_pids(t, options);
	if (options->exe)
		return find_file(t, options->exe);
	if (options->container.text[0])
		return find_container(t, &options->container);
	return find_command(t, options, user);
}

static enum hone_exit watch(struct recorder *r, int32_t pid, uint64_t started)
{
	int e = recorder_watch(r, (uint32_t)pid, started);

	if (e == 0)
		return HONE_OK;
	say_error(COMMAND, "cannot record pid %d: %s.", pid,
		  e < 0 ? strerror(-e) : capture_outcome_text(e));
	return HONE_ERROR;
}

/* Those in @pids that are not watched yet, unless they have ended; *ret_n: how many those were. */
static enum hone_exit watch_new(struct recorder *r, const struct pid_list *pids, size_t *ret_n)
{
	enum hone_exit code = HONE_OK;

	*ret_n = 0;
	for (size_t i = 0; code == HONE_OK && i < pids->n; i++) {
		if (capture_watches_pid(r->capture, (uint32_t)pids->pids[i]))
			continue;
		code = watch(r, pids->pids[i], 0);
		*ret_n += capture_watches_pid(r->capture, (uint32_t)pids->pids[i]);
	}
	return code;
}

/*
 * All that are in the container. Children of a watched process are watched, and who enters from
 * outside is told of; but one not watched yet may have had children while we looked. So look again,
 * until there is none.
 */
static enum hone_exit watch_container(struct record_target *t, struct recorder *r)
{
	enum hone_exit code;
	size_t n;

	do {
		struct container_id id;

		pid_list_fini(&t->pids);
		int e = find_by_container(&t->procfs, &t->container, &id, &t->pids);

		t->n_denied = t->pids.n_denied;
		if (e != 0)
			return say_no_container(t->container.text, e);
		code = watch_new(r, &t->pids, &n);
	} while (code == HONE_OK && n);
	return code;
}

enum hone_exit record_target_watch(struct record_target *t, struct recorder *r)
{
	enum hone_exit code = HONE_OK;

	if (t->container.text[0])
		return watch_container(t, r);
	for (size_t i = 0; code == HONE_OK && i < t->pids.n; i++)
		code = watch(r, t->pids.pids[i], t->started[i]);
	return code;
}
