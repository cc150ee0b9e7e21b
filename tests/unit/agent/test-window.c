/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "agent/window.h"
#include "base/clock.h"

#define MINUTE (60 * NSEC_PER_SEC)
#define NOON   (1795262400 * NSEC_PER_SEC) /* a day's, which is a multiple of every length here */

static void test_windows_end_at_the_same_times_of_day(void **state)
{
	uint64_t offset = 7 * NSEC_PER_SEC, now = NOON + 20 * NSEC_PER_SEC + 123456789;

	(void)state;
	assert_int_equal(NOON % MINUTE, 0);
	for (int i = 0; i < 100; i++) {
		now += window_next(now, MINUTE, offset);
		assert_int_equal(now % MINUTE, offset);
	}
}

static void test_the_first_one_is_no_crumb(void **state)
{
	(void)state;
	for (uint64_t now = NOON; now < NOON + MINUTE; now += 100 * NSEC_PER_MSEC) {
		uint64_t length = window_next(now, MINUTE, 7 * NSEC_PER_SEC);

		assert_true(length >= MINUTE / 4 && length < MINUTE + MINUTE / 4);
		assert_int_equal((now + length) % MINUTE, 7 * NSEC_PER_SEC);
	}
	assert_int_equal(window_next(NOON, MINUTE, 0), MINUTE);
	assert_int_equal(window_next(NOON - 1, MINUTE, 0), MINUTE + 1);
}

/* Whatever the clock says next, the window lasts about as long as it should. */
static void test_steps_of_the_clock(void **state)
{
	static const uint64_t clocks[] = { 0, 1, NOON, NOON / 2 + 12345, UINT64_MAX / 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		uint64_t length = window_next(clocks[i], MINUTE, MINUTE - 1);

		assert_true(length >= MINUTE / 4 && length <= MINUTE + MINUTE / 4);
	}
}

static void test_nodes_take_turns(void **state)
{
	unsigned int buckets[10] = { 0 };
	char name[32];

	(void)state;
	assert_int_equal(window_offset("node-1", MINUTE), window_offset("node-1", MINUTE));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "node-%d", i);
		uint64_t offset = window_offset(name, MINUTE);

		assert_true(offset < MINUTE);
		buckets[offset / (MINUTE / 10)]++;
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(buckets[i], 60, 140);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_end_at_the_same_times_of_day),
		cmocka_unit_test(test_the_first_one_is_no_crumb),
		cmocka_unit_test(test_steps_of_the_clock),
		cmocka_unit_test(test_nodes_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
