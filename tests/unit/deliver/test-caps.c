/* SPDX-License-Identifier: Apache-2.0 */
/* Room, number, age; clocks that are set; the end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#include "tests/unit/unit.h"
#include "world.h"

#define HOUR (3600 * NSEC_PER_SEC)

static void down(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context, (void)push;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY,
				      .retry_after = 600 * NSEC_PER_SEC,
				      .text = "no connection" };
}

/* Store a is down from the first push on. */
static void open_with_store_down(struct world *w, uint32_t n_stores)
{
	world_open(w, n_stores);
	for (uint32_t i = 0; i < n_stores; i++)
		w->stores[i]->answer = down;
}

static void submit_many(struct world *w, uint32_t first, uint32_t last)
{
	for (uint32_t n = first; n <= last; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, world_has_failed);
}

/* Which are left, by starting again with a store that takes all. */
static void expect_left(struct world *w, uint32_t first, uint32_t last)
{
	char text[32];

	world_kill(w);
	world_open(w, 1);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, last - first + 1);
	for (uint32_t n = first; n <= last; n++) {
		snprintf(text, sizeof(text), "profile %u", n);
		assert_int_equal(fake_store_taken(w->stores[0], text), 1);
	}
}

static void test_the_oldest_go_when_there_are_too_many(void **state)
{
	struct world *w = *state;

	w->options.max_profiles = 5;
	open_with_store_down(w, 1);
	submit_many(w, 1, 8);
	assert_int_equal(world_counters(w).files, 5);
	assert_int_equal(world_files(w, "a"), 5);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_SPACE], 3);
	expect_left(w, 4, 8);
}

static void test_the_oldest_go_when_it_is_full(void **state)
{
	struct world *w = *state;
	uint64_t size;

	open_with_store_down(w, 1);
	submit_many(w, 1, 1);
	size = world_counters(w).files_bytes;
	world_kill(w);

	w->options.max_bytes = 5 * size + size / 2;
	open_with_store_down(w, 1);
	submit_many(w, 2, 8);
	assert_int_equal(world_counters(w).files, 5);
	assert_true(world_counters(w).files_bytes <= w->options.max_bytes);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_SPACE], 3);
	assert_int_equal(world_store(w, "a").dropped_bytes, 3 * size);

	/* A cap that was lowered holds from the start. */
	world_kill(w);
	w->options.max_bytes = 3 * size;
	open_with_store_down(w, 1);
	assert_int_equal(world_counters(w).files, 3);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_SPACE], 2);
	expect_left(w, 6, 8);
}

static void test_memory_is_bounded(void **state)
{
	struct world *w = *state;

	w->options.spool = NULL;
	w->options.max_memory = 1000;
	open_with_store_down(w, 2);
	submit_many(w, 1, 50);
	assert_true(world_counters(w).memory_bytes <= 1000);
	assert_true(world_counters(w).in_memory >= 4);
	assert_int_equal(
		world_store(w, "a").dropped[DELIVER_DROP_SPACE] + world_counters(w).in_memory, 50);
	assert_int_equal(world_counters(w).files, 0);
}

static bool has_dropped_old(struct world *w)
{
	return world_store(w, "a").dropped[DELIVER_DROP_AGE] > 0;
}

static bool is_pushing(struct world *w)
{
	return w->stores[0]->under_way > 0;
}

static void answer_now(struct store *s)
{
	s->silent = false;
	assert_int_equal(loop_timer_set(&s->timer, 1, 0), 0);
}

static void test_what_is_being_pushed_is_not_dropped(void **state)
{
	struct world *w = *state;

	w->options.spool = NULL;
	w->options.max_profiles = 3;
	w->options.max_age = 100 * NSEC_PER_MSEC;
	world_open(w, 1);
	w->stores[0]->silent = true;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, is_pushing);
	for (uint32_t n = 2; n <= 6; n++)
		assert_int_equal(world_submit(w, n), 0);
	assert_int_equal(world_counters(w).in_memory, 3);
	w->boot += 1000 * NSEC_PER_MSEC;
	world_run_until(w, has_dropped_old);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_AGE], 2);
	answer_now(w->stores[0]);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	assert_int_equal(world_store(w, "a").delivered, 1);
}

static void test_what_never_fits_is_not_accepted(void **state)
{
	struct world *w = *state;

	w->options.max_bytes = 100;
	world_open(w, 1);
	assert_int_equal(world_submit(w, 1), DELIVER_E_NO_ROOM);
	assert_int_equal(world_counters(w).no_room, 1);
	assert_int_equal(world_counters(w).accepted, 0);
	assert_int_equal(world_store(w, "a").accepted, 0);
	assert_int_equal(world_files(w, "a"), 0);
}

