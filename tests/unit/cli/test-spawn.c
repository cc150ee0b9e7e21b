/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/spawn.h"

#define RUN(program)                    \
	(char *[])                      \
	{                               \
		(char *)(program), NULL \
	}
#define SH(script)                                                 \
	(char *[])                                                 \
	{                                                          \
		(char *)"sh", (char *)"-c", (char *)(script), NULL \
	}

/* Its standard output becomes a pipe while it starts. */
static int start_with_output(char **argv, const struct sudo_user *user, struct spawn *ret_spawn,
			     int *ret_output)
{
	int ends[2], saved = dup(STDOUT_FILENO);

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	int r = spawn_start(argv, user, ret_spawn);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	*ret_output = ends[0];
	return r;
}

/* All it writes until its end, and its status. */
static int finish(struct spawn *s, int output, char *ret_text, size_t size)
{
	size_t at = 0;
	ssize_t n;
	int status;

	while ((n = read(output, ret_text + at, size - 1 - at)) > 0)
		at += (size_t)n;
	ret_text[at] = '\0';
	close(output);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	return status;
}

static void it_waits_until_it_is_released(void **state)
{
	struct spawn s;
	char text[256], exe[64], link[4096];
	int output, status;

	(void)state;
	assert_int_equal(start_with_output(SH("echo ran; exit 7"), NULL, &s, &output), 0);
	struct pollfd written = { .fd = output, .events = POLLIN };
	assert_int_equal(poll(&written, 1, 20), 0);
	/* still this program, not sh */
	snprintf(exe, sizeof(exe), "/proc/%d/exe", s.pid);
	ssize_t n = readlink(exe, link, sizeof(link) - 1);
	assert_true(n > 0);
	link[n] = '\0';
	assert_non_null(strstr(link, "test-cli-spawn"));
	assert_int_equal(waitpid(s.pid, &status, WNOHANG), 0);
	assert_int_equal(spawn_release(&s), 0);
	status = finish(&s, output, text, sizeof(text));
	assert_string_equal(text, "ran\n");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	spawn_fini(&s);
}

