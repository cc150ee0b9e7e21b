/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles go in, stores get them: in order, after failures, after a restart, each store once. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "world.h"

static void down(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context, (void)push;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY, .text = "no connection" };
}

static void test_delivers(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	assert_int_equal(world_submit(w, 7), 0);
	assert_int_equal(world_files(w, "a"), 1);
	assert_int_equal(w->stores[0]->n, 0);
	world_run_until(w, world_is_idle);

	const struct fake_push *push = &w->stores[0]->pushes[0];
	assert_int_equal(w->stores[0]->n, 1);
	assert_string_equal(push->id, world_id(7));
	assert_string_equal(push->text, "profile 7");
	assert_string_equal(push->service, "shop");
	assert_int_equal(push->time, WORLD_WALL);
	assert_int_equal(world_files(w, "a"), 0);
	assert_int_equal(world_counters(w).accepted, 1);
	assert_int_equal(world_counters(w).files, 0);
	assert_int_equal(world_store(w, "a").delivered, 1);
	assert_int_equal(world_store(w, "a").codes[0].status, 200);
	assert_int_equal(world_store(w, "a").codes[0].n, 1);
	assert_int_equal(world_store(w, "a").last_success, WORLD_WALL);
}

static void test_oldest_first_every_fourth_newest(void **state)
{
	static const uint32_t order[] = { 1, 2, 3, 8, 4, 5, 6, 7 };
	struct world *w = *state;

	world_open(w, 1);
	for (uint32_t n = 1; n <= 8; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, world_is_idle);
	for (uint32_t i = 0; i < 8; i++)
		assert_string_equal(w->stores[0]->pushes[i].id, world_id(order[i]));
}

static void test_survives_restart(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	w->stores[0]->answer = down;
	for (uint32_t n = 1; n <= 5; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, world_has_failed);
	world_kill(w);

	world_open(w, 1);
	assert_int_equal(world_store(w, "a").recovered, 5);
	assert_int_equal(world_counters(w).files, 5);
	assert_int_equal(world_submit(w, 6), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 6);
	assert_string_equal(w->stores[0]->pushes[0].id, world_id(1));
	assert_string_equal(w->stores[0]->pushes[0].service, "shop");
	assert_string_equal(w->stores[0]->pushes[0].text, "profile 1");
	assert_int_equal(w->stores[0]->pushes[0].time, WORLD_WALL);
	assert_int_equal(world_store(w, "a").delivered, 6);
	assert_int_equal(world_files(w, "a"), 0);
}

static bool a_has_all(struct world *w)
{
	return world_store(w, "a").pending == 0;
}

static void test_each_store_once(void **state)
{
	struct world *w = *state;

	world_open(w, 2);
	w->stores[1]->answer = down;
	for (uint32_t n = 1; n <= 3; n++)
		assert_int_equal(world_submit(w, n), 0);
	assert_int_equal(world_counters(w).files, 3);
	world_run_until(w, a_has_all);
	assert_int_equal(world_files(w, "a"), 0);
	assert_int_equal(world_files(w, "b"), 3);
	assert_int_equal(world_counters(w).files, 3);
	world_kill(w);

	world_open(w, 2);
	assert_int_equal(world_store(w, "a").recovered, 0);
	assert_int_equal(world_store(w, "b").recovered, 3);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 0);
	assert_int_equal(w->stores[1]->n, 3);
	assert_int_equal(world_counters(w).files, 0);
}

static void test_in_memory_only(void **state)
{
	struct world *w = *state;

	w->options.spool = NULL;
	world_open(w, 2);
	w->stores[1]->answer = down;
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(world_counters(w).in_memory, 1);
	assert_int_equal(world_counters(w).accepted_memory, 0);
	world_run_until(w, a_has_all);
	w->stores[1]->answer = NULL;
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	assert_int_equal(fake_store_taken(w->stores[1], "profile 1"), 1);
	assert_int_equal(world_counters(w).in_memory, 0);
	assert_int_equal(world_counters(w).memory_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		T(test_delivers),	  T(test_oldest_first_every_fourth_newest),
		T(test_survives_restart), T(test_each_store_once),
		T(test_in_memory_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