static void test_age(void **state)
{
	struct world *w = *state;

	/* So short that it is looked at often. */
	w->options.max_age = 100 * NSEC_PER_MSEC;
	open_with_store_down(w, 1);
	submit_many(w, 1, 3);
	w->boot += 70 * NSEC_PER_MSEC;
	submit_many(w, 4, 5);
	assert_int_equal(world_counters(w).oldest, 70 * NSEC_PER_MSEC);
	assert_int_equal(world_store(w, "a").oldest, 70 * NSEC_PER_MSEC);
	w->boot += 40 * NSEC_PER_MSEC;
	world_run_until(w, has_dropped_old);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_AGE], 3);
	assert_int_equal(world_store(w, "a").pending, 2);
	assert_int_equal(world_files(w, "a"), 2);
	assert_int_equal(world_counters(w).oldest, 40 * NSEC_PER_MSEC);
}

static void test_the_time_of_day_does_not_age(void **state)
{
	struct world *w = *state;

	open_with_store_down(w, 1);
	submit_many(w, 1, 2);
	w->wall += 1000 * HOUR;
	submit_many(w, 3, 3);
	assert_int_equal(world_counters(w).oldest, 0);
	w->wall = 0;
	submit_many(w, 4, 4);
	assert_int_equal(world_counters(w).oldest, 0);
	assert_int_equal(world_store(w, "a").pending, 4);
}

static void set_written(struct world *w, uint64_t when)
{
	struct utimbuf times = { (time_t)(when / NSEC_PER_SEC), (time_t)(when / NSEC_PER_SEC) };

	assert_int_equal(utime(world_file(w, "a"), &times), 0);
}

static void reopen(struct world *w)
{
	world_kill(w);
	open_with_store_down(w, 1);
}

static void test_age_over_a_restart(void **state)
{
	struct world *w = *state;

	open_with_store_down(w, 1);
	submit_many(w, 1, 1);
	set_written(w, w->wall);
	w->wall += 5 * HOUR;
	w->boot = 7 * NSEC_PER_SEC; /* and the machine was started anew */
	reopen(w);
	assert_int_equal(world_counters(w).oldest, 5 * HOUR);
}

static void test_a_file_from_the_future_grows_old(void **state)
{
	struct world *w = *state;
	struct stat st;

	open_with_store_down(w, 1);
	submit_many(w, 1, 1);
	set_written(w, w->wall + 10000 * HOUR);
	reopen(w);
	assert_int_equal(world_counters(w).oldest, 0);
	assert_int_equal(stat(world_file(w, "a"), &st), 0);
	assert_int_equal(st.st_mtime, w->wall / NSEC_PER_SEC);
	w->wall += 3 * HOUR;
	reopen(w);
	assert_int_equal(world_counters(w).oldest, 3 * HOUR);
}

static void test_a_jump_ahead_does_not_throw_all_away(void **state)
{
	struct world *w = *state;

	open_with_store_down(w, 1);
	submit_many(w, 1, 1);
	set_written(w, 0);
	reopen(w);
	assert_int_equal(world_store(w, "a").pending, 1);
	assert_int_equal(world_counters(w).oldest, 24 * HOUR - 600 * NSEC_PER_SEC);
}

struct flush_result {
	bool done;
	uint64_t left, lost;
};

static void on_flushed(void *context, uint64_t left, uint64_t lost)
{
	struct flush_result *result = context;

	assert_false(result->done);
	*result = (struct flush_result){ .done = true, .left = left, .lost = lost };
}

/* cmocka's state is all that a condition gets. */
static struct flush_result *awaited;

static bool is_flushed(struct world *w)
{
	(void)w;
	return awaited->done;
}

static void flush(struct world *w, uint64_t timeout, struct flush_result *result)
{
	*result = (struct flush_result){ .done = false };
	awaited = result;
	assert_int_equal(deliver_flush(w->deliver, timeout, on_flushed, result), 0);
	assert_false(result->done);
	world_run_until(w, is_flushed);
}

static void test_flush_sends_what_there_is(void **state)
{
	struct world *w = *state;
	struct flush_result result;

	world_open(w, 2);
	for (uint32_t n = 1; n <= 20; n++)
		assert_int_equal(world_submit(w, n), 0);
	flush(w, 3600 * NSEC_PER_SEC, &result);
	assert_int_equal(result.left, 0);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 20);
	assert_int_equal(fake_store_taken(w->stores[1], NULL), 20);
}

static void fail_once(void *context, const struct fake_push *push, struct store_result *ret)
{
	uint32_t *left = context;

	(void)push;
	if (*left && (*left)--)
		*ret = (struct store_result){ .outcome = STORE_E_RETRY, .text = "no connection" };
}

static void test_flush_does_not_wait_for_backoff(void **state)
{
	struct world *w = *state;
	struct flush_result result;
	uint32_t failures = 1;

	w->options.backoff_min = w->options.backoff_max = 3600 * NSEC_PER_SEC;
	world_open(w, 1);
	w->stores[0]->answer = fail_once;
	w->stores[0]->context = &failures;
	submit_many(w, 1, 2);
	flush(w, 3600 * NSEC_PER_SEC, &result);
	assert_int_equal(result.left, 0);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 2);
}

