/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "agent/groups.h"

static struct group *group_of_unit(struct groups *g, unsigned int number)
{
	struct process process = { .dir = -1 };
	struct group *group;

	snprintf(process.place.unit, sizeof(process.place.unit), "unit-%u.service", number);
	assert_int_equal(groups_of(g, &process, &group), 0);
	return group;
}

static void test_same_place_is_same_group(void **state)
{
	struct groups g;

	(void)state;
	assert_int_equal(groups_init(&g, false), 0);
	struct group *one = group_of_unit(&g, 1), *again = group_of_unit(&g, 1);
	struct group *other = group_of_unit(&g, 2);
	assert_ptr_equal(one, again);
	assert_ptr_not_equal(one, other);
	group_unref(one);
	group_unref(again);
	group_unref(other);
	groups_fini(&g);
}

/* Those beyond the cap are of no group, and counted, until others are let go. */
static void test_too_many(void **state)
{
	static struct group *groups[GROUPS_MAX];
	struct groups g;

	(void)state;
	assert_int_equal(groups_init(&g, false), 0);
	for (unsigned int i = 0; i < GROUPS_MAX; i++)
		assert_non_null(groups[i] = group_of_unit(&g, i));
	assert_int_equal(g.refused, 0);
	assert_null(group_of_unit(&g, GROUPS_MAX));
	assert_int_equal(g.refused, 1);

	group_unref(groups[0]);
	assert_non_null(groups[0] = group_of_unit(&g, GROUPS_MAX));
	assert_int_equal(g.refused, 1);
	for (unsigned int i = 0; i < GROUPS_MAX; i++)
		group_unref(groups[i]);
	groups_fini(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_place_is_same_group),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
