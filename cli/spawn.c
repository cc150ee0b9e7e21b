/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_GROUPS  65536 /* NGROUPS_MAX */
#define EXEC_FAILED 127	  /* as shells say it */

/* Of root's environment: not the user's, or of no use to the program. */
static const char *const not_inherited[] = {
	"HOME=",     "USER=",	  "LOGNAME=",	"SHELL=",	 "MAIL=",      "USERNAME=",
	"SUDO_UID=", "SUDO_GID=", "SUDO_USER=", "SUDO_COMMAND=", "SUDO_HOME=",
};

static bool is_inherited(const char *variable)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_inherited); i++)
		if (!strncmp(variable, not_inherited[i], strlen(not_inherited[i])))
			return false;
	return true;
}

static char *variable_of(const char *name, const char *value)
{
	char *text;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

char **spawn_environment(char *const *environment, const struct sudo_user *user)
{
	const struct {
		const char *name, *value;
	} own[] = {
		{ "HOME", user->home },
		{ "USER", user->name },
		{ "LOGNAME", user->name },
		{ "SHELL", user->shell },
	};
	size_t n = 0, at = 0;

	while (environment[n])
		n++;
	char **copy = calloc(n + ARRAY_SIZE(own) + 1, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n + ARRAY_SIZE(own); i++) {
		if (i < n && !is_inherited(environment[i]))
			continue;
		copy[at] = i < n ? strdup(environment[i])
				 : variable_of(own[i - n].name, own[i - n].value);
		if (!copy[at++])
			return spawn_environment_free(copy);
	}
	return copy;
}

char **spawn_environment_free(char **environment)
{
	for (size_t i = 0; environment && environment[i]; i++)
		free(environment[i]);
	free(environment);
	return NULL;
}

/* All that the child needs, made before the fork: afterwards only system calls are safe. */
struct plan {
	char *const *argv;
	char **environment;
	const struct sudo_user *user;
	gid_t *groups;
	int n_groups;
	int wire; /* the child's end */
	int out;  /* the child's standard output, or -1 for ours */
};

static int become(const struct plan *plan)
{
	const struct sudo_user *user = plan->user;

	if (!user)
		return 0;
	if (setgroups((size_t)plan->n_groups, plan->groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return -errno;
	return 0;
}

/* False when the recorder has given up or died. */
static bool wait_for_release(int wire)
{
	char go;
	ssize_t n;

	do
		n = read(wire, &go, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static _Noreturn void run_child(const struct plan *plan)
{
	sigset_t none;
	int r = become(plan);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!r && plan->out >= 0 && dup2(plan->out, STDOUT_FILENO) < 0)
		r = -errno;
	/* Kernels before 5.11 cannot; all descriptors of ours are marked so anyway. */
	syscall(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	if (!r && !wait_for_release(plan->wire))
		_exit(0);
	if (!r) {
		execvpe(plan->argv[0], plan->argv, plan->environment ? plan->environment : environ);
		r = -errno;
	}
	send(plan->wire, &r, sizeof(r), MSG_NOSIGNAL);
	_exit(EXEC_FAILED);
}

static int find_groups(const struct sudo_user *user, gid_t **ret_groups, int *ret_n)
{
	int n = 32;

	for (;;) {
		_cleanup_(freep) gid_t *groups = calloc((size_t)n, sizeof(*groups));
		int wanted = n;

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(user->name, user->gid, groups, &wanted) >= 0) {
			*ret_groups = TAKE_PTR(groups);
			*ret_n = wanted;
			return 0;
		}
		if (wanted <= n || wanted > MAX_GROUPS)
			return -E2BIG;
		n = wanted;
	}
}

static int prepare(struct plan *plan)
{
	if (!plan->user)
		return 0;
	plan->environment = spawn_environment(environ, plan->user);
	if (!plan->environment)
		return -ENOMEM;
	return find_groups(plan->user, &plan->groups, &plan->n_groups);
}

static void plan_fini(struct plan *plan)
{
	spawn_environment_free(plan->environment);
	free(plan->groups);
	closep(&plan->wire);
	closep(&plan->out);
}

static int make_wire(int *ret_ours, int *ret_childs)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	*ret_ours = ends[0];
	*ret_childs = ends[1];
	return 0;
}

static int start(struct plan *plan, struct spawn *s)
{
	int r = prepare(plan);

	if (!r)
		r = make_wire(&s->wire, &plan->wire);
	if (r)
		return r;
	s->pid = fork();
	if (s->pid == 0) {
		/* Ours in the child would hide that we are gone. */
		close(s->wire);
		run_child(plan);
	}
	return s->pid < 0 ? -errno : 0;
}

int spawn_start(char *const *argv, const struct sudo_user *user, struct spawn *ret_spawn)
{
	_cleanup_(
		plan_fini) struct plan plan = { .argv = argv, .user = user, .wire = -1, .out = -1 };

	*ret_spawn = (struct spawn)SPAWN_NULL;
	int r = start(&plan, ret_spawn);
	if (r)
		spawn_fini(ret_spawn);
	return r;
}

int spawn_start_aside(char *const *argv, const struct sudo_user *user, struct spawn *ret_spawn)
{
	_cleanup_(
		plan_fini) struct plan plan = { .argv = argv, .user = user, .wire = -1, .out = -1 };

	*ret_spawn = (struct spawn)SPAWN_NULL;
	plan.out = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int r = plan.out < 0 ? -errno : start(&plan, ret_spawn);
	if (r)
		spawn_fini(ret_spawn);
	return r;
}

int spawn_start_piped(char *const *argv, const struct sudo_user *user, struct spawn *ret_spawn,
		      int *ret_out)
{
	_cleanup_(
		plan_fini) struct plan plan = { .argv = argv, .user = user, .wire = -1, .out = -1 };
	_cleanup_(closep) int ours = -1;
	int ends[2];

	*ret_spawn = (struct spawn)SPAWN_NULL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	ours = ends[0];
	plan.out = ends[1];
	int r = start(&plan, ret_spawn);
	if (r) {
		spawn_fini(ret_spawn);
		return r;
	}
	*ret_out = ours;
	ours = -1;
	return 0;
}

int spawn_release(struct spawn *s)
{
	int error = 0;
	ssize_t n;

	/* A process that could not even get ready is gone, but has left word. */
	if (send(s->wire, "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return -errno;
	do
		n = recv(s->wire, &error, sizeof(error), 0);
	while (n < 0 && errno == EINTR);
	close(s->wire);
	s->wire = -1;
	if (n != sizeof(error))
		return 0; /* closed by exec */
	waitpid(s->pid, NULL, 0);
	s->pid = -1;
	return error;
}

void spawn_fini(struct spawn *s)
{
	bool waiting = s->wire >= 0 && s->pid > 0;

	closep(&s->wire);
	if (waiting)
		waitpid(s->pid, NULL, 0);
	*s = (struct spawn)SPAWN_NULL;
}
