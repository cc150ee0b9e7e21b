/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which group a sample is counted for: of processes that live, that are gone, that are moved, that
 * have another's number; and what each sample counts. The process looked at is this one.
 */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "tests/unit/recorder/bench.h"

/* ---- groups ------------------------------------------------------------------------------ */

static void test_a_process_is_looked_at_once(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	event(&b, RECORD_EXEC, HOST);
	for (int i = 0; i < 3; i++)
		sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.n_groups, 1);
	assert_int_equal(count_of(&b, &b.groups[0]), 3);
	bench_fini(&b);
}

/* Only where it is may have changed. */
static void test_a_known_program_is_not_opened_again(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	event(&b, RECORD_EXEC, HOST);
	assert_true(b.saw_exe);
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.n_groups, 2);
	assert_false(b.saw_exe);
	bench_fini(&b);
}

/* Outside of containers a cgroup says nothing of the other processes in it. */
static void test_hosts_cgroup_tells_of_nobody(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, NULL), 1);
	assert_int_equal(b.recorder.counters.without_group, 1);
	bench_fini(&b);
}

static void test_containers_cgroup_tells_of_all(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, CONTAINER);
	sampled(&b, SELF, CONTAINER, 0); /* still there after the look: so it was */
	assert_int_equal(fake_kernel.cgroup, CONTAINER);
	assert_true(fake_kernel.cgroup_policy.is_known);
	sampled(&b, GONE, CONTAINER, 0);
	sampled(&b, GONE - 1, CONTAINER, 0);
	assert_int_equal(b.n_groups, 1);
	assert_int_equal(count_of(&b, &b.groups[0]), 3);
	assert_int_equal(b.recorder.counters.without_group, 0);
	bench_fini(&b);
}

static int is_of_nobody(void *context, struct group *group, uint64_t cgroup, bool *ret_is)
{
	(void)context;
	(void)group;
	(void)cgroup;
	*ret_is = false;
	return 0;
}

/* The container's cgroup is in another hierarchy; here it is in one with others. */
static void test_a_cgroup_shared_with_others_tells_of_nobody(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	b.recorder.options.is_cgroup_of = is_of_nobody;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, &b.groups[0]), 1);
	assert_int_equal(b.recorder.counters.without_group, 1);
	bench_fini(&b);
}

/*
 * As runc does: sampled on the host, moved, and only then looked at. What is found there must not
 * be taken for true of the host.
 */
static void test_moved_before_the_look(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, CONTAINER, 0);
	sampled(&b, SELF, CONTAINER, 0);
	assert_int_equal(fake_kernel.cgroup, CONTAINER);
	assert_int_equal(b.n_groups, 2); /* looked at again */
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, NULL), 1);
	bench_fini(&b);
}

/* What was under way before the look says nothing of where it was when it was looked at. */
static void test_samples_from_before_the_look_prove_nothing(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, HOST);
	members_find(&b.recorder.members, SELF, own_start_time())->looked = UINT64_MAX;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	bench_fini(&b);
}

static void test_pid_used_again_is_another_process(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	struct member *m = members_find(&b.recorder.members, SELF, own_start_time());
	assert_non_null(m);
	assert_null(members_find(&b.recorder.members, SELF, own_start_time() + 1));
	bench_fini(&b);
}

static void test_exec_looks_again_and_exit_forgets(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.n_groups, 2);
	assert_int_equal(count_of(&b, &b.groups[0]), 1);
	assert_int_equal(count_of(&b, &b.groups[1]), 1);
	event(&b, RECORD_EXIT, HOST);
	assert_int_equal(b.recorder.members.lru.n, 0);
	bench_fini(&b);
}

static void test_other_programs_are_not_looked_at(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = NULL;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.n_groups, 0);
	assert_int_equal(b.recorder.counters.looks, 1);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	bench_fini(&b);
}

