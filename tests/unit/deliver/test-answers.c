/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a profile by what the store answers, and by what the store takes at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deliver/uuid.h"
#include "tests/unit/unit.h"
#include "world.h"

static void refuse(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context, (void)push;
	*ret = (struct store_result){ .outcome = STORE_E_REFUSED,
				      .http_status = 400,
				      .text = "invalid labels" };
}

static void test_refused_is_dropped_and_named(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	w->stores[0]->answer = refuse;
	for (uint32_t n = 1; n <= 3; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 3);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_REFUSED], 3);
	assert_int_equal(world_store(w, "a").retried, 0);
	assert_int_equal(world_files(w, "a"), 0);
	/* Told once, with the store's sentence; the others a minute later. */
	assert_int_equal(w->n_events[DELIVER_DROPPED], 1);
	assert_string_equal(w->event_text, "invalid labels");
	assert_string_equal(w->event_store, "a");
	assert_string_equal(w->event_id, world_id(1));
	assert_int_equal(w->event.http_status, 400);
	assert_int_equal(w->event.reason, DELIVER_DROP_REFUSED);
	assert_int_equal(w->event.count, 1);
	w->boot += 61 * NSEC_PER_SEC;
	assert_int_equal(world_submit(w, 4), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->n_events[DELIVER_DROPPED], 2);
	assert_int_equal(w->event.count, 3);
}

struct script {
	uint32_t fail_first; /* pushes */
	uint64_t retry_after;
};

static void fail_some(void *context, const struct fake_push *push, struct store_result *ret)
{
	struct script *script = context;

	(void)push;
	if (!script->fail_first)
		return;
	script->fail_first--;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY,
				      .http_status = 503,
				      .retry_after = script->retry_after,
				      .text = "overloaded" };
}

static void test_tries_again(void **state)
{
	struct world *w = *state;
	struct script script = { .fail_first = 6 };

	world_open(w, 1);
	w->stores[0]->answer = fail_some;
	w->stores[0]->context = &script;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_has_failed);
	assert_int_equal(w->n_events[DELIVER_STORE_FAILS], 1);
	assert_string_equal(w->event_text, "overloaded");
	assert_string_equal(world_store(w, "a").last_failure, "overloaded");
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 7);
	assert_int_equal(world_store(w, "a").retried, 6);
	assert_int_equal(world_store(w, "a").delivered, 1);
	assert_int_equal(world_store(w, "a").failures, 0);
	assert_int_equal(w->n_events[DELIVER_STORE_FAILS], 1);
	assert_int_equal(w->n_events[DELIVER_STORE_WORKS], 1);
	assert_int_equal(world_store(w, "a").codes[0].status, 503);
	assert_int_equal(world_store(w, "a").codes[0].n, 6);
	assert_int_equal(world_store(w, "a").codes[1].status, 200);
}

static bool b_has_all(struct world *w)
{
	return world_store(w, "b").pending == 0;
}

static void test_waits_as_long_as_asked(void **state)
{
	struct world *w = *state;
	struct script script = { .fail_first = 1, .retry_after = 20 * NSEC_PER_SEC };

	world_open(w, 2);
	w->stores[0]->answer = fail_some;
	w->stores[0]->context = &script;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_has_failed);
	assert_int_equal(world_store(w, "a").state, DELIVER_WAITING);
	assert_int_equal(world_store(w, "a").next_try, 20 * NSEC_PER_SEC);
	/* What is submitted meanwhile does not end it. */
	for (uint32_t n = 2; n <= 9; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, b_has_all);
	assert_int_equal(world_store(w, "a").state, DELIVER_WAITING);
	assert_int_equal(w->stores[0]->n, 1);
}

/* Chokes on profile 1. */
static void choke(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context;
	if (strcmp(push->text, "profile 1"))
		return;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY,
				      .http_status = 500,
				      .text = "cannot decode" };
}

static void test_what_a_store_chokes_on_is_dropped(void **state)
{
	struct world *w = *state;

	w->options.max_tries = 4;
	world_open(w, 1);
	w->stores[0]->answer = choke;
	for (uint32_t n = 1; n <= 9; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_TRIES], 1);
	assert_int_equal(world_store(w, "a").delivered, 8);
	assert_string_equal(w->event_text, "cannot decode");
}

static bool has_failed_often(struct world *w)
{
	return world_store(w, "a").retried >= 20;
}

