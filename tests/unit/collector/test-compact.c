/* SPDX-License-Identifier: Apache-2.0 */
/* What is merged, and who sees what of it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/compact/compact.h"
#include "collector/compact/sum.h"
#include "collector/curate/curate.h"
#include "collector/depot/inside.h"
#include "collector/depot/keeping.h"
#include "collector/depot/shelf.h"
#include "pgo/random.h"
#include "pgo/trim.h"
#include "tests/unit/collector/place.h"

#define SECOND ((int64_t)1000000000)
#define NOW    (1000 * DEPOT_DAY + 13 * DEPOT_HOUR) /* 13:00 of some day */

struct fixture {
	struct place place;
	struct compact_counts counts;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	place_init(&f->place, "compact");
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

/* ---- profiles ---------------------------------------------------------------------------- */

struct kind {
	bool samples;	/* has samples/count */
	int64_t period; /* of what is in cpu/nanoseconds */
	int64_t odd;	/* added to each of its values */
	const char *build;
	const char *pod;
	const char *tenant; /* NULL: anonymous */
};

static const struct kind usual = { true, 10, 0, "b1", "p1", NULL };

static struct pprof_profile *make(uint64_t seed, int64_t start, const struct kind *k)
{
	const struct pprof_value_type types[] = { { "samples", "count" },
						  { "cpu", "nanoseconds" } };
	const struct pprof_header header = { .period = k->period,
					     .period_type = types[1],
					     .time_nanos = start,
					     .duration_nanos = SECOND };
	const struct pprof_mapping mapping = { .start = 1, .limit = 99, .build_id = "abc" };
	struct pprof_profile *p;
	char note[64];

	snprintf(note, sizeof(note), "hone: samples=%u lost=1 truncated=0 unsymbolized=2", 5);
	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_comment(p, note), 0);
	assert_int_equal(pprof_add_comment(p, "of a recorder"), 0);
	if (k->samples)
		assert_int_equal(pprof_add_sample_type(p, &types[0]), 0);
	assert_int_equal(pprof_add_sample_type(p, &types[1]), 0);
	assert_int_equal(pprof_add_mapping(p, &mapping, NULL), 0);
	place_add_stacks(p, seed, 0, k->samples, k->odd);
	return p;
}

static size_t push_bytes(struct fixture *f, uint64_t seed, int64_t start, const struct kind *k,
			 struct span bytes)
{
	const struct depot_label labels[] = { { "main_package", "example.com/a" },
					      { "pod", k->pod },
					      { "service_name", "a" } };
	const struct depot_type type = { "cpu:nanoseconds:cpu:nanoseconds", 7 };
	struct depot_profile row = { .tenant = k->tenant ? k->tenant : "anonymous",
				     .labels = labels,
				     .n_labels = 3,
				     .types = &type,
				     .n_types = 1,
				     .service = "a",
				     .package = "example.com/a",
				     .build = k->build,
				     .start = start,
				     .duration = SECOND,
				     .samples = 60,
				     .cpu = true,
				     .pprof = bytes };
	size_t added;

	snprintf((char *)row.key, sizeof(row.key), "%llu", (unsigned long long)seed);
	assert_int_equal(depot_add(f->place.depot, &row, 1, &added), 0);
	return added;
}

static size_t push(struct fixture *f, uint64_t seed, int64_t start, const struct kind *k)
{
	struct pprof_profile *p = make(seed, start, k);
	uint8_t *data;
	size_t size;

	assert_int_equal(pprof_encode(p, PPROF_GZIP, &data, &size), 0);
	size_t added = push_bytes(f, seed, start, k, span_of(data, size));
	free(data);
	pprof_free(p);
	return added;
}

/* ---- answers ----------------------------------------------------------------------------- */

static void list(struct depot_reader *r, struct depot_list *ret)
{
	const struct depot_query q = { "anonymous", "a", 0, INT64_MAX };

	assert_int_equal(depot_list(r, &q, ret), 0);
}