static void what_cannot_be_run(void **state)
{
	struct spawn s;

	(void)state;
	assert_int_equal(spawn_start(RUN("/nowhere/prog"), NULL, &s), 0);
	assert_int_equal(spawn_release(&s), -ENOENT);
	spawn_fini(&s);
	assert_int_equal(spawn_start(RUN("no-such-program-on-path"), NULL, &s), 0);
	assert_int_equal(spawn_release(&s), -ENOENT);
	spawn_fini(&s);
	assert_int_equal(spawn_start(RUN("/etc/passwd"), NULL, &s), 0);
	assert_int_equal(spawn_release(&s), -EACCES);
	spawn_fini(&s);
	/* nothing is left behind */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void never_released_it_ends(void **state)
{
	struct spawn s;
	char text[16];
	int output;

	(void)state;
	assert_int_equal(start_with_output(SH("echo ran"), NULL, &s, &output), 0);
	spawn_fini(&s);
	spawn_fini(&s);
	assert_int_equal(read(output, text, sizeof(text)), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(output);
}

/* The recorder dies: the process that waits must not stay for ever. */
static void an_orphan_ends(void **state)
{
	int output;
	char byte;

	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	output = ends[0];
	pid_t recorder = fork();
	if (!recorder) {
		struct spawn s;

		dup2(ends[1], STDOUT_FILENO);
		close(ends[1]);
		_exit(spawn_start(SH("echo ran"), NULL, &s) ? 1 : 0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(recorder, NULL, 0), recorder);
	assert_int_equal(read(output, &byte, 1), 0);
	close(output);
}

/* grep by itself: shells unblock signals for what they start. */
static void signals_are_not_blocked(void **state)
{
	char *grep[] = { (char *)"grep", (char *)"SigBlk", (char *)"/proc/self/status", NULL };
	char text[256];
	sigset_t all, before;
	struct spawn s;
	int output;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	assert_int_equal(start_with_output(grep, NULL, &s, &output), 0);
	assert_int_equal(spawn_release(&s), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	finish(&s, output, text, sizeof(text));
	assert_string_equal(text, "SigBlk:\t0000000000000000\n");
	spawn_fini(&s);
}

static void descriptors_are_not_inherited(void **state)
{
	char text[256];
	struct spawn s;
	int output, leak = fcntl(STDIN_FILENO, F_DUPFD, 100);

	(void)state;
	assert_true(leak >= 100);
	assert_int_equal(start_with_output(SH("cd /proc/self/fd && echo *"), NULL, &s, &output), 0);
	assert_int_equal(spawn_release(&s), 0);
	finish(&s, output, text, sizeof(text));
	/* the shell has the folder open as one more */
	assert_true(!strcmp(text, "0 1 2\n") || !strcmp(text, "0 1 2 3\n"));
	close(leak);
	spawn_fini(&s);
}

static void the_users_environment(void **state)
{
	const char *const root[] = { "PATH=/bin",      "HOME=/superuser", "SUDO_USER=joe",
				     "SUDO_COMMAND=x", "USER=root",	  "LANG=C",
				     "USERDATA=kept",  "SHELL=/bin/bash", "MAIL=m",
				     "LOGNAME=x",      "SUDO_UID=1000",	  NULL };
	const char *const expected[] = { "PATH=/bin",	    "LANG=C",	"USERDATA=kept",
					 "HOME=/users/joe", "USER=joe", "LOGNAME=joe",
					 "SHELL=/bin/zsh" };
	struct sudo_user joe = { 1000, 1000, "joe", "/users/joe", "/bin/zsh" };
	char **environment = spawn_environment((char *const *)root, &joe);

	(void)state;
	assert_non_null(environment);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(environment[i], expected[i]);
	assert_null(environment[sizeof(expected) / sizeof(expected[0])]);
	assert_null(spawn_environment_free(environment));
	assert_null(spawn_environment_free(NULL));
}

static void another_user(void **state)
{
	struct sudo_user joe = { 12345, 54321, "nobody-knows-joe", "/", "/bin/sh" };
	char text[256];
	struct spawn s;
	int output;

	(void)state;
	assert_int_equal(start_with_output(SH("grep -E '^([UG]id|Groups)' /proc/self/status; "
					      "echo $USER $HOME"),
					   &joe, &s, &output),
			 0);
	if (geteuid() != 0) {
		assert_int_equal(spawn_release(&s), -EPERM);
		close(output);
		spawn_fini(&s);
		return;
	}
	assert_int_equal(spawn_release(&s), 0);
	assert_int_equal(finish(&s, output, text, sizeof(text)), 0);
	assert_string_equal(text, "Uid:\t12345\t12345\t12345\t12345\n"
				  "Gid:\t54321\t54321\t54321\t54321\n"
				  "Groups:\t54321 \n"
				  "nobody-knows-joe /\n");
	spawn_fini(&s);
}

/* Whatever goes wrong before exec is told, too. */
static void a_user_it_cannot_become(void **state)
{
	struct sudo_user nobody = { (uid_t)-2, 1, "x", "/", "/bin/sh" };
	struct spawn s;
	int status;

	(void)state;
	pid_t pid = fork();
	if (!pid) {
		if (geteuid() == 0 && (setresgid(99, 99, 99) || setresuid(99, 99, 99)))
			_exit(1);
		if (spawn_start(SH("echo ran"), &nobody, &s))
			_exit(2);
		usleep(20000); /* let it fail first */
		_exit(spawn_release(&s) == -EPERM ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_until_it_is_released),
		cmocka_unit_test(what_cannot_be_run),
		cmocka_unit_test(never_released_it_ends),
		cmocka_unit_test(an_orphan_ends),
		cmocka_unit_test(signals_are_not_blocked),
		cmocka_unit_test(descriptors_are_not_inherited),
		cmocka_unit_test(the_users_environment),
		cmocka_unit_test(another_user),
		cmocka_unit_test(a_user_it_cannot_become),
	};

	/* Folders that this user may not search would give other answers. */
	setenv("PATH", "/usr/bin:/bin", 1);
	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
