/* SPDX-License-Identifier: Apache-2.0 */
/* Against a folder made to look like /proc, and by real processes where a link cannot play one. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/target/find.h"
#include "tests/unit/target/child.h"

#define A "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define B "4f1d2c3b4a5968778695a4b3c2d1e0f0ffffffffffffffffffffffffffffffff"

struct fixture {
	struct procfs procfs; /* fake */
	char folder[PATH_MAX];
};

static void put(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A process of the fake /proc; @exe NULL for a thread of the kernel. */
static void put_process(struct fixture *f, int pid, const char *exe, const char *cgroup)
{
	char path[PATH_MAX + 64], text[512];

	snprintf(path, sizeof(path), "%s/%d", f->folder, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(text, sizeof(text),
		 "Name:\tfake\nTgid:\t%d\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t%d\t1\n", pid,
		 pid);
	put(dir, "status", text);
	snprintf(text, sizeof(text), "%d (fake) S 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 777 0",
		 pid, exe ? 0 : PROC_PF_KTHREAD);
	put(dir, "stat", text);
	put(dir, "cgroup", cgroup);
	assert_int_equal(symlinkat("/", dir, "root"), 0);
	if (exe)
		assert_int_equal(symlinkat(exe, dir, "exe"), 0);
	close(dir);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char template[] = "/tmp/test-find-XXXXXX";

	assert_non_null(f);
	assert_non_null(realpath(mkdtemp(template), f->folder));
	assert_int_equal(procfs_open(f->folder, &f->procfs), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[PATH_MAX + 16];

	procfs_close(&f->procfs);
	snprintf(command, sizeof(command), "rm -r '%s'", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static int ascending(const void *a, const void *b)
{
	return *(const int32_t *)a - *(const int32_t *)b;
}

static void assert_pids(struct pid_list *list, const int32_t *pids, size_t n)
{
	assert_int_equal(list->n, n);
	qsort(list->pids, list->n, sizeof(*list->pids), ascending);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(list->pids[i], pids[i]);
	pid_list_fini(list);
}

static void process_of_a_fake_proc(void **state)
{
	struct fixture *f = *state;
	struct process p;

	assert_false(f->procfs.real);
	put_process(f, 10, "/bin/sh", "0::/docker/" A "\n");
	put_process(f, 2, NULL, "0::/\n");
	assert_int_equal(process_open(&f->procfs, 10, &p), 0);
	assert_int_equal(p.pidfd, -1);
	assert_int_equal(p.ns_pid, 1);
	assert_int_equal(p.uid, 2);
	assert_int_equal(p.gid, 6);
	assert_int_equal(p.start_ticks, 777);
	assert_string_equal(p.place.container.text, A);
	assert_string_equal(p.exe_path, "/bin/sh");
	process_close(&p);
	assert_int_equal(process_open(&f->procfs, 2, &p), TARGET_E_KERNEL);
	assert_string_equal(p.comm, "fake");
	assert_int_equal(process_open(&f->procfs, 11, &p), TARGET_E_GONE);
}

/* A line of maps at @address for the executable's file as the three last say. */
static void by_container(void **state)
{
	struct fixture *f = *state;
	struct pid_list list;
	struct container_id id, prefix;

	put_process(f, 10, "/bin/sh", "0::/docker/" A "\n");
	put_process(f, 300, "/bin/sh", "0::/docker/" A "/init\n");
	put_process(f, 20, "/bin/sh", "0::/docker/" B "\n");
	put_process(f, 30, "/bin/sh", "0::/\n");
	put(f->procfs.fd, "uptime", "0");

	assert_true(container_id_parse("docker://" A, &prefix));
	assert_int_equal(find_by_container(&f->procfs, &prefix, &id, &list), 0);
	assert_string_equal(id.text, A);
	assert_pids(&list, (const int32_t[]){ 10, 300 }, 2);

	assert_true(container_id_parse("4f1d2c3b4a5968778695a4b3c2d1e0f0f", &prefix));
	assert_int_equal(find_by_container(&f->procfs, &prefix, &id, &list), 0);
	assert_string_equal(id.text, B);
	assert_pids(&list, (const int32_t[]){ 20 }, 1);

	assert_true(container_id_parse("4f1d", &prefix));
	assert_int_equal(find_by_container(&f->procfs, &prefix, &id, &list), TARGET_E_AMBIGUOUS);
	pid_list_fini(&list);
	assert_true(container_id_parse("f1d2", &prefix));
	assert_int_equal(find_by_container(&f->procfs, &prefix, &id, &list), TARGET_E_NONE);
	assert_int_equal(list.n, 0);
	pid_list_fini(&list);
}

static void by_executable(void **state)
{
	struct fixture *f = *state;
	struct pid_list list;
	char path[PATH_MAX + 16], link[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/app", f->folder);
	snprintf(link, sizeof(link), "%s/hard", f->folder);
	put(AT_FDCWD, path, "one");
	assert_int_equal(linkat(AT_FDCWD, path, AT_FDCWD, link, 0), 0);
	assert_int_equal(find_by_exe(&f->procfs, path, &list), TARGET_E_NONE);
	put_process(f, 10, path, "0::/\n");
	put_process(f, 20, link, "0::/\n");
	put_process(f, 30, "/bin/sh", "0::/\n");
	put_process(f, 40, NULL, "0::/\n");
	assert_int_equal(find_by_exe(&f->procfs, path, &list), 0);
	assert_pids(&list, (const int32_t[]){ 10, 20 }, 2);
	assert_int_equal(find_by_exe(&f->procfs, "/nowhere/app", &list), -ENOENT);
	pid_list_fini(&list);
}

static void by_executable_of_real_processes(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX + 16];
	struct procfs procfs;
	struct pid_list list;

	assert_int_equal(procfs_open("/proc", &procfs), 0);
	snprintf(path, sizeof(path), "%s/app", f->folder);
	child_copy(path);
	pid_t one = child_start(path), two = child_start(path);
	assert_int_equal(find_by_exe(&procfs, path, &list), 0);
	assert_pids(&list, (const int32_t[]){ one < two ? one : two, one < two ? two : one }, 2);

	/* a new build takes its place */
	unlink(path);
	child_copy(path);
	assert_int_equal(find_by_exe(&procfs, path, &list), TARGET_E_REPLACED);
	assert_int_equal(list.n, 2);
	pid_list_fini(&list);
	pid_t new = child_start(path);
	assert_int_equal(find_by_exe(&procfs, path, &list), 0);
	assert_pids(&list, (const int32_t[]){ new }, 1);
	child_stop(one);
	child_stop(two);
	child_stop(new);
	procfs_close(&procfs);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(process_of_a_fake_proc, setup, teardown),
		cmocka_unit_test_setup_teardown(by_container, setup, teardown),
		cmocka_unit_test_setup_teardown(by_executable, setup, teardown),
		cmocka_unit_test_setup_teardown(by_executable_of_real_processes, setup, teardown),
	};

	if (argc > 1 && !strcmp(argv[1], "wait"))
		child_wait();
	return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