static void test_flush_leaves_a_failing_store(void **state)
{
	struct world *w = *state;
	struct flush_result result;

	w->options.backoff_min = w->options.backoff_max = 3600 * NSEC_PER_SEC;
	world_open(w, 2);
	w->stores[0]->answer = down;
	submit_many(w, 1, 3);
	flush(w, 3600 * NSEC_PER_SEC, &result);
	/* It asked for patience. */
	assert_int_equal(w->stores[0]->n, 1);
	assert_int_equal(result.left, 3);
	assert_int_equal(result.lost, 0);
	assert_int_equal(fake_store_taken(w->stores[1], NULL), 3);
	expect_left(w, 1, 3);
}

static void test_flush_ends_in_time(void **state)
{
	struct world *w = *state;
	struct flush_result result;

	world_open(w, 1);
	w->stores[0]->silent = true;
	assert_int_equal(world_submit(w, 1), 0);
	flush(w, 20 * NSEC_PER_MSEC, &result);
	assert_int_equal(result.left, 1);
	assert_int_equal(w->stores[0]->under_way, 0);
	assert_int_equal(world_files(w, "a"), 1);
}

static void test_flush_counts_what_is_lost(void **state)
{
	struct world *w = *state;
	struct flush_result result;

	w->options.spool = NULL;
	world_open(w, 1);
	w->stores[0]->silent = true;
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(world_submit(w, 2), 0);
	flush(w, 5 * NSEC_PER_MSEC, &result);
	assert_int_equal(result.lost, 2);
	assert_int_equal(result.left, 0);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_SHUTDOWN], 2);
}

static struct deliver_store store_of(struct world *w, const char *key, struct store **ret)
{
	*ret = fake_store_new(&w->loop);
	return (struct deliver_store){ .key = key, .store = *ret };
}

static bool b_and_d_have_all(struct world *w)
{
	return !world_store(w, "b").pending && !world_store(w, "d").pending;
}

static void test_reload(void **state)
{
	struct world *w = *state;
	struct deliver_store stores[2];
	struct store *b, *d;
	bool a_closed = false, b_closed = false;

	world_open(w, 2);
	w->stores[0]->silent = w->stores[1]->silent = true;
	w->stores[0]->closed = &a_closed;
	w->stores[1]->closed = &b_closed;
	assert_int_equal(world_submit(w, 1), 0);

	/* b is given anew, a is gone, d is new. */
	stores[0] = store_of(w, "b", &b);
	stores[1] = store_of(w, "d", &d);
	assert_int_equal(deliver_reload(w->deliver, stores, 2), 0);
	assert_true(a_closed && b_closed);
	assert_int_equal(world_submit(w, 2), 0);
	assert_int_equal(world_store(w, "a").state, DELIVER_ABSENT);
	assert_int_equal(world_store(w, "a").pending, 1);
	world_run_until(w, b_and_d_have_all);
	assert_int_equal(fake_store_taken(b, NULL), 2);
	assert_int_equal(fake_store_taken(d, NULL), 1);

	/* a comes back, and gets what waits for it. */
	stores[0] = store_of(w, "a", &b);
	assert_int_equal(deliver_reload(w->deliver, stores, 1), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(b, "profile 1"), 1);
	assert_int_equal(b->n, 1);
	assert_int_equal(world_counters(w).n_stores, 1);
}

static void test_bad_reload_changes_nothing(void **state)
{
	struct world *w = *state;
	struct deliver_store stores[2];
	struct store *first, *second;
	bool closed[2] = { false, false };

	world_open(w, 1);
	stores[0] = store_of(w, "b", &first);
	stores[1] = store_of(w, "b", &second);
	first->closed = &closed[0];
	second->closed = &closed[1];
	assert_int_equal(deliver_reload(w->deliver, stores, 2), -EINVAL);
	assert_true(closed[0] && closed[1]);
	assert_int_equal(world_counters(w).n_stores, 1);
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 1);
}

static void test_a_store_of_before_waits_in_the_spool(void **state)
{
	struct world *w = *state;

	open_with_store_down(w, 2);
	submit_many(w, 1, 3);
	world_kill(w);
	open_with_store_down(w, 1);
	assert_int_equal(world_store(w, "b").state, DELIVER_ABSENT);
	assert_int_equal(world_store(w, "b").pending, 3);
	assert_int_equal(world_counters(w).files, 3);
	world_kill(w);
	world_open(w, 2);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 3);
	assert_int_equal(fake_store_taken(w->stores[1], NULL), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		T(test_the_oldest_go_when_there_are_too_many),
		T(test_the_oldest_go_when_it_is_full),
		T(test_memory_is_bounded),
		T(test_what_is_being_pushed_is_not_dropped),
		T(test_what_never_fits_is_not_accepted),
		T(test_age),
		T(test_the_time_of_day_does_not_age),
		T(test_age_over_a_restart),
		T(test_a_file_from_the_future_grows_old),
		T(test_a_jump_ahead_does_not_throw_all_away),
		T(test_flush_sends_what_there_is),
		T(test_flush_does_not_wait_for_backoff),
		T(test_flush_leaves_a_failing_store),
		T(test_flush_ends_in_time),
		T(test_flush_counts_what_is_lost),
		T(test_reload),
		T(test_bad_reload_changes_nothing),
		T(test_a_store_of_before_waits_in_the_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
