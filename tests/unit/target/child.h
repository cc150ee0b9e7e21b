/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes to look at: the test program itself, copied to where it is wanted and run with the one
 * argument "wait", which main() answers with child_wait().
 */
#pragma once

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

static inline _Noreturn void child_wait(void)
{
	for (;;)
		pause();
}

static inline void child_copy(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	assert_true(from >= 0 && to >= 0);
	while (sendfile(to, from, NULL, 1 << 30) > 0)
		;
	close(from);
	close(to);
}

/* Answers when the program runs. It dies with the test. */
static inline pid_t child_start(const char *path)
{
	int running[2];
	char byte;

	assert_int_equal(pipe2(running, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, path, "wait", NULL);
		_exit(127);
	}
	close(running[1]);
	assert_int_equal(read(running[0], &byte, 1), 0);
	close(running[0]);
	return pid;
}

static inline void child_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}
