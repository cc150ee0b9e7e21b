/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/aggregate/stacks.h"

static const uint32_t one[] = { 1, 2, 3 }, two[] = { 1, 2, 4 }, shorter[] = { 1, 2 };

static void test_equal_stacks_are_one_entry(void **state)
{
	struct stacks s;

	(void)state;
	stacks_init(&s, 1 << 20);
	assert_int_equal(stacks_add(&s, one, 3, 1), 0);
	assert_int_equal(stacks_add(&s, two, 3, 1), 0);
	assert_int_equal(stacks_add(&s, shorter, 2, 1), 0);
	assert_int_equal(stacks_add(&s, one, 3, 5), 0);
	assert_int_equal(stacks_add(&s, NULL, 0, 2), 0);
	assert_int_equal(s.n_entries, 4);
	assert_int_equal(s.entries[0].count, 6);
	assert_memory_equal(stacks_frames(&s, &s.entries[1]), two, sizeof(two));
	assert_int_equal(s.entries[3].count, 2);
	assert_int_equal(s.total, 10);
	stacks_fini(&s);
}

static void test_cap_refuses_new_stacks_and_counts_them(void **state)
{
	struct stacks s;
	uint32_t full = 0, added = 0;

	(void)state;
	stacks_init(&s, 200 * 1024);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t stack[] = { i, i + 1, i + 2 };
		int r = stacks_add(&s, stack, 3, 1);

		assert_true(r == 0 || r == STACKS_E_FULL);
		full += r == STACKS_E_FULL;
		added += r == 0;
	}
	assert_true(full > 0);
	assert_int_equal(s.refused, full);
	assert_int_equal(s.total, added);
	uint32_t first[] = { 0, 1, 2 };
	assert_int_equal(stacks_add(&s, first, 3, 1), 0);
	assert_int_equal(s.entries[0].count, 2);
	assert_true(stacks_memory(&s) <= 2 * s.max_bytes);
	stacks_fini(&s);
}

/* With 4096 of them, a window's 8 MiB are not used up by what is not in them. */
static void test_a_few_stacks_are_small(void **state)
{
	struct stacks s;

	(void)state;
	stacks_init(&s, 1 << 20);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(stacks_add(&s, (uint32_t[16]){ i }, 16, 1), 0);
	assert_true(stacks_memory(&s) <= 2048);
	stacks_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_stacks_are_one_entry),
		cmocka_unit_test(test_cap_refuses_new_stacks_and_counts_them),
		cmocka_unit_test(test_a_few_stacks_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