static void test_a_store_in_trouble_loses_nothing(void **state)
{
	struct world *w = *state;

	w->options.max_tries = 4;
	world_open(w, 1);
	w->stores[0]->answer = choke;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, has_failed_often);
	assert_int_equal(world_store(w, "a").pending, 1);
	w->stores[0]->answer = NULL;
	world_run_until(w, world_is_idle);
	assert_int_equal(world_store(w, "a").delivered, 1);
}

/* Profiles are "FROM TO", or "profile N", which is 0 to 16. */
static void range_of(const char *text, size_t size, unsigned int *from, unsigned int *to)
{
	char start[32] = "";

	memcpy(start, text, size < sizeof(start) - 1 ? size : sizeof(start) - 1);
	if (sscanf(start, "%u %u", from, to) == 2)
		return;
	*from = 0;
	*to = 16;
}

static int split(void *context, const struct delivery *whole, uint64_t max_raw,
		 uint32_t max_samples, struct deliver_piece ret[DELIVER_MAX_PIECES])
{
	unsigned int bounds[3];

	(void)context, (void)max_raw, (void)max_samples;
	range_of((const char *)whole->pprof.data, whole->pprof.size, &bounds[0], &bounds[2]);
	bounds[1] = (bounds[0] + bounds[2]) / 2;
	if (bounds[1] == bounds[0])
		return 0;
	for (int i = 0; i < 2; i++) {
		char *text = NULL;
		int n = asprintf(&text, "%u %u", bounds[i], bounds[i + 1]);

		assert_true(n > 0);
		ret[i] = (struct deliver_piece){ .pprof = (uint8_t *)text,
						 .size = (size_t)n,
						 .n_samples = bounds[i + 1] - bounds[i] };
	}
	return 2;
}

/* Too big over 4 samples; the sample 9 is too big in itself. */
static void answer_too_big(void *context, const struct fake_push *push, struct store_result *ret)
{
	unsigned int from, to;

	(void)context;
	range_of(push->text, strlen(push->text), &from, &to);
	if (to - from > 4 || (from <= 9 && 9 < to))
		*ret = (struct store_result){ .outcome = STORE_E_TOO_BIG,
					      .http_status = 413,
					      .text = "too large" };
}

static void test_too_big_is_split_to_the_last_sample(void **state)
{
	static const char *const taken[] = { "0 4", "4 8", "8 9", "10 12", "12 16" };
	struct world *w = *state;

	w->options.owner.split = split;
	world_open(w, 2);
	w->stores[0]->answer = answer_too_big;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_is_idle);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(fake_store_taken(w->stores[0], taken[i]), 1);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 5);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_TOO_BIG], 1);
	assert_string_equal(w->event_text, "too large");
	for (uint32_t i = 0; i < w->stores[0]->n; i++) {
		assert_string_equal(w->stores[0]->pushes[i].service, "shop");
		assert_int_equal(strncmp(w->stores[0]->pushes[i].id, world_id(1), 28), 0);
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(w->stores[0]->pushes[i].id,
						w->stores[0]->pushes[j].id);
	}
	/* The other store takes it as it is. */
	assert_int_equal(fake_store_taken(w->stores[1], "profile 1"), 1);
	assert_int_equal(w->stores[1]->n, 1);
	assert_int_equal(world_files(w, "a"), 0);
}

static void test_known_limits_spare_the_push(void **state)
{
	struct world *w = *state;

	w->options.owner.split = split;
	world_open(w, 1);
	w->stores[0]->limits.samples = 8;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 2);
	assert_int_equal(fake_store_taken(w->stores[0], "0 8"), 1);
	assert_int_equal(fake_store_taken(w->stores[0], "8 16"), 1);
}

static void test_without_a_splitter_the_store_decides(void **state)
{
	struct world *w = *state;

	world_open(w, 2);
	w->stores[0]->limits.samples = 8;
	w->stores[1]->answer = answer_too_big;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	assert_int_equal(w->stores[1]->n, 1);
	assert_int_equal(world_store(w, "b").dropped[DELIVER_DROP_TOO_BIG], 1);
}

static void test_pieces_wait_in_the_place_of_the_whole(void **state)
{
	struct world *w = *state;

	w->options.owner.split = split;
	world_open(w, 1);
	w->stores[0]->answer = answer_too_big;
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(world_submit(w, 2), 0);
	world_run_until(w, world_is_idle);
	assert_string_equal(w->stores[0]->pushes[1].text, "0 8");
	assert_string_equal(w->stores[0]->pushes[2].text, "8 16");
}

static bool one_was_split(struct world *w)
{
	return world_store(w, "a").split == 1;
}

