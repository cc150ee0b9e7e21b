/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets: how often a cgroup is sampled. */
#include "tests/unit/unit.h"

#include "agent/recorder/cgroups.h"
#include "bpf/sample.h"

#define BUDGET 1000

static struct cgroup *begin(struct cgroups *t, uint64_t budget)
{
	assert_int_equal(cgroups_init(t, budget), 0);
	return cgroups_add(t, 7);
}

/* @ticks go by, sampled as the kernel would. How many samples were taken? */
static uint64_t run(struct cgroups *t, struct cgroup *c, uint64_t ticks)
{
	uint64_t before = c->taken;

	for (uint64_t i = 0; i < ticks; i++)
		if (i % (1u << c->log_divisor) == 0)
			cgroups_count(t, c, 1u << c->log_divisor);
	return c->taken - before;
}

static void test_within_its_budget_everything_is_sampled(void **state)
{
	struct cgroups t;
	struct cgroup *c = begin(&t, BUDGET);

	(void)state;
	assert_int_equal(run(&t, c, BUDGET), BUDGET);
	assert_int_equal(c->log_divisor, 0);
	assert_false(cgroups_turn(&t, c, 1));
	assert_int_equal(c->taken, 0);
	cgroups_fini(&t);
}

static void test_over_it_less_and_less_is(void **state)
{
	struct cgroups t;
	struct cgroup *c = begin(&t, BUDGET);

	(void)state;
	assert_true(run(&t, c, 1000 * BUDGET) < 8 * BUDGET);
	assert_true(c->ticks > 990 * BUDGET && c->ticks < 1010 * BUDGET);
	cgroups_turn(&t, c, 1);
	assert_int_equal(c->log_divisor, 10); /* 1024 */
	assert_true(run(&t, c, 1000 * BUDGET) <= BUDGET);
	assert_false(cgroups_turn(&t, c, 1));
	assert_true(cgroups_turn(&t, c, 1)); /* after a window in which it slept */
	assert_int_equal(c->log_divisor, 0);
	cgroups_fini(&t);
}

static void test_a_short_window_is_judged_by_its_length(void **state)
{
	struct cgroups t;
	struct cgroup *c = begin(&t, BUDGET);

	(void)state;
	run(&t, c, BUDGET);
	assert_true(cgroups_turn(&t, c, 0.25));
	assert_int_equal(c->log_divisor, 2);
	cgroups_fini(&t);
}

static void test_there_is_a_last_divisor(void **state)
{
	struct cgroups t;
	struct cgroup *c = begin(&t, 1);

	(void)state;
	for (int i = 0; i < 100; i++)
		cgroups_count(&t, c, UINT32_MAX);
	assert_int_equal(c->log_divisor, SAMPLE_MAX_LOG_WEIGHT);
	cgroups_turn(&t, c, 1e-9);
	assert_int_equal(c->log_divisor, SAMPLE_MAX_LOG_WEIGHT);
	cgroups_fini(&t);
}

static void test_no_budget_is_no_limit(void **state)
{
	struct cgroups t;
	struct cgroup *c = begin(&t, 0);

	(void)state;
	assert_int_equal(run(&t, c, 1000000), 1000000);
	assert_false(cgroups_turn(&t, c, 1));
	assert_int_equal(c->log_divisor, 0);
	cgroups_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within_its_budget_everything_is_sampled),
		cmocka_unit_test(test_over_it_less_and_less_is),
		cmocka_unit_test(test_a_short_window_is_judged_by_its_length),
		cmocka_unit_test(test_there_is_a_last_divisor),
		cmocka_unit_test(test_no_budget_is_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