/* What curate would read of all there is, as bytes. */
static uint8_t *everything(struct depot_reader *r, size_t *ret_size)
{
	struct depot_list l = DEPOT_LIST_NULL;
	struct pprof_profile *whole;
	uint8_t *data;

	assert_int_equal(trim_new(&whole), 0);
	list(r, &l);
	for (size_t i = 0; i < l.n_rows; i++) {
		struct buf stored = BUF_INIT((size_t)1 << 20);
		struct pprof_profile *p;

		assert_int_equal(depot_read(r, l.rows[i].id, &stored), 0);
		assert_int_equal(pprof_decode(stored.data, stored.size, NULL, &p, NULL), 0);
		assert_int_equal(trim_add(whole, p, CURATE_DEPTH), 0);
		pprof_free(p);
		buf_fini(&stored);
	}
	assert_int_equal(pprof_encode(whole, PPROF_PLAIN, &data, ret_size), 0);
	pprof_free(whole);
	depot_list_fini(&l);
	return data;
}

static struct depot_reader *look(struct fixture *f)
{
	struct depot_reader *r;

	assert_int_equal(depot_reader_open(f->place.depot, &r), 0);
	return r;
}

static size_t n_rows(struct fixture *f)
{
	struct depot_reader *r = look(f);
	struct depot_list l = DEPOT_LIST_NULL;

	list(r, &l);
	size_t n = l.n_rows;
	depot_list_fini(&l);
	depot_reader_close(r);
	return n;
}

static void compact(struct fixture *f, const struct compact_options *options)
{
	static const struct compact_options none = { 0 };

	assert_int_equal(
		compact_pass(f->place.depot, options ? options : &none, NOW, NULL, &f->counts), 0);
}

static void same_answer(struct depot_reader *before, struct depot_reader *after)
{
	size_t n, m;
	uint8_t *a = everything(before, &n), *b = everything(after, &m);

	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
	free(a);
	free(b);
}

/* ---- merging ----------------------------------------------------------------------------- */

/* An hour of this morning, of two pods: a reader of before and one of after see the same. */
static void merges_an_hour(void **state)
{
	struct fixture *f = *state;
	struct depot_list l = DEPOT_LIST_NULL;
	struct kind other = usual;

	other.pod = "p2";
	for (uint64_t i = 0; i < 20; i++)
		push(f, i, NOW - 4 * DEPOT_HOUR + (int64_t)i * SECOND, i % 2 ? &other : &usual);
	struct depot_reader *before = look(f);
	compact(f, NULL);
	struct depot_reader *after = look(f);
	same_answer(before, after);
	list(after, &l);
	assert_int_equal(l.n_rows, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(l.rows[i].n, 10);
		assert_int_equal(l.rows[i].level, DEPOT_LEVEL_HOUR);
		assert_int_equal(l.rows[i].duration, 10 * SECOND);
		assert_int_equal(l.rows[i].start, NOW - 4 * DEPOT_HOUR + (int64_t)i * SECOND);
		assert_int_equal(l.rows[i].end, l.rows[i].start + 19 * SECOND);
	}
	assert_int_equal(f->counts.merged, 20);
	assert_int_equal(f->counts.made, 2);
	depot_list_fini(&l);
	/* The reader of before still sees all of them, once. */
	list(before, &l);
	assert_int_equal(l.n_rows, 20);
	depot_list_fini(&l);
	depot_reader_close(before);
	depot_reader_close(after);
	compact(f, NULL);
	assert_int_equal(f->counts.merged, 20);
}

static int add_total(void *context, const struct depot_item *item)
{

	*(int64_t *)context += item->total;
	return 0;
}

