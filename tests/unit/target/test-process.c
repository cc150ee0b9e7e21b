/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the kernel this runs on. What needs root is in test-process-root.c. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/target/process.h"
#include "base/clock.h"
#include "tests/unit/target/child.h"

struct fixture {
	struct procfs procfs;
	char folder[PATH_MAX]; /* without links on the way */
	char program[PATH_MAX + 16];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char template[] = "/tmp/test-process-XXXXXX";

	assert_non_null(f);
	assert_int_equal(procfs_open("/proc", &f->procfs), 0);
	assert_non_null(realpath(mkdtemp(template), f->folder));
	snprintf(f->program, sizeof(f->program), "%s/program", f->folder);
	child_copy(f->program);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->program);
	assert_int_equal(rmdir(f->folder), 0);
	procfs_close(&f->procfs);
	free(f);
	return 0;
}

static void this_very_process(void **state)
{
	struct fixture *f = *state;
	struct process p;
	struct stat st;

	assert_true(f->procfs.real);
	assert_int_equal(process_open(&f->procfs, getpid(), &p), 0);
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.uid, geteuid());
	assert_int_equal(p.gid, getegid());
	assert_int_equal(strncmp(p.comm, "test-", 5), 0);
	assert_int_equal(fstat(p.exe, &st), 0);
	assert_int_equal(st.st_ino, p.exe_inode);
	assert_int_equal(p.exe_state, EXE_PRESENT);
	process_close(&p);
	assert_int_equal(p.exe, -1);
	process_close(&p);
}

static void start_time_is_the_boot_clock_in_ticks(void **state)
{
	struct fixture *f = *state;
	uint64_t tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t before = clock_now(CLOCK_BOOTTIME);
	pid_t pid = child_start(f->program);
	uint64_t after = clock_now(CLOCK_BOOTTIME);
	struct process p;

	assert_int_equal(process_open(&f->procfs, pid, &p), 0);
	assert_in_range(p.start_ticks, before / tick, after / tick);
	assert_true(process_started_at(&p, p.start_ticks * tick));
	assert_true(process_started_at(&p, p.start_ticks * tick + tick - 1));
	assert_false(process_started_at(&p, p.start_ticks * tick - 1));
	assert_false(process_started_at(&p, p.start_ticks * tick + tick));
	process_close(&p);
	child_stop(pid);
}

static void the_end_is_noticed_and_the_file_stays(void **state)
{
	struct fixture *f = *state;
	pid_t pid = child_start(f->program);
	struct process p, again;
	char magic[4];

	assert_int_equal(process_open(&f->procfs, pid, &p), 0);
	assert_string_equal(p.exe_path, f->program);
	assert_string_equal(p.comm, "program");
	struct pollfd ended = { .fd = p.pidfd, .events = POLLIN };
	assert_int_equal(poll(&ended, 1, 0), 0);
	kill(pid, SIGKILL);
	assert_int_equal(poll(&ended, 1, -1), 1);
	/* a zombie first, then nothing */
	assert_int_equal(process_open(&f->procfs, pid, &again), TARGET_E_GONE);
	child_stop(pid);
	assert_int_equal(process_open(&f->procfs, pid, &again), TARGET_E_GONE);
	assert_int_equal(pread(p.exe, magic, 4, 0), 4);
	assert_memory_equal(magic, "\177ELF", 4);
	process_close(&p);
}

static void deleted_and_replaced_files(void **state)
{
	struct fixture *f = *state;
	pid_t pid = child_start(f->program);
	struct process p;

	unlink(f->program);
	assert_int_equal(process_open(&f->procfs, pid, &p), 0);
	assert_int_equal(p.exe_state, EXE_DELETED);
	assert_string_equal(p.exe_path, f->program);
	process_close(&p);

	child_copy(f->program);
	assert_int_equal(process_open(&f->procfs, pid, &p), 0);
	assert_int_equal(p.exe_state, EXE_REPLACED);
	assert_string_equal(p.exe_path, f->program);
	process_close(&p);
	child_stop(pid);
}

/* Its name ends as the kernel marks files that were deleted, but it is there. */
static void a_name_that_looks_deleted(void **state)
{
	struct fixture *f = *state;
	char name[PATH_MAX + 32];
	struct process p;

	snprintf(name, sizeof(name), "%s (deleted)", f->program);
	child_copy(name);
	pid_t pid = child_start(name);
	assert_int_equal(process_open(&f->procfs, pid, &p), 0);
	assert_int_equal(p.exe_state, EXE_PRESENT);
	assert_string_equal(p.exe_path, name);
	process_close(&p);
	child_stop(pid);
	unlink(name);
}

static void no_such_process(void **state)
{
	struct fixture *f = *state;
	struct process p;

	assert_int_equal(process_open(&f->procfs, INT32_MAX, &p), TARGET_E_GONE);
	assert_int_equal(process_open(&f->procfs, -1, &p), TARGET_E_GONE);
	assert_int_equal(p.dir, -1);
}

struct thread {
	pthread_barrier_t barrier;
	pid_t tid;
};

static void *run_thread(void *argument)
{
	struct thread *t = argument;

	t->tid = gettid();
	pthread_barrier_wait(&t->barrier);
	pthread_barrier_wait(&t->barrier);
	return NULL;
}

static void a_thread_tells_of_its_process(void **state)
{
	struct fixture *f = *state;
	struct thread t;
	pthread_t thread;
	struct process p;

	pthread_barrier_init(&t.barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, run_thread, &t), 0);
	pthread_barrier_wait(&t.barrier);
	assert_int_equal(process_open(&f->procfs, t.tid, &p), TARGET_E_THREAD);
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.dir, -1);
	pthread_barrier_wait(&t.barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&t.barrier);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(this_very_process, setup, teardown),
		cmocka_unit_test_setup_teardown(start_time_is_the_boot_clock_in_ticks, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_end_is_noticed_and_the_file_stays, setup,
						teardown),
		cmocka_unit_test_setup_teardown(deleted_and_replaced_files, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_that_looks_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(no_such_process, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_tells_of_its_process, setup, teardown),
	};

	if (argc > 1 && !strcmp(argv[1], "wait"))
		child_wait();
	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
