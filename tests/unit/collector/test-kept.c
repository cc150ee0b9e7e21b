/* SPDX-License-Identifier: Apache-2.0 */
/* Sums that are kept in the depot: the answer is the same with them and without. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/compact/compact.h"
#include "collector/curate/curate.h"
#include "collector/depot/inside.h"
#include "tests/unit/collector/place.h"

#define SECOND ((int64_t)1000000000)
#define NOW    (1000 * DEPOT_DAY + 13 * DEPOT_HOUR) /* 13:00 of some day */
#define PODS   6u

struct fixture {
	struct place place;
	unsigned int pushed;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	place_init(&f->place, "kept");
	place_open(&f->place, f->place.data);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	place_fini(&f->place);
	free(f);
	return 0;
}

static void alter(const struct fixture *f, const char *sql)
{
	place_alter(f->place.db, sql);
}

static int64_t number(const struct fixture *f, const char *sql)
{
	return place_number(f->place.db, sql);
}

/* ---- profiles ---------------------------------------------------------------------------- */

static void encode(struct fixture *f, int64_t start, uint8_t **ret_data, size_t *ret_size)
{
	const struct pprof_value_type types[] = { { "samples", "count" },
						  { "cpu", "nanoseconds" } };
	const struct pprof_header header = {
		.period = 10, .period_type = types[1], .time_nanos = start, .duration_nanos = SECOND
	};
	struct pprof_profile *p;
	char note[64];

	snprintf(note, sizeof(note), "hone: samples=300 lost=%u truncated=0 unsymbolized=2",
		 f->pushed % 7);
	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_comment(p, note), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[0]), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[1]), 0);
	place_add_stacks(p, f->pushed, PPROF_NONE, true, 0);
	assert_int_equal(pprof_encode(p, PPROF_GZIP, ret_data, ret_size), 0);
	pprof_free(p);
}

static void push_of(struct fixture *f, const char *package, const char *pod, int64_t start)
{
	const struct depot_label labels[] = { { "main_package", package },
					      { "pod", pod },
					      { "service_name", "a" } };
	struct depot_profile row = { .tenant = "anonymous",
				     .labels = labels,
				     .n_labels = 3,
				     .service = "a",
				     .package = package,
				     .build = "b1",
				     .start = start,
				     .duration = SECOND,
				     .samples = 60,
				     .cpu = true };
	uint8_t *data;
	size_t size, added;

	encode(f, start, &data, &size);
	row.pprof = span_of(data, size);
	snprintf((char *)row.key, sizeof(row.key), "%u", f->pushed++);
	assert_int_equal(depot_add(f->place.depot, &row, 1, &added), 0);
	assert_int_equal(added, 1);
	free(data);
}

static void push(struct fixture *f, const char *pod, int64_t start)
{
	push_of(f, "example.com/a", pod, start);
}

/* Three hours, the last of them begun only. */
static void push_hours(struct fixture *f)
{
	for (unsigned int i = 0; i < 3 * PODS; i++) {
		char pod[16];

		snprintf(pod, sizeof(pod), "p%u", i % PODS);
		push(f, pod, NOW - (i / PODS) * DEPOT_HOUR + i * SECOND);
	}
}

/* ---- answers ----------------------------------------------------------------------------- */

static void add_up(struct fixture *f)
{
	atomic_bool stop = false;
	struct curate *c;

	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	assert_int_equal(curate_add_up(c, NOW, &stop), 0);
	curate_free(c);
}

static void ask_of(struct curate *c, struct curate_result *ret)
{
	const struct curate_request request = { .tenant = "anonymous",
						.name = "example.com/a",
						.now = NOW,
						.policy = CURATE_POLICY_DEFAULT };

	assert_int_equal(curate_make(c, &request, ret), 0);
}

/* By one who knows nothing but what is in the depot. */
static void ask(struct fixture *f, struct curate_result *ret)
{
	struct curate *c;

	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	ask_of(c, ret);
	curate_free(c);
}

static void same(const struct curate_result *a, const struct curate_result *b)
{
	assert_string_equal(a->explain.etag, b->explain.etag);
	assert_int_equal(a->explain.n_profiles, b->explain.n_profiles);
	assert_int_equal(a->explain.n_instances, b->explain.n_instances);
	assert_int_equal(a->explain.cpu, b->explain.cpu);
	assert_int_equal(a->explain.first, b->explain.first);
	assert_int_equal(a->explain.last, b->explain.last);
	assert_int_equal(a->explain.builds[0].samples, b->explain.builds[0].samples);
	assert_true(a->explain.quality.lost == b->explain.quality.lost);
}