/* The index knows the totals of values, too. */
static void adds_up_totals(void **state)
{
	struct fixture *f = *state;
	const struct depot_series_query q = { .tenant = "anonymous", .until = INT64_MAX };
	struct depot_series_list l = DEPOT_SERIES_LIST_NULL;
	int64_t total = 0;

	for (uint64_t i = 0; i < 5; i++)
		push(f, i, NOW - 4 * DEPOT_HOUR, &usual);
	compact(f, NULL);
	assert_int_equal(n_rows(f), 1);
	struct depot_reader *r = look(f);
	assert_int_equal(depot_list_series(r, &q, &l), 0);
	assert_int_equal(l.n_rows, 1);
	assert_int_equal(l.n_types, 1);
	assert_int_equal(
		depot_each_profile(r, l.rows[0].id, l.types[0].id, 0, INT64_MAX, add_total, &total),
		0);
	assert_int_equal(total, 35);
	depot_series_list_fini(&l);
	depot_reader_close(r);
}

/* Hours, then the day, with one that comes late. What is young stays. */
static void merges_a_day(void **state)
{
	struct fixture *f = *state;
	const int64_t old = NOW - 3 * DEPOT_DAY;

	for (uint64_t i = 0; i < 10; i++)
		push(f, i, old + (int64_t)i * DEPOT_HOUR, &usual); /* from 13:00 to 22:00 */
	for (uint64_t i = 10; i < 14; i++)
		push(f, i, NOW - (int64_t)i * SECOND, &usual);
	struct depot_reader *before = look(f);
	compact(f, NULL);
	assert_int_equal(n_rows(f), 1 + 4);
	struct depot_reader *after = look(f);
	same_answer(before, after);
	depot_reader_close(after);
	depot_reader_close(before);
	push(f, 99, old + 1, &usual);
	before = look(f);
	compact(f, NULL);
	after = look(f);
	same_answer(before, after);
	assert_int_equal(n_rows(f), 1 + 4);
	depot_reader_close(after);
	depot_reader_close(before);
}

static void takes_no_key_twice(void **state)
{
	struct fixture *f = *state;
	const struct compact_options options = { .key_age = DEPOT_DAY };

	for (uint64_t i = 0; i < 5; i++)
		push(f, i, NOW - 4 * DEPOT_HOUR, &usual);
	compact(f, NULL);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(push(f, i, NOW - 4 * DEPOT_HOUR, &usual), 0);
	assert_int_equal(n_rows(f), 1);
	/* Not for ever. */
	assert_int_equal(
		compact_pass(f->place.depot, &options, NOW + 2 * DEPOT_DAY, NULL, &f->counts), 0);
	assert_int_equal(f->counts.keys, 4);
	assert_int_equal(push(f, 3, NOW - 4 * DEPOT_HOUR, &usual), 1);
}

static void keeps_apart_what_differs(void **state)
{
	struct fixture *f = *state;
	struct kind build = usual, period = usual, rounded = usual;
	const int64_t at = NOW - 4 * DEPOT_HOUR;

	build.build = "b2";
	period.period = 20;
	rounded = (struct kind){ .period = 10, .odd = 5, .build = "b1", .pod = "p1" };
	const struct kind *kinds[] = { &usual, &build, &period, &rounded };
	for (uint64_t i = 0; i < 16; i++)
		push(f, i, at + (int64_t)i, kinds[i % 4]);
	push_bytes(f, 16, at, &usual, span_of("broken", 6));
	struct depot_reader *r = look(f);
	struct depot_list l = DEPOT_LIST_NULL;
	compact(f, NULL);
	depot_reader_close(r);
	r = look(f);
	list(r, &l);
	/* One of each, but the four that cannot be added up, and the broken one. */
	assert_int_equal(l.n_rows, 3 + 4 + 1);
	assert_int_equal(f->counts.alone, 4);
	assert_int_equal(f->counts.unreadable, 1);
	depot_list_fini(&l);
	depot_reader_close(r);
	/* Not looked at again. */
	compact(f, NULL);
	assert_int_equal(f->counts.alone, 4);
}