/* runc's own process in a container's cgroup, before it runs the container's program. */
static void test_who_told_of_a_cgroup_is_asked_again_with_its_next_program(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	event(&b, RECORD_EXEC, CONTAINER);
	sampled(&b, SELF, CONTAINER, 0);
	assert_true(fake_kernel.cgroup_policy.is_known);
	event_of(&b, RECORD_EXEC, CONTAINER, GONE);
	assert_int_equal(b.n_groups, 1);
	assert_true(fake_kernel.cgroup_policy.is_known);
	event(&b, RECORD_EXEC, CONTAINER);
	assert_int_equal(b.n_groups, 2);
	assert_false(fake_kernel.cgroup_policy.is_known);
	sampled(&b, SELF, CONTAINER, 0);
	assert_true(fake_kernel.cgroup_policy.is_known);
	sampled(&b, GONE, CONTAINER, 0);
	assert_int_equal(count_of(&b, &b.groups[0]), 1);
	assert_int_equal(count_of(&b, &b.groups[1]), 2);
	bench_fini(&b);
}

/* ---- gone before its file was opened ------------------------------------------------------ */

static void test_samples_wait_for_the_next_process(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, GONE, HOST, 0);
	sampled(&b, GONE, HOST, 3);
	assert_int_equal(recorder_samples(&b.recorder), 0);
	assert_int_equal(b.recorder.counters.unnamed, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1 + 8 + 1);
	assert_int_equal(b.recorder.counters.recovered, 1 + 8);
	assert_int_equal(count_of(&b, NULL), 1 + 8); /* nobody knows where it was */
	assert_int_equal(b.recorder.parked.bytes, 0);
	turn(&b, 2);
	assert_int_equal(b.recorder.counters.unnamed, 0);
	bench_fini(&b);
}

static void test_an_exec_is_enough_for_those_that_wait(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, GONE, HOST, 0);
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	bench_fini(&b);
}

static void test_what_waits_in_vain_is_counted(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, GONE, HOST, 2);
	turn(&b, 0);
	assert_int_equal(b.recorder.counters.unnamed, 4);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	bench_fini(&b);
}

static void test_no_more_wait_than_there_is_room_for(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	for (uint32_t i = 0; i < PARKED_MAX + 3; i++)
		sampled(&b, GONE, HOST, 0);
	assert_int_equal(b.recorder.counters.unnamed, 3);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), PARKED_MAX + 1);
	bench_fini(&b);
}

/* A shell that ran this: the file that its process has by now is not the shell's. */
static void test_a_process_that_went_on_says_nothing_of_what_it_ran(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.runs_other = true;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.n_opened, 0);
	assert_int_equal(recorder_samples(&b.recorder), 0);
	/* Another one runs it for longer. */
	fake_kernel.runs_other = false;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.n_opened, 1);
	assert_int_equal(recorder_samples(&b.recorder), 2);
	bench_fini(&b);
}

/* All that are open are in use: that is no process that was gone. */
static void test_an_executable_without_room_is_counted_as_such(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.builds.n_open = BUILDS_MAX_OPEN;
	sampled(&b, SELF, HOST, 1);
	assert_int_equal(b.recorder.counters.unopened, 2);
	assert_int_equal(b.recorder.parked.n, 0);
	b.recorder.builds.n_open = 0;
	bench_fini(&b);
}

/* ---- what is of no use -------------------------------------------------------------------- */

static void test_an_executable_of_no_use(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.ignores_build = true;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	assert_int_equal(b.recorder.builds.n_open, 0);
	assert_int_equal(b.n_groups, 0);
	/* That of others, and not for good: */
	b.ignores_build = false;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	b.ignores_build = true;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	sampled(&b, SELF, HOST, 0); /* that was under way */
	assert_int_equal(recorder_samples(&b.recorder), 1);
	b.ignores_build = false;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	bench_fini(&b);
}