/* As it is asked with what is kept, and without. */
static void stays_the_same(struct fixture *f)
{
	struct curate_result with = CURATE_RESULT_NULL, without = CURATE_RESULT_NULL;

	ask(f, &with);
	alter(f, "DELETE FROM sum");
	ask(f, &without);
	same(&with, &without);
	curate_result_fini(&with);
	curate_result_fini(&without);
}

/* The profiles themselves are not looked at again. */
static void answers_of_sums(void **state)
{
	struct curate_result before = CURATE_RESULT_NULL, after = CURATE_RESULT_NULL;
	struct fixture *f = *state;

	push_hours(f);
	ask(f, &before);
	assert_int_equal(before.explain.n_profiles, 3 * PODS);
	assert_true(before.explain.quality.lost > 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 0);
	add_up(f);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
	alter(f, "UPDATE pprof SET data = x'00'");
	ask(f, &after);
	same(&before, &after);
	curate_result_fini(&before);
	curate_result_fini(&after);
}

static void adds_what_came_later(void **state)
{
	struct curate_result more = CURATE_RESULT_NULL;
	struct fixture *f = *state;

	push_hours(f);
	add_up(f);
	push(f, "p1", NOW + 100 * SECOND);
	push(f, "p2", NOW - DEPOT_HOUR + 100 * SECOND);
	ask(f, &more);
	assert_int_equal(more.explain.n_profiles, 3 * PODS + 2);
	curate_result_fini(&more);
	stays_the_same(f);
	add_up(f);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
	alter(f, "UPDATE sum SET digest = zeroblob(32) WHERE n = 6");
	stays_the_same(f);
}

/* A sum leaves with the first of its profiles. */
static void leaves_when_merged(void **state)
{
	static const struct compact_options options = { 0 };
	struct compact_counts counts = { 0 };
	struct fixture *f = *state;

	push_hours(f);
	for (unsigned int i = 0; i < PODS; i++)
		push(f, "p0", NOW - DEPOT_HOUR + (200 + i) * SECOND);
	add_up(f);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
	assert_int_equal(
		compact_pass(f->place.depot, &options, NOW + DEPOT_HOUR / 2, NULL, &counts), 0);
	assert_true(counts.merged > 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 2);
	stays_the_same(f);
	add_up(f);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
	stays_the_same(f);
}

/* A whole profile, and no sum: in table other. */
static void put_no_sum(struct fixture *f)
{
	const struct pprof_value_type type = { "space", "bytes" };
	struct pprof_profile *p;
	struct buf sql = BUF_INIT(1 << 16);
	uint8_t *data;
	size_t size;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_add_sample_type(p, &type), 0);
	assert_int_equal(pprof_encode(p, PPROF_GZIP, &data, &size), 0);
	buf_append_text(&sql, "CREATE TABLE other (data); INSERT INTO other VALUES (x'");
	for (size_t i = 0; i < size; i++)
		buf_printf(&sql, "%02x", data[i]);
	buf_append(&sql, "')", sizeof("')"));
	alter(f, (const char *)sql.data);
	buf_fini(&sql);
	free(data);
	pprof_free(p);
}

/* What is made of all that there is; *ret_broken: sums that could not be read for it. */
static void ask_once_more(struct fixture *f, struct curate_result *ret, uint64_t *ret_broken)
{
	struct curate_counts counts;
	struct curate *c;

	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	ask_of(c, ret);
	curate_read(c, &counts);
	*ret_broken = counts.broken_sums;
	curate_free(c);
}

static void takes_no_broken_one(void **state)
{
	static const struct {
		const char *sql;
		uint64_t broken;
	} damage[] = {
		{ "UPDATE sum SET digest = zeroblob(32)", 0 }, /* of other profiles */
		{ "UPDATE sum SET digest = x'00'", 3 },
		{ "UPDATE sum SET data = x'1f8b0800'", 3 },
		{ "UPDATE sum SET data = ''", 3 },
		{ "UPDATE sum SET data = substr(data, 1, length(data) / 2)", 3 },
		{ "UPDATE sum SET data = zeroblob(70000000)"
		  " WHERE profile = (SELECT min(profile) FROM sum)",
		  1 },
		{ "UPDATE sum SET data = (SELECT data FROM other)", 3 },
		{ "UPDATE sum SET n = n - 1", 0 },
		{ "UPDATE sum SET n = -1", 3 },
	};
	struct curate_result without = CURATE_RESULT_NULL;
	struct fixture *f = *state;

	push_hours(f);
	put_no_sum(f);
	ask(f, &without);
	for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
		struct curate_result with = CURATE_RESULT_NULL;
		uint64_t broken;

		add_up(f);
		assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
		alter(f, damage[i].sql);
		ask_once_more(f, &with, &broken);
		same(&with, &without);
		assert_int_equal(broken, damage[i].broken);
		curate_result_fini(&with);
		/* It was dropped: who asks next does not find it again. */
		assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3 - damage[i].broken);
		with = (struct curate_result)CURATE_RESULT_NULL;
		ask_once_more(f, &with, &broken);
		same(&with, &without);
		assert_int_equal(broken, 0);
		curate_result_fini(&with);
		alter(f, "DELETE FROM sum");
	}
	curate_result_fini(&without);
}