/* Samples without CPU time among others, and sums of more than curate takes. */
static void changes_no_answer(void **state)
{
	static const struct kind kinds[] = {
		{ true, 10, -10, "b1", "p1", NULL },
		{ true, 10, TRIM_MAX_CPU / 80, "b1", "p2", NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++)
		push(f, i, NOW - 4 * DEPOT_HOUR + (int64_t)i, &kinds[i / 2]);
	struct depot_reader *before = look(f);
	compact(f, NULL);
	struct depot_reader *after = look(f);
	same_answer(before, after);
	assert_int_equal(n_rows(f), 4);
	assert_int_equal(f->counts.alone, 2);
	depot_reader_close(before);
	depot_reader_close(after);
}

static void adds_up_notes(void **state)
{
	struct sums sums = { 0 };
	struct pgo_notes notes;
	struct pprof_profile *p, *from;
	uint8_t *data;
	size_t size;

	(void)state;
	assert_int_equal(pprof_new(&from), 0);
	for (uint64_t i = 0; i < 3; i++) {
		p = make(i, NOW, &usual);
		assert_int_equal(pprof_encode(p, PPROF_PLAIN, &data, &size), 0);
		assert_int_equal(pprof_reread(from, data, size, NULL, NULL), 0);
		assert_int_equal(sums_add(&sums, from, (int64_t)i), 0);
		pprof_free(p);
		free(data);
	}
	pprof_free(from);
	assert_int_equal(sums.n, 1);
	assert_int_equal(sum_encode(&sums.sums[0], &data, &size), 0);
	assert_int_equal(pprof_decode(data, size, NULL, &p, NULL), 0);
	pgo_notes_read(p, &notes);
	assert_int_equal(notes.samples, 15);
	assert_int_equal(notes.lost, 3);
	assert_int_equal(notes.unsymbolized, 6);
	assert_int_equal(pprof_n_comments(p), 2);
	pprof_free(p);
	free(data);
	sums_fini(&sums);
}

/* One of them has left meanwhile: nothing is done, and nothing is lost. */
static void replaces_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct depot_list l = DEPOT_LIST_NULL;

	for (uint64_t i = 0; i < 3; i++)
		push(f, i, NOW - DEPOT_DAY, &usual);
	struct depot_reader *r = look(f);
	list(r, &l);
	const int64_t ids[] = { l.rows[0].id, l.rows[1].id, 12345 };
	const struct depot_merger m = {
		.ids = ids, .n = 3, .level = DEPOT_LEVEL_HOUR, .pprof = span_of("x", 1)
	};
	assert_int_equal(depot_replace(f->place.depot, &m), DEPOT_E_NONE);
	assert_int_equal(n_rows(f), 3);
	depot_reader_close(r);
	depot_list_fini(&l);
}

/* A broken index loses no profile. */
static void merges_nothing_it_cannot_store(void **state)
{
	const struct compact_options options = { 0 };
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 3; i++)
		push(f, i, NOW - DEPOT_DAY, &usual);
	place_alter(f->place.db, "DELETE FROM series");
	assert_int_equal(compact_pass(f->place.depot, &options, NOW, NULL, &f->counts),
			 DEPOT_E_DAMAGED);
	assert_int_equal(place_number(f->place.db, "SELECT count(*) FROM pprof"), 3);
}

/* ---- windows ----------------------------------------------------------------------------- */

