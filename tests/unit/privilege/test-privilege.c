/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privilege/privilege.h"
#include "base/cleanup.h"
#include "base/loop.h"

#define BIT(capability) (1ull << (capability))
#define FIVE                                                                                \
	(BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | \
	 BIT(CAP_CHECKPOINT_RESTORE))

static size_t missing(uint64_t permitted, unsigned int major, unsigned int minor,
		      const char *ret_names[PRIVILEGE_MAX_NEEDS])
{
	struct privilege_facts facts = { permitted, major, minor };
	struct privilege_need needs[PRIVILEGE_MAX_NEEDS];
	size_t n = privilege_missing(&facts, needs);

	for (size_t i = 0; i < n; i++) {
		assert_non_null(needs[i].why);
		ret_names[i] = needs[i].name;
	}
	return n;
}

static void what_is_missing_by_kernel(void **state)
{
	const char *names[PRIVILEGE_MAX_NEEDS];

	(void)state;
	assert_int_equal(missing(FIVE, 6, 1, names), 0);
	assert_int_equal(missing(FIVE, 5, 11, names), 0);
	assert_int_equal(missing(FIVE, 5, 10, names), 1);
	assert_string_equal(names[0], "CAP_SYS_RESOURCE");
	assert_int_equal(missing(FIVE | BIT(CAP_SYS_RESOURCE), 5, 10, names), 0);
	assert_int_equal(missing(FIVE | BIT(CAP_SYS_RESOURCE), 5, 4, names), 3);
	assert_string_equal(names[0], "CAP_SYS_ADMIN");
	assert_int_equal(missing(BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) |
					 BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SYS_RESOURCE),
				 5, 4, names),
			 0);
	assert_int_equal(missing(0, 6, 1, names), 5);
	assert_string_equal(names[0], "CAP_BPF");
	assert_string_equal(names[4], "CAP_CHECKPOINT_RESTORE");
	assert_int_equal(missing(FIVE & ~BIT(CAP_SYS_PTRACE), 6, 1, names), 1);
	assert_string_equal(names[0], "CAP_SYS_PTRACE");
}

static uint64_t kept(uint64_t permitted, unsigned int major, unsigned int minor)
{
	struct privilege_facts facts = { permitted, major, minor };

	return privilege_kept(&facts);
}

/* As the unit has it: LimitMEMLOCK=infinity. */
static void nothing_lifts_what_is_lifted(void **state)
{
	struct privilege_facts facts = { FIVE, 5, 10, .locks_memory = true };
	struct privilege_need needs[PRIVILEGE_MAX_NEEDS];

	(void)state;
	assert_int_equal(privilege_missing(&facts, needs), 0);
}

static void what_is_kept(void **state)
{
	(void)state;
	assert_int_equal(kept(UINT64_MAX, 6, 1), FIVE);
	assert_int_equal(kept(FIVE, 6, 1), FIVE);
	assert_int_equal(kept(0, 6, 1), 0);
	assert_int_equal(kept(FIVE | BIT(CAP_SYS_RESOURCE), 5, 10), FIVE);
	assert_int_equal(kept(UINT64_MAX, 5, 4),
			 BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH));
	assert_int_equal(kept(BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE), 6, 1),
			 BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE));
}

/*
 * Run @body in a process of its own, which ends before any sanitizer looks around. What it tries
 * must do no harm where it is not refused, as that is what a test is for: nothing outside the
 * process.
 */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			return __LINE__ % 250 + 1; \
	} while (0)

static int drops(void)
{
	struct privilege_facts facts, after;
	uint64_t wanted;

	CHECK(privilege_read(&facts) == 0);
	wanted = privilege_kept(&facts);
	CHECK(privilege_drop(wanted) == 0);
	CHECK(privilege_read(&after) == 0);
	CHECK(after.permitted == wanted);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	for (unsigned int c = 0; c <= CAP_CHECKPOINT_RESTORE; c++) {
		CHECK(capng_have_capability(CAPNG_EFFECTIVE, c) == !!(wanted & BIT(c)));
		CHECK(!capng_have_capability(CAPNG_INHERITABLE, c));
		CHECK(!capng_have_capability(CAPNG_AMBIENT, c));
	}
	/* Nothing lost comes back. */
	CHECK(privilege_drop(wanted | BIT(CAP_SYS_ADMIN)) < 0 || wanted & BIT(CAP_SYS_ADMIN));
	CHECK(chroot("/") < 0 && errno == EPERM);
	return 0;
}

