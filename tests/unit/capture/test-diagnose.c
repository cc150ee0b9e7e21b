/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "agent/capture/diagnose.h"

#define BPF	(1ULL << 39)
#define PERFMON (1ULL << 38)
#define ADMIN	(1ULL << 21)

static const struct system_facts fine = {
	.capabilities = UINT64_MAX,
	.has_btf = true,
	.initial_pid_namespace = true,
	.initial_time_namespace = true,
	.perf_paranoid = 2,
	.kernel_major = 6,
	.kernel_minor = 1,
	.release = "6.1.0-test",
};

static int load(const struct system_facts *f, int error, struct capture_detail *d)
{
	d->text[0] = 0;
	return capture_diagnose(f, CAPTURE_STEP_LOAD, error, d);
}

static int tick(const struct system_facts *f, int error, struct capture_detail *d)
{
	d->text[0] = 0;
	return capture_diagnose(f, CAPTURE_STEP_TICK, error, d);
}

static void test_capabilities(void **state)
{
	struct system_facts f = fine;
	struct capture_detail d;

	(void)state;
	f.capabilities = 0;
	assert_int_equal(load(&f, -EPERM, &d), CAPTURE_E_PERMISSION);
	assert_string_equal(d.text, "");
	f.capabilities = BPF;
	assert_int_equal(load(&f, -EACCES, &d), CAPTURE_E_PERMISSION);
	assert_string_equal(d.text, "CAP_PERFMON is missing");
	f.capabilities = PERFMON;
	assert_int_equal(load(&f, -EPERM, &d), CAPTURE_E_PERMISSION);
	assert_string_equal(d.text, "CAP_BPF is missing");
	f.capabilities = BPF | PERFMON;
	assert_int_equal(load(&f, -EINVAL, &d), CAPTURE_E_REFUSED);
	f.capabilities = ADMIN;
	assert_int_equal(load(&f, -EINVAL, &d), CAPTURE_E_REFUSED);
}

static void test_kernels(void **state)
{
	struct system_facts f = fine;
	struct capture_detail d;

	(void)state;
	f.has_btf = false;
	assert_int_equal(load(&f, -ESRCH, &d), CAPTURE_E_NO_BTF);
	f.kernel_major = 5;
	f.kernel_minor = 4;
	strcpy(f.release, "5.4.0-old");
	assert_int_equal(load(&f, -ESRCH, &d), CAPTURE_E_KERNEL_OLD);
	assert_string_equal(d.text, "5.4.0-old");
	f = fine;
	f.confidential = true;
	assert_int_equal(load(&f, -EINVAL, &d), CAPTURE_E_LOCKDOWN);
	assert_int_equal(tick(&f, -EPERM, &d), CAPTURE_E_LOCKDOWN);
	f = fine;
	assert_int_equal(load(&f, -EPERM, &d), CAPTURE_E_PERMISSION);
	f.kernel_major = 5;
	f.kernel_minor = 10;
	assert_int_equal(load(&f, -EPERM, &d), CAPTURE_E_MEMLOCK);
	assert_int_equal(load(&f, -EINVAL, &d), CAPTURE_E_REFUSED);
}

static void test_ticks(void **state)
{
	struct system_facts f = fine;
	struct capture_detail d;

	(void)state;
	assert_int_equal(tick(&f, -EACCES, &d), CAPTURE_E_NO_PERF);
	assert_int_equal(tick(&f, -ENOENT, &d), CAPTURE_E_NO_PERF);
	f.perf_paranoid = 4;
	assert_int_equal(tick(&f, -EACCES, &d), CAPTURE_E_PARANOID);
	assert_string_equal(d.text, "it is 4");
	f.capabilities = 0;
	assert_int_equal(tick(&f, -EACCES, &d), CAPTURE_E_PERMISSION);
	assert_int_equal(tick(&f, -EBUSY, &d), -EBUSY);
}

static void test_want_of_memory_is_no_outcome(void **state)
{
	struct system_facts f = fine;
	struct capture_detail d;

	(void)state;
	f.capabilities = 0;
	assert_int_equal(load(&f, -ENOMEM, &d), -ENOMEM);
	assert_int_equal(tick(&f, -EMFILE, &d), -EMFILE);
}

static void test_parsers(void **state)
{
	uint64_t caps = 0;

	(void)state;
	assert_true(capabilities_parse("Name:\tx\nCapPrm:\t0\nCapEff:\t000000c000000000\n", &caps));
	assert_int_equal(caps, BPF | PERFMON);
	assert_false(capabilities_parse("Name:\tx\n", &caps));
	assert_false(capabilities_parse("CapEff:", &caps));
	assert_int_equal(hierarchy_parse("0::/\n"), CGROUP_V2);
	assert_int_equal(hierarchy_parse("9:name=systemd:/\n1:net_cls:/\n0::/memory\n"), CGROUP_V2);
	assert_int_equal(hierarchy_parse("8:pids:/\n4:memory:/a\n0::/\n"), CGROUP_V1_MEMORY);
	assert_int_equal(hierarchy_parse("8:pids:/\n4:cpu,cpuacct:/a\n0::/\n"), CGROUP_V1_PIDS);
	assert_int_equal(hierarchy_parse("4:cpu,cpuacct:/a\n"), CGROUP_V1_CPU);
	assert_int_equal(hierarchy_parse("3:cpuset:/\n2:devices:/a\n"), CGROUP_V1_DEVICES);
	assert_true(lockdown_is_confidential("none integrity [confidentiality]\n"));
	assert_false(lockdown_is_confidential("none [integrity] confidentiality\n"));
}

/* Where nothing can be read, nothing but BTF stands in the way. */
static void test_facts_of_nowhere(void **state)
{
	struct system_facts f;

	(void)state;
	system_facts_read("/nonexistent", &f);
	assert_true(f.capabilities == UINT64_MAX);
	assert_true(f.initial_pid_namespace);
	assert_true(f.initial_time_namespace);
	assert_false(f.has_btf);
	assert_false(f.confidential);
	assert_true(f.kernel_major > 0);
}

static void test_each_outcome_has_a_sentence(void **state)
{
	const char *none = capture_outcome_text(0);

	(void)state;
	for (int i = CAPTURE_E_PERMISSION; i <= CAPTURE_E_FULL; i++)
		assert_ptr_not_equal(capture_outcome_text(i), none);
}

static void test_cpu_lists(void **state)
{
	(void)state;
	assert_true(cpu_list_has("0\n", 0) && !cpu_list_has("0\n", 1));
	assert_true(cpu_list_has("0-3,8,10-11\n", 3) && cpu_list_has("0-3,8,10-11\n", 8));
	assert_true(cpu_list_has("0-3,8,10-11\n", 11) && !cpu_list_has("0-3,8,10-11\n", 9));
	assert_false(cpu_list_has("", 0) || cpu_list_has("\n", 0) || cpu_list_has("0-,x", 5));
	assert_true(cpu_list_has("0-4294967295", 511));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_lists),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_want_of_memory_is_no_outcome),
		cmocka_unit_test(test_parsers),
		cmocka_unit_test(test_facts_of_nowhere),
		cmocka_unit_test(test_each_outcome_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