static void aligns_windows(void **state)
{
	const int64_t day = 1000 * DEPOT_DAY; /* today's */
	static const struct {
		int64_t since, until, wanted_since, wanted_until; /* from today 0:00, minutes */
	} cases[] = {
		/* At 13:05. The hour from 12:00 is still open for ten minutes after its end. */
		{ 12 * 60 + 1, INT64_MAX, 12 * 60 + 1, INT64_MAX },
		{ 11 * 60 + 59, INT64_MAX, 11 * 60, INT64_MAX },
		{ -1, INT64_MAX, -60, INT64_MAX },
		/* The day before yesterday is merged whole, yesterday is not. */
		{ -24 * 60, INT64_MAX, -24 * 60, INT64_MAX },
		{ -24 * 60 - 1, INT64_MAX, -48 * 60, INT64_MAX },
		{ 60 + 10, 120 + 10, 60, 180 },
		{ 60, 120, 60, 120 },
		{ -30 * 60, -26 * 60, -48 * 60, -24 * 60 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const int64_t minute = DEPOT_HOUR / 60, now = day + 13 * DEPOT_HOUR + 5 * minute;
		const int64_t until = cases[i].until, wanted = cases[i].wanted_until;
		struct depot_query q = { .since = day + cases[i].since * minute,
					 .until = until == INT64_MAX ? until
								     : day + until * minute };

		depot_query_align(&q, now);
		assert_int_equal(q.since, day + cases[i].wanted_since * minute);
		assert_int_equal(q.until, wanted == INT64_MAX ? wanted : day + wanted * minute);
	}
}

/* ---- leaving ----------------------------------------------------------------------------- */

static void removes_what_is_old(void **state)
{
	struct fixture *f = *state;
	const struct compact_options options = { .max_age = 2 * DEPOT_DAY };
	struct kind other = usual;

	other.pod = "p2";
	for (uint64_t i = 0; i < 200; i++)
		push(f, i, NOW - 3 * DEPOT_DAY, &other);
	for (uint64_t i = 200; i < 205; i++)
		push(f, i, NOW - DEPOT_DAY, &usual);
	compact(f, &options);
	assert_int_equal(f->counts.too_old.profiles, 200);
	assert_int_equal(f->counts.too_much.profiles, 0);
	assert_int_equal(n_rows(f), 1);
}

static void publish(struct fixture *f, const char *name, const char *etag, int64_t time)
{
	const struct depot_line line = { "anonymous", name, "" };
	struct depot_edition e = DEPOT_EDITION_NULL;

	strcpy(e.etag, etag);
	e.time = time;
	assert_int_equal(depot_publish(f->place.depot, &line, &e), 0);
}

static int count_edition(void *context, const struct depot_edition *e)
{
	(void)e;
	++*(size_t *)context;
	return 0;
}

static size_t n_editions(struct fixture *f, const char *name)
{
	const struct depot_line line = { "anonymous", name, "" };
	struct depot_reader *r = look(f);
	size_t n = 0;

	assert_int_equal(depot_editions(r, &line, count_edition, &n), 0);
	depot_reader_close(r);
	return n;
}

/* But for what a tag held, and the last of each line. */
static void forgets_what_was_published(void **state)
{
	struct fixture *f = *state;
	const struct depot_line line = { "anonymous", "a", "" };
	const struct compact_options options = { .max_age = 2 * DEPOT_DAY };

	for (size_t i = 0; i < 4; i++)
		publish(f, "a", i ? "other" : "tagged", NOW - 5 * DEPOT_DAY);
	for (size_t i = 0; i < 2; i++)
		publish(f, "b", "", NOW - DEPOT_DAY);
	publish(f, "c", "", NOW - 5 * DEPOT_DAY);
	assert_int_equal(depot_pin(f->place.depot, &line, "t", "tagged", NOW), 0);
	compact(f, &options);
	assert_int_equal(f->counts.editions, 2);
	assert_int_equal(n_editions(f, "a"), 2);
	assert_int_equal(n_editions(f, "b"), 2);
	assert_int_equal(n_editions(f, "c"), 1);
}

static void removes_what_is_too_much(void **state)
{
	struct fixture *f = *state;
	struct compact_options options = { 0 };
	struct depot_size size;
	struct depot_list l = DEPOT_LIST_NULL;

	for (uint64_t i = 0; i < 600; i++)
		push(f, i, NOW - (int64_t)i * SECOND, &usual);
	struct depot_reader *r = look(f);
	assert_int_equal(depot_measure(r, &size), 0);
	depot_reader_close(r);
	options.max_bytes = size.used / 2;
	compact(f, &options);
	assert_in_range(f->counts.too_much.profiles, 200, 400);
	r = look(f);
	assert_int_equal(depot_measure(r, &size), 0);
	assert_true(size.used <= options.max_bytes);
	list(r, &l);
	/* The oldest have left. */
	assert_int_equal(l.rows[l.n_rows - 1].start, NOW);
	assert_int_equal(l.n_rows, 600 - f->counts.too_much.profiles);
	depot_list_fini(&l);
	depot_reader_close(r);
}

static size_t n_of(struct fixture *f, const char *tenant)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM profile p JOIN series s ON s.id = p.series"
		 " JOIN pprof d ON d.profile = p.id WHERE s.tenant = '%s'",
		 tenant);
	return (size_t)place_number(f->place.db, sql);
}

