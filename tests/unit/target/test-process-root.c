/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only root can try: processes of another mount namespace, and what another user may not see.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "agent/target/find.h"
#include "agent/target/process.h"
#include "tests/unit/target/child.h"

#define SKIPPED	  77
#define SOME_USER 12345

/*
 * As a container does: the program lies on a file system that only its own mount namespace has, at
 * a path where others see something else.
 */
static pid_t start_contained(const char *folder)
{
	int running[2];
	char byte, path[64];

	assert_int_equal(pipe2(running, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("none", folder, "tmpfs", 0, NULL))
			_exit(1);
		snprintf(path, sizeof(path), "%s/app", folder);
		child_copy(path);
		execl(path, path, "wait", NULL);
		_exit(1);
	}
	close(running[1]);
	assert_int_equal(read(running[0], &byte, 1), 0);
	close(running[0]);
	return pid;
}

static void executable_of_another_mount_namespace(void **state)
{
	struct procfs procfs;
	char folder[] = "/tmp/test-process-XXXXXX", path[64], inside[128], magic[4];
	struct pid_list list = PID_LIST_NULL;
	struct process p;

	(void)state;
	assert_int_equal(procfs_open("/proc", &procfs), 0);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/app", folder);
	pid_t pid = start_contained(folder);
	assert_int_equal(process_open(&procfs, pid, &p), 0);
	assert_string_equal(p.exe_path, path);
	assert_int_equal(p.exe_state, EXE_PRESENT);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(pread(p.exe, magic, 4, 0), 4);
	assert_memory_equal(magic, "\177ELF", 4);

	snprintf(inside, sizeof(inside), "/proc/%d/root%s", pid, path);
	assert_int_equal(find_by_exe(&procfs, inside, &list), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.pids[0], pid);
	pid_list_fini(&list);
	process_close(&p);
	child_stop(pid);
	rmdir(folder);
	procfs_close(&procfs);
}

/* In a child that has become another user; its answer is the first of these that is wrong. */
static int look_as_another_user(pid_t pid)
{
	struct procfs procfs;
	struct pid_list list = PID_LIST_NULL;
	struct process p;
	int wrong = 0;

	if (setresgid(SOME_USER, SOME_USER, SOME_USER) ||
	    setresuid(SOME_USER, SOME_USER, SOME_USER) || procfs_open("/proc", &procfs))
		return 1;
	if (process_open(&procfs, pid, &p) != TARGET_E_DENIED)
		wrong = 2;
	else if (p.uid != 0 || strncmp(p.comm, "test-", 5) != 0 || p.exe != -1)
		wrong = 3;
	/* nobody runs it, as far as can be seen */
	else if (find_by_exe(&procfs, "/etc/passwd", &list) != TARGET_E_NONE || !list.n_denied)
		wrong = 4;
	pid_list_fini(&list);
	procfs_close(&procfs);
	return wrong;
}

static void another_users_process_is_denied(void **state)
{
	pid_t target = getpid();
	int status;

	(void)state;
	pid_t pid = fork();
	if (!pid)
		_exit(look_as_another_user(target));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(executable_of_another_mount_namespace),
		cmocka_unit_test(another_users_process_is_denied),
	};

	if (argc > 1 && !strcmp(argv[1], "wait"))
		child_wait();
	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		printf("needs root and mount namespaces\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("process-root", tests, NULL, NULL);
}