static void only_what_is_kept_is_left(void **state)
{
	(void)state;
	if (geteuid()) {
		print_message("skipped: wants root\n");
		skip();
	}
	assert_int_equal(in_child(drops), 0);
}

static int on_timer(struct loop_timer *timer)
{
	loop_quit(timer->source.loop);
	return 0;
}

static void *thread(void *context)
{
	return context;
}

static bool threads_run(void)
{
	pthread_t id;
	void *result = NULL;
	int mark;

	return pthread_create(&id, NULL, thread, &mark) == 0 && pthread_join(id, &result) == 0 &&
	       result == &mark;
}

static bool files_work(void)
{
	char name[] = "/tmp/privilege-XXXXXX", other[64];
	int fd = mkstemp(name);

	snprintf(other, sizeof(other), "%s.new", name);
	bool ok = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && rename(name, other) == 0 &&
		  unlink(other) == 0;
	closep(&fd);
	return ok;
}

static bool loops_run(void)
{
	struct loop_timer timer;
	struct loop loop;

	bool ok = loop_init(&loop) == 0 && loop_timer_init(&timer, &loop, on_timer) == 0 &&
		  loop_timer_set(&timer, 1, 0) == 0 && loop_run(&loop) == 0;
	loop_timer_fini(&timer);
	loop_fini(&loop);
	return ok;
}

static bool sockets_open(void)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	struct addrinfo *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int fd = socket(families[i], SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 && errno == EPERM)
			return false;
		closep(&fd);
	}
	int r = getaddrinfo("localhost", "80", NULL, &found);
	if (r == 0)
		freeaddrinfo(found);
	return r == 0;
}

/* As agent/target/cgroup_tree.c asks for a folder by its id. */
static bool handles_open(void)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
	} h = { .handle = { .handle_bytes = sizeof(uint64_t), .handle_type = 0xfe } };

	return open_by_handle_at(-1, &h.handle, O_PATH) < 0 && errno != EPERM && errno != EACCES;
}

static int filter(enum privilege_filter how)
{
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	return r ? r : privilege_filter(how);
}

static int works_on(void)
{
	CHECK(filter(PRIVILEGE_FILTER_KILL) == 0);
	CHECK(threads_run());
	CHECK(files_work());
	CHECK(loops_run());
	CHECK(sockets_open());
	CHECK(handles_open());
	return 0;
}

static void what_the_agent_does_goes_on(void **state)
{
	(void)state;
	assert_int_equal(in_child(works_on), 0);
}

static int is_refused(void)
{
	static char *const nothing[] = { NULL };
	struct rlimit limit = { 1, 1 };

	CHECK(filter(PRIVILEGE_FILTER_ERROR) == 0);
	CHECK(execve("/bin/true", nothing, nothing) < 0 && errno == EPERM);
	CHECK(fork() < 0 && errno == EPERM);
	CHECK(ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 && errno == EPERM);
	CHECK(kill(getpid(), 0) < 0 && errno == EPERM);
	CHECK(chroot("/") < 0 && errno == EPERM);
	CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) < 0 && errno == EPERM);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	return 0;
}

static void other_calls_are_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(is_refused), 0);
}

static int dies(void)
{
	static char *const nothing[] = { NULL };

	CHECK(filter(PRIVILEGE_FILTER_KILL) == 0);
	execve("/bin/true", nothing, nothing);
	return 1;
}

static void or_end_the_process(void **state)
{
	(void)state;
	int status = in_child(dies);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_by_kernel),
		cmocka_unit_test(nothing_lifts_what_is_lifted),
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(only_what_is_kept_is_left),
		cmocka_unit_test(what_the_agent_does_goes_on),
		cmocka_unit_test(other_calls_are_refused),
		cmocka_unit_test(or_end_the_process),
	};

	return cmocka_run_group_tests_name("privilege", tests, NULL, NULL);
}