static int sum_up(void *context, const char *tenant, uint64_t bytes)
{
	uint64_t *each = context;

	assert_true(!strcmp(tenant, "anonymous") || !strcmp(tenant, "other"));
	each[*tenant == 'o'] = bytes;
	return 0;
}

static void measure_tenants(struct fixture *f, uint64_t ret[2])
{
	struct depot_reader *r = look(f);

	ret[0] = ret[1] = 0;
	assert_int_equal(depot_each_tenant(r, sum_up, ret), 0);
	depot_reader_close(r);
}

/*
 * One has pushed much, and all of it later than the other: its own oldest go, and when then all is
 * small enough nothing of the other's.
 */
static void removes_of_the_tenant_who_has_too_much(void **state)
{
	struct fixture *f = *state;
	struct compact_options options = { 0 };
	struct kind other = usual;
	struct depot_size size;
	uint64_t bytes[2];

	other.tenant = "other";
	for (uint64_t i = 0; i < 10; i++)
		push(f, i, NOW - DEPOT_DAY + (int64_t)i, &other);
	for (uint64_t i = 100; i < 300; i++)
		push(f, i, NOW - (int64_t)i * SECOND, &usual);
	measure_tenants(f, bytes);
	assert_true(bytes[0] > 19 * bytes[1] && bytes[1] > 10 * DEPOT_ROW_BYTES);
	struct depot_reader *r = look(f);
	assert_int_equal(depot_measure(r, &size), 0);
	depot_reader_close(r);
	options.tenant_bytes = bytes[0] / 2;
	options.max_bytes = size.used * 3 / 4;
	compact(f, &options);
	assert_in_range(f->counts.tenant.profiles, 99, 101);
	assert_int_equal(f->counts.too_much.profiles, 0);
	assert_int_equal(n_of(f, "other"), 1); /* of all 10 */
	assert_int_equal(place_number(f->place.db, "SELECT n FROM profile p JOIN series s"
						   " ON s.id = p.series WHERE tenant = 'other'"),
			 10);
	/* The oldest have left. */
	assert_int_equal(place_number(f->place.db, "SELECT max(last) FROM profile"),
			 NOW - 100 * SECOND + SECOND);
	measure_tenants(f, bytes);
	assert_true(bytes[0] <= options.tenant_bytes);
	/* Once more: there is nothing to do. */
	compact(f, &options);
	assert_in_range(f->counts.tenant.profiles, 99, 101);
}

static void forgets_series_of_a_tenant(void **state)
{
	struct fixture *f = *state;
	const struct compact_options options = { .tenant_bytes = 1 };

	for (uint64_t i = 0; i < 70; i++)
		push(f, i, NOW, &usual);
	compact(f, &options);
	assert_int_equal(f->counts.tenant.profiles, 70);
	assert_int_equal(place_number(f->place.db, "SELECT (SELECT count(*) FROM series)"
						   " + (SELECT count(*) FROM label)"
						   " + (SELECT count(*) FROM pprof)"
						   " + (SELECT count(*) FROM value)"),
			 0);
}

static void gives_room_back(void **state)
{
	struct fixture *f = *state;
	const struct compact_options options = { .max_age = 1 };
	struct depot_size size;
	uint8_t *noise = malloc((size_t)1 << 20);
	struct pgo_random rng;

	pgo_random_init(&rng, 1);
	for (size_t i = 0; i < 1 << 20; i++)
		noise[i] = (uint8_t)pgo_random_u64(&rng);
	for (uint64_t i = 0; i < 24; i++)
		push_bytes(f, i, NOW - DEPOT_DAY, &usual, span_of(noise, (size_t)1 << 20));
	compact(f, &options);
	assert_int_equal(f->counts.too_old.profiles, 24);
	assert_true(f->counts.bytes_freed >= (uint64_t)8 << 20);
	struct depot_reader *r = look(f);
	assert_int_equal(depot_measure(r, &size), 0);
	assert_true(size.free <= (uint64_t)16 << 20);
	depot_reader_close(r);
	free(noise);
}