/* Somebody asked: what is added up next is of all there is, though nothing is new. */
static void mends_a_broken_one(void **state)
{
	struct curate_result result = CURATE_RESULT_NULL, mended = CURATE_RESULT_NULL;
	struct fixture *f = *state;
	atomic_bool stop = false;
	struct curate_counts counts;
	struct curate *c;

	push_hours(f);
	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	assert_int_equal(curate_add_up(c, NOW, &stop), 0);
	alter(f, "UPDATE sum SET data = x'00'");
	assert_int_equal(curate_add_up(c, NOW + DEPOT_HOUR / 4, &stop), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum WHERE data = x'00'"), 3);
	ask_of(c, &result);
	assert_int_equal(curate_add_up(c, NOW + DEPOT_HOUR / 2, &stop), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum WHERE data = x'00'"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
	curate_read(c, &counts);
	assert_int_equal(counts.broken_sums, 3);
	curate_free(c);
	/* It is of those that were made anew, and of nothing else. */
	alter(f, "UPDATE pprof SET data = x'00'");
	ask(f, &mended);
	same(&mended, &result);
	curate_result_fini(&result);
	curate_result_fini(&mended);
}

/* ---- ahead ------------------------------------------------------------------------------- */

static void looks_only_at_what_is_new(void **state)
{
	static const uint64_t looked_at[] = { 2, 2, 3, 3 };
	struct fixture *f = *state;
	atomic_bool stop = false;
	struct curate_counts counts;
	struct curate *c;

	push_hours(f);
	push_of(f, "example.com/b", "p0", NOW);
	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	for (unsigned int i = 0; i < 4; i++) {
		if (i == 2)
			push_of(f, "example.com/b", "p0", NOW + SECOND);
		assert_int_equal(curate_add_up(c, NOW + i * DEPOT_HOUR / 4, &stop), 0);
		curate_read(c, &counts);
		assert_int_equal(counts.added_up, looked_at[i]);
	}
	curate_free(c);
}

/* Of the first by name there is more than can be listed; the other is not to suffer for it. */
static void goes_past_one_that_fails(void **state)
{
	struct fixture *f = *state;
	atomic_bool stop = false;
	struct curate *c;

	push_hours(f);
	alter(f, "UPDATE series SET package = 'example.com/0' WHERE id = 1");
	alter(f, "UPDATE profile SET build = hex(zeroblob(9000000)) WHERE series = 1");
	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	assert_int_equal(curate_add_up(c, NOW, &stop), -E2BIG);
	curate_free(c);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
}

static void ends_when_told(void **state)
{
	struct fixture *f = *state;
	atomic_bool stop = true;
	struct curate *c;

	push_hours(f);
	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	assert_int_equal(curate_add_up(c, NOW, &stop), 0);
	curate_free(c);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 0);
}

static void stop_now(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n;
	(void)values;
	atomic_store((atomic_bool *)sqlite3_user_data(context), true);
}

/* With the first sum of three it is told: the others wait. */
static void ends_amid_a_program(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = depot_database(f->place.depot);
	atomic_bool stop = false;
	struct curate *c;

	push_hours(f);
	assert_int_equal(
		sqlite3_create_function(db, "stop", 0, SQLITE_UTF8, &stop, stop_now, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "CREATE TEMP TRIGGER t AFTER INSERT ON main.sum"
				      " BEGIN SELECT stop(); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(curate_new(f->place.depot, NULL, NULL, &c), 0);
	assert_int_equal(curate_add_up(c, NOW, &stop), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 1);
	/* It is begun anew, as nothing was seen to its end. */
	stop = false;
	assert_int_equal(sqlite3_exec(db, "DROP TRIGGER t", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(curate_add_up(c, NOW + DEPOT_HOUR / 4, &stop), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM sum"), 3);
	curate_free(c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(answers_of_sums),		TEST(adds_what_came_later),
		TEST(leaves_when_merged),	TEST(takes_no_broken_one),
		TEST(mends_a_broken_one),	TEST(looks_only_at_what_is_new),
		TEST(goes_past_one_that_fails), TEST(ends_when_told),
		TEST(ends_amid_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
