/* SPDX-License-Identifier: Apache-2.0 */
/* Several pushes of a store at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "world.h"

static bool four_under_way(struct world *w)
{
	return w->stores[0]->under_way == 4;
}

/* Open with a store that has @room and does not answer, give it @n profiles. */
static struct store *begin(struct world *w, uint32_t room, uint32_t n)
{
	world_open(w, 1);
	w->stores[0]->room = room;
	w->stores[0]->silent = true;
	for (uint32_t i = 1; i <= n; i++)
		assert_int_equal(world_submit(w, i), 0);
	world_run_until(w, four_under_way);
	return w->stores[0];
}

static void speak(struct store *s)
{
	s->silent = false;
	assert_int_equal(loop_timer_set(&s->timer, 1, 0), 0);
}

static void test_four_are_under_way(void **state)
{
	struct world *w = *state;
	struct store *s = begin(w, 8, 10);
	const uint32_t order[] = { 1, 2, 3, 10 };

	for (int i = 0; i < 4; i++)
		assert_string_equal(s->pushes[i].id, world_id(order[i]));
	speak(s);
	world_run_until(w, world_is_idle);
	assert_int_equal(s->n, 10);
	assert_int_equal(s->most_under_way, 4);
	assert_int_equal(world_store(w, "a").delivered, 10);
	assert_int_equal(world_files(w, "a"), 0);
}

struct trouble {
	struct store *store;
	uint32_t fail; /* pushes still to fail */
	uint32_t most; /* under way when one of the later ones failed */
	uint32_t failed;
};

static void fail_some(void *context, const struct fake_push *push, struct store_result *ret)
{
	struct trouble *t = context;

	(void)push;
	if (!t->fail)
		return;
	if (!--t->fail)
		t->store->silent = true; /* to be looked at */
	/* This one is no longer counted. */
	if (++t->failed > 4 && t->store->under_way > t->most)
		t->most = t->store->under_way;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY, .http_status = 503 };
}

static bool trouble_is_over(struct world *w)
{
	struct trouble *t = w->stores[0]->context;

	return !t->fail && t->store->under_way;
}

/* Four that fail together are one failure to the backoff; then one at a time is enough to see. */
static void test_a_store_in_trouble_gets_one_at_a_time(void **state)
{
	struct world *w = *state;
	struct store *s = begin(w, 4, 10);
	struct trouble t = { .store = s, .fail = 8 };

	s->answer = fail_some;
	s->context = &t;
	speak(s);
	world_run_until(w, trouble_is_over);
	assert_int_equal(world_store(w, "a").failures, 5);
	assert_int_equal(world_store(w, "a").retried, 8);
	assert_int_equal(t.most, 1);
	speak(s);
	world_run_until(w, world_is_idle);
	assert_int_equal(world_store(w, "a").delivered, 10);
}

static void choke_on_first(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context;
	if (!strcmp(push->text, "profile 1"))
		*ret = (struct store_result){ .outcome = STORE_E_RETRY, .http_status = 500 };
}

static bool only_one_left(struct world *w)
{
	return world_store(w, "a").pending == 1;
}

static void test_what_a_store_chokes_on_lets_others_pass(void **state)
{
	struct world *w = *state;
	struct store *s = begin(w, 4, 50);

	s->answer = choke_on_first;
	speak(s);
	world_run_until(w, only_one_left);
	assert_int_equal(world_store(w, "a").delivered, 49);
	assert_int_equal(world_store(w, "a").retried, 1);
}

static void test_a_reload_puts_all_back(void **state)
{
	struct world *w = *state;
	struct deliver_store again;

	begin(w, 4, 6);
	again = (struct deliver_store){ .key = "a", .store = fake_store_new(&w->loop) };
	w->stores[0] = again.store;
	assert_int_equal(deliver_reload(w->deliver, &again, 1), 0);
	assert_int_equal(world_store(w, "a").pending, 6);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 6);
	assert_int_equal(world_store(w, "a").delivered, 6);
}

static void on_flushed(void *context, uint64_t left, uint64_t lost)
{
	struct world *w = context;

	assert_int_equal(left, 0);
	assert_int_equal(lost, 0);
	loop_quit(&w->loop);
}

static void test_a_flush_waits_for_all(void **state)
{
	struct world *w = *state;
	struct store *s = begin(w, 4, 6);

	speak(s);
	assert_int_equal(deliver_flush(w->deliver, 20 * NSEC_PER_SEC, on_flushed, w), 0);
	assert_int_equal(loop_run(&w->loop), 0);
	assert_int_equal(world_store(w, "a").delivered, 6);
}

/* What is under way is not thrown out for lack of space. */
static void test_those_under_way_stay(void **state)
{
	struct world *w = *state;

	w->options.max_profiles = 4;
	begin(w, 4, 4);
	assert_int_equal(world_submit(w, 5), DELIVER_E_NO_ROOM);
	assert_int_equal(world_store(w, "a").pending, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		T(test_four_are_under_way),
		T(test_a_store_in_trouble_gets_one_at_a_time),
		T(test_what_a_store_chokes_on_lets_others_pass),
		T(test_a_reload_puts_all_back),
		T(test_a_flush_waits_for_all),
		T(test_those_under_way_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