/* ---- a full disk ------------------------------------------------------------------------- */

/* The disk is full the first time that something is removed from a table. */
static void fill_once(sqlite3_context *context, int n, sqlite3_value **values)
{
	bool *filled = sqlite3_user_data(context);

	(void)n;
	(void)values;
	if (!*filled)
		sqlite3_result_error_code(context, SQLITE_FULL);
	*filled = true;
}

static void fill_late(struct fixture *f, const char *table, bool *filled)
{
	sqlite3 *db = depot_database(f->place.depot);
	char sql[128];

	*filled = false;
	snprintf(sql, sizeof(sql),
		 "CREATE TEMP TRIGGER late BEFORE DELETE ON main.%s BEGIN SELECT fill(); END",
		 table);
	assert_int_equal(
		sqlite3_create_function(db, "fill", 0, SQLITE_UTF8, filled, fill_once, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* As many keys as are forgotten at a time, and more; after all that makes room at its start. */
static void goes_on_after_a_disk_filled_up_late(void **state)
{
	const struct compact_options options = { .key_age = DEPOT_DAY };
	struct fixture *f = *state;
	bool filled;

	place_alter(f->place.db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
				 " WHERE i < 9000) INSERT INTO merged SELECT i, 5 FROM n");
	fill_late(f, "merged", &filled);
	compact(f, &options);
	assert_true(filled);
	assert_int_equal(f->counts.relieved, 1);
	assert_int_equal(f->counts.keys, 9000);
	assert_false(depot_is_relieved(f->place.depot));
	assert_int_equal(push(f, 1, NOW, &usual), 1);
}

static void forgets_editions_with_less_at_a_time(void **state)
{
	const struct compact_options options = { .max_age = 2 * DEPOT_DAY };
	struct fixture *f = *state;
	bool filled;

	place_alter(f->place.db,
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 201)"
		    " INSERT INTO edition (tenant, name, mode, time, etag, policy, note, pprof)"
		    " SELECT 'anonymous', 'a', '', 5, '', '', '', '' FROM n");
	fill_late(f, "edition", &filled);
	compact(f, &options);
	assert_true(filled);
	assert_int_equal(f->counts.editions, 200);
	assert_int_equal(n_editions(f, "a"), 1);
}

static void runs_in_the_background(void **state)
{
	struct fixture *f = *state;
	const struct compact_options options = { 0 };
	struct compact_counts counts = { 0 };
	struct compactor *c;

	for (uint64_t i = 0; i < 6; i++)
		push(f, i, NOW, &usual);
	assert_int_equal(compactor_start(f->place.depot, &options, 1000000, NULL, NULL, &c), 0);
	while (counts.passes < 2)
		compactor_read(c, &counts);
	assert_null(compactor_stop(c));
	assert_int_equal(counts.merged, 6);
	assert_int_equal(counts.failed_passes, 0);
	assert_int_equal(n_rows(f), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(merges_an_hour),
		TEST(adds_up_totals),
		TEST(merges_a_day),
		TEST(takes_no_key_twice),
		TEST(keeps_apart_what_differs),
		TEST(changes_no_answer),
		cmocka_unit_test(adds_up_notes),
		TEST(replaces_all_or_nothing),
		TEST(merges_nothing_it_cannot_store),
		cmocka_unit_test(aligns_windows),
		TEST(removes_what_is_old),
		TEST(forgets_what_was_published),
		TEST(removes_what_is_too_much),
		TEST(removes_of_the_tenant_who_has_too_much),
		TEST(forgets_series_of_a_tenant),
		TEST(gives_room_back),
		TEST(goes_on_after_a_disk_filled_up_late),
		TEST(forgets_editions_with_less_at_a_time),
		TEST(runs_in_the_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