static void test_what_is_forgotten_is_asked_for_again(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.ignores_build = true;
	event(&b, RECORD_EXEC, HOST);
	for (uint32_t i = 0; i <= RECORDER_KEEP + 1; i++)
		turn(&b, 0);
	assert_int_equal(b.recorder.builds.lru.n, 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	bench_fini(&b);
}

static void test_a_container_of_no_use(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.in_container = b.ignores_group = true;
	event(&b, RECORD_EXEC, CONTAINER);
	sampled(&b, SELF, CONTAINER, 0);
	assert_true(fake_kernel.cgroup_policy.is_known);
	assert_true(fake_kernel.cgroup_policy.is_unwanted);
	/* Were it a divisor, what is under way when it is wanted again would count for so many. */
	assert_int_equal(fake_kernel.cgroup_policy.log_weight, 0);
	assert_int_equal(b.recorder.counters.ignored, 1);
	assert_int_equal(recorder_samples(&b.recorder), 0);
	/* Its pod's name came, or the rules are others. */
	b.ignores_group = false;
	turn(&b, 0);
	assert_false(fake_kernel.cgroup_policy.is_unwanted);
	sampled(&b, SELF, CONTAINER, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	b.ignores_group = true;
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_true(fake_kernel.cgroup_policy.is_unwanted);
	bench_fini(&b);
}

/* Its processes are looked at one by one, as they may have other names, but all are of no use. */
static void test_a_unit_of_no_use(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	b.in_unit = true;
	event(&b, RECORD_EXEC, HOST);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, HOST);
	assert_false(fake_kernel.cgroup_policy.is_known);
	assert_false(fake_kernel.cgroup_policy.is_unwanted);
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.n_groups, 2);
	sampled(&b, GONE, HOST, 0);
	assert_int_equal(count_of(&b, NULL), 1);
	b.ignores_group = true;
	assert_int_equal(recorder_reconsider_cgroups(&b.recorder), 0);
	assert_true(fake_kernel.cgroup_policy.is_unwanted);
	assert_false(fake_kernel.cgroup_policy.is_known);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.ignored, 1);
	b.ignores_group = false;
	assert_int_equal(recorder_reconsider_cgroups(&b.recorder), 0);
	assert_false(fake_kernel.cgroup_policy.is_unwanted);
	bench_fini(&b);
}

/* ---- weights ----------------------------------------------------------------------------- */

static void test_a_sample_counts_for_what_it_stands_for(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	sampled(&b, SELF, HOST, 2);
	sampled(&b, SELF, HOST, 15);
	const struct tally *t = recorder_largest(&b.recorder);
	assert_int_equal(t->stacks.total, 1 + 4 + 32768);
	assert_int_equal(t->taken, 3);
	assert_int_equal(t->max_weight, 32768);
	bench_fini(&b);
}

static void test_over_budget_the_kernel_is_told(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 4);
	for (int i = 0; i < 4; i++)
		sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.cgroup, HOST);
	assert_int_equal(fake_kernel.cgroup_policy.log_weight, 1);
	assert_false(fake_kernel.cgroup_policy.is_known);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_is_looked_at_once),
		cmocka_unit_test(test_a_known_program_is_not_opened_again),
		cmocka_unit_test(test_hosts_cgroup_tells_of_nobody),
		cmocka_unit_test(test_containers_cgroup_tells_of_all),
		cmocka_unit_test(test_a_cgroup_shared_with_others_tells_of_nobody),
		cmocka_unit_test(test_moved_before_the_look),
		cmocka_unit_test(test_samples_from_before_the_look_prove_nothing),
		cmocka_unit_test(test_pid_used_again_is_another_process),
		cmocka_unit_test(test_exec_looks_again_and_exit_forgets),
		cmocka_unit_test(test_other_programs_are_not_looked_at),
		cmocka_unit_test(test_who_told_of_a_cgroup_is_asked_again_with_its_next_program),
		cmocka_unit_test(test_samples_wait_for_the_next_process),
		cmocka_unit_test(test_an_exec_is_enough_for_those_that_wait),
		cmocka_unit_test(test_what_waits_in_vain_is_counted),
		cmocka_unit_test(test_no_more_wait_than_there_is_room_for),
		cmocka_unit_test(test_a_process_that_went_on_says_nothing_of_what_it_ran),
		cmocka_unit_test(test_an_executable_without_room_is_counted_as_such),
		cmocka_unit_test(test_an_executable_of_no_use),
		cmocka_unit_test(test_what_is_forgotten_is_asked_for_again),
		cmocka_unit_test(test_a_container_of_no_use),
		cmocka_unit_test(test_a_unit_of_no_use),
		cmocka_unit_test(test_a_sample_counts_for_what_it_stands_for),
		cmocka_unit_test(test_over_budget_the_kernel_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
