/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "agent/target/procstat.h"

#define AFTER_NAME \
	" S 1 77 77 0 -1 1077936384 100 0 0 0 0 0 0 0 20 0 9 0 234928 3133440 408 1844 9 0\n"

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

static void stat_with_any_name(void **state)
{
	const char *const names[] = { "api", "a b", "x) R 1", "(", "))", "", "two\nlines" };
	char file[256];
	struct proc_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(file, sizeof(file), "77 (%s)" AFTER_NAME, names[i]);
		assert_true(proc_stat_parse(text(file), &stat));
		assert_string_equal(stat.comm, names[i]);
		assert_int_equal(stat.flags, 1077936384);
		assert_int_equal(stat.start_ticks, 234928);
	}
}

static void stat_of_a_kernel_thread(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_true(proc_stat_parse(text("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 "
					 "0 3 0 0 18446744073709551615 0"),
				    &stat));
	assert_true(stat.flags & PROC_PF_KTHREAD);
	assert_int_equal(stat.start_ticks, 3);
}

static void stat_cut_short_at_any_byte(void **state)
{
	const char *file = "77 (api)" AFTER_NAME;
	size_t end = (size_t)(strstr(file, "234928") - file);
	struct proc_stat stat;

	(void)state;
	for (size_t n = 0; n <= end; n++)
		assert_false(proc_stat_parse(span_of(file, n), &stat));
	assert_true(proc_stat_parse(span_of(file, end + 6), &stat));
}

static void status_of_a_process_in_a_container(void **state)
{
	struct proc_status status;

	(void)state;
	assert_true(proc_status_parse(text("Name:\tapi\nTgid:\t4242\nPid:\t4242\n"
					   "Uid:\t1000\t1001\t1002\t1003\n"
					   "Gid:\t50\t4294967294\t52\t53\nNSpid:\t4242\t77\t1\n"),
				      &status));
	assert_int_equal(status.tgid, 4242);
	assert_int_equal(status.uid, 1001);
	assert_int_equal(status.gid, 4294967294u);
	assert_int_equal(status.ns_pid, 1);
}

/* A name cannot forge a line: the kernel escapes newlines in it. But it can look like a key. */
static void status_with_a_misleading_name(void **state)
{
	struct proc_status status;

	(void)state;
	assert_true(proc_status_parse(text("Name:\tTgid: 1\nTgid:\t5\nUid:\t0\t0\t0\t0\n"
					   "Gid:\t0\t0\t0\t0\nNSpid:\t5\n"),
				      &status));
	assert_int_equal(status.tgid, 5);
	assert_int_equal(status.ns_pid, 5);
}

static void status_with_something_missing(void **state)
{
	const char *const files[] = {
		"",
		"Tgid:\t5\nUid:\t0\t0\nGid:\t0\t0\n",
		"Tgid:\t5\nUid:\t0\t0\nNSpid:\t5\n",
		"Tgid:\t5\nGid:\t0\t0\nNSpid:\t5\n",
		"Uid:\t0\t0\nGid:\t0\t0\nNSpid:\t5\n",
		"Tgid:\t4294967295\nUid:\t0\t0\nGid:\t0\t0\nNSpid:\t5\n",
		"Tgid:\tx\nUid:\t0\t0\nGid:\t0\t0\nNSpid:\t5\n",
	};
	struct proc_status status;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_false(proc_status_parse(text(files[i]), &status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_with_any_name),
		cmocka_unit_test(stat_of_a_kernel_thread),
		cmocka_unit_test(stat_cut_short_at_any_byte),
		cmocka_unit_test(status_of_a_process_in_a_container),
		cmocka_unit_test(status_with_a_misleading_name),
		cmocka_unit_test(status_with_something_missing),
	};

	return cmocka_run_group_tests_name("procstat", tests, NULL, NULL);
}