/* Killed between the writing of pieces and the end of the whole. */
static void test_whole_and_pieces_after_a_kill(void **state)
{
	struct world *w = *state;
	char command[512];

	w->options.owner.split = split;
	world_open(w, 1);
	w->stores[0]->answer = answer_too_big;
	assert_int_equal(world_submit(w, 1), 0);
	snprintf(command, sizeof(command), "cp -p %s %s/whole", world_file(w, "a"), w->folder);
	assert_int_equal(system(command), 0);
	world_run_until(w, one_was_split);
	assert_int_equal(world_files(w, "a"), 2);
	world_kill(w);
	snprintf(command, sizeof(command), "mv %s/whole %s/a/%016x-%s", w->folder, w->spool, 1,
		 world_id(1));
	assert_int_equal(system(command), 0);

	world_open(w, 1);
	assert_int_equal(world_store(w, "a").recovered, 1);
	assert_int_equal(world_files(w, "a"), 1);
	w->stores[0]->answer = answer_too_big;
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "0 4"), 1);
	assert_int_equal(fake_store_taken(w->stores[0], "12 16"), 1);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 5);
}

static int adapt(void *context, const struct delivery *profile, uint64_t time, bool escape_shapes,
		 struct deliver_piece *ret)
{
	char *text = NULL;
	int n = asprintf(&text, "%.9s at %u%s", (const char *)profile->pprof.data,
			 (unsigned int)(time / NSEC_PER_SEC), escape_shapes ? " escaped" : "");

	(void)context;
	assert_true(n > 0);
	*ret = (struct deliver_piece){ .pprof = (uint8_t *)text, .size = (size_t)n };
	return 0;
}

static void submit_old(struct world *w)
{
	w->stores[0]->limits.age = 3300 * NSEC_PER_SEC;
	assert_int_equal(world_submit(w, 1), 0);
	w->wall += 3301 * NSEC_PER_SEC;
	assert_int_equal(world_submit(w, 2), 0);
	world_run_until(w, world_is_idle);
}

/* The store knows best what it takes. */
static void test_old_ones_are_sent(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	submit_old(w);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 2"), 1);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_WINDOW], 0);
}

static void test_old_ones_are_dropped(void **state)
{
	struct world *w = *state;

	w->old = DELIVER_OLD_DROP;
	world_open(w, 1);
	submit_old(w);
	assert_int_equal(w->stores[0]->n, 1);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 2"), 1);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_WINDOW], 1);
}

static void test_old_ones_are_restamped(void **state)
{
	struct world *w = *state;

	w->old = DELIVER_OLD_RESTAMP;
	w->options.owner.adapt = adapt;
	world_open(w, 1);
	submit_old(w);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1 at 1700003301"), 1);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 2"), 1);
	assert_int_equal(w->stores[0]->pushes[0].time, w->wall);
	assert_int_equal(world_store(w, "a").restamped, 1);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_WINDOW], 0);
}

static void test_early_ones_are_restamped(void **state)
{
	struct world *w = *state;

	w->old = DELIVER_OLD_RESTAMP;
	w->max_future = 600 * NSEC_PER_SEC;
	w->options.owner.adapt = adapt;
	world_open(w, 1);
	assert_int_equal(world_submit(w, 1), 0);
	w->wall -= 599 * NSEC_PER_SEC;
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	w->wall = WORLD_WALL;
	assert_int_equal(world_submit(w, 2), 0);
	w->wall -= 601 * NSEC_PER_SEC;
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 2 at 1699999399"), 1);
}

static void test_names_are_escaped_where_wanted(void **state)
{
	struct world *w = *state;

	w->options.owner.adapt = adapt;
	world_open(w, 2);
	w->stores[1]->limits.escape_shapes = true;
	assert_int_equal(world_submit(w, 1), 0);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	assert_int_equal(fake_store_taken(w->stores[1], "profile 1 at 1700000000 escaped"), 1);
	assert_int_equal(world_store(w, "b").restamped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		T(test_refused_is_dropped_and_named),
		T(test_tries_again),
		T(test_waits_as_long_as_asked),
		T(test_what_a_store_chokes_on_is_dropped),
		T(test_a_store_in_trouble_loses_nothing),
		T(test_too_big_is_split_to_the_last_sample),
		T(test_known_limits_spare_the_push),
		T(test_without_a_splitter_the_store_decides),
		T(test_pieces_wait_in_the_place_of_the_whole),
		T(test_whole_and_pieces_after_a_kill),
		T(test_old_ones_are_sent),
		T(test_old_ones_are_dropped),
		T(test_old_ones_are_restamped),
		T(test_early_ones_are_restamped),
		T(test_names_are_escaped_where_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
