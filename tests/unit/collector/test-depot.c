/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/depot/depot.h"
#include "collector/depot/schema.h"
#include "tests/unit/collector/place.h"

static int set_up(void **state)
{
	struct place *f = calloc(1, sizeof(*f));

	place_init(f, "depot");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	place_fini(*state);
	free(*state);
	return 0;
}

static void open_it(struct place *f)
{
	place_open(f, f->data);
}

static int try_open(struct place *f)
{
	char why[DEPOT_WHY_SIZE];
	struct depot *other = NULL;
	int r = depot_open(f->data, &other, why);

	depot_close(other);
	return r;
}

static const struct depot_label labels[] = { { "main_package", "example.com/a" },
					     { "service_name", "a" } };

static const struct depot_type types[] = { { "samples:count:cpu:nanoseconds", 30 },
					   { "cpu:nanoseconds:cpu:nanoseconds", 300 } };

static struct depot_profile make(const char *key, const char *build, int64_t start)
{
	struct depot_profile p = { .tenant = "anonymous",
				   .labels = labels,
				   .n_labels = 2,
				   .types = types,
				   .n_types = 2,
				   .service = "a",
				   .package = "example.com/a",
				   .build = build,
				   .start = start,
				   .duration = 10,
				   .samples = 7,
				   .cpu = true,
				   .pprof = span_of(key, strlen(key)) };

	memcpy(p.key, key, strlen(key));
	return p;
}

static size_t add(struct place *f, struct depot_profile p)
{
	size_t added = 99;

	assert_int_equal(depot_add(f->depot, &p, 1, &added), 0);
	return added;
}

static void list(struct place *f, const char *name, int64_t since, struct depot_list *ret)
{
	const struct depot_query q = { "anonymous", name, since, INT64_MAX };
	struct depot_reader *r;

	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_list(r, &q, ret), 0);
	depot_reader_close(r);
}

static void keeps_what_it_took(void **state)
{
	struct place *f = *state;
	struct depot_list l = DEPOT_LIST_NULL;
	struct buf pprof = BUF_INIT(100);
	struct depot_reader *r;

	open_it(f);
	assert_int_equal(add(f, make("one", "b1", 5)), 1);
	f->depot = depot_close(f->depot);
	open_it(f);
	list(f, "example.com/a", 0, &l);
	assert_int_equal(l.n_rows, 1);
	assert_int_equal(l.rows[0].start, 5);
	assert_int_equal(l.rows[0].samples, 7);
	assert_string_equal(depot_list_text(&l, l.rows[0].package), "example.com/a");
	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_read(r, l.rows[0].id, &pprof), 0);
	assert_int_equal(pprof.size, 3);
	assert_memory_equal(pprof.data, "one", 3);
	assert_int_equal(depot_read(r, l.rows[0].id + 1, &pprof), DEPOT_E_NONE);
	depot_reader_close(r);
	buf_fini(&pprof);
	depot_list_fini(&l);
}

/* Each row belongs to its build, however many there are. */
static void lists_many_builds(void **state)
{
	enum { BUILDS = 10000, AT_ONCE = 500 };
	struct place *f = *state;
	static struct depot_profile all[AT_ONCE];
	static char ids[AT_ONCE][16];
	struct depot_list l = DEPOT_LIST_NULL;
	size_t added;

	open_it(f);
	for (unsigned int i = 0; i < 2 * BUILDS; i++) {
		char *id = ids[i % AT_ONCE];

		snprintf(id, sizeof(ids[0]), "b%u", i % BUILDS);
		all[i % AT_ONCE] = make("x", id, i);
		memcpy(all[i % AT_ONCE].key, &i, sizeof(i));
		if (i % AT_ONCE < AT_ONCE - 1)
			continue;
		assert_int_equal(depot_add(f->depot, all, AT_ONCE, &added), 0);
		assert_int_equal(added, AT_ONCE);
	}
	list(f, "a", 0, &l);
	assert_int_equal(l.n_rows, 2 * BUILDS);
	assert_int_equal(l.n_builds, BUILDS);
	for (unsigned int i = 0; i < 2 * BUILDS; i++) {
		char id[16];

		snprintf(id, sizeof(id), "b%u", i % BUILDS);
		assert_string_equal(depot_list_text(&l, l.builds[l.rows[i].build].id), id);
		assert_int_equal(l.builds[l.rows[i].build].first, i % BUILDS);
	}
	depot_list_fini(&l);
}

static void takes_a_key_once(void **state)
{
	struct place *f = *state;
	struct depot_list l = DEPOT_LIST_NULL;

	open_it(f);
	assert_int_equal(add(f, make("one", "b1", 5)), 1);
	assert_int_equal(add(f, make("one", "b1", 6)), 0);
	assert_int_equal(add(f, make("two", "b1", 6)), 1);
	list(f, "a", 0, &l);
	assert_int_equal(l.n_rows, 2);
	assert_int_equal(l.rows[0].series, l.rows[1].series);
	depot_list_fini(&l);
}

static void lists_newest_build_first(void **state)
{
	struct place *f = *state;
	struct depot_list l = DEPOT_LIST_NULL;

	open_it(f);
	add(f, make("1", "old", 10));
	add(f, make("2", "new", 50));
	add(f, make("3", "old", 60));
	add(f, make("4", "new", 61));
	/* "old" appeared before the window, and is older for that. */
	list(f, "example.com/a", 50, &l);
	assert_int_equal(l.n_rows, 3);
	assert_int_equal(l.n_builds, 2);
	assert_string_equal(depot_list_text(&l, l.builds[0].id), "new");
	assert_string_equal(depot_list_text(&l, l.builds[1].id), "old");
	assert_int_equal(l.rows[0].build, 0);
	assert_int_equal(l.rows[1].build, 1);
	depot_list_fini(&l);
}

static void keeps_tenants_apart(void **state)
{
	struct place *f = *state;
	struct depot_profile p = make("one", "b1", 5);
	struct depot_list l = DEPOT_LIST_NULL;

	open_it(f);
	p.tenant = "other";
	add(f, p);
	list(f, "example.com/a", 0, &l);
	assert_int_equal(l.n_rows, 0);
	depot_list_fini(&l);
}

/* Of a service named as another's package, and of what is no CPU profile. */
static void prefers_packages(void **state)
{
	struct place *f = *state;
	struct depot_profile p = make("one", "b1", 5), heap = make("two", "b1", 6);
	static const struct depot_label others[] = { { "service_name", "example.com/a" } };
	struct depot_list l = DEPOT_LIST_NULL;

	open_it(f);
	add(f, p);
	heap.cpu = false;
	add(f, heap);
	p = make("three", "b2", 7);
	p.labels = others;
	p.n_labels = 1;
	p.service = "example.com/a";
	p.package = "";
	add(f, p);
	list(f, "example.com/a", 0, &l);
	assert_int_equal(l.n_rows, 1);
	assert_int_equal(l.rows[0].start, 5);
	depot_list_fini(&l);
}

static void state_tells_changes(void **state)
{
	struct place *f = *state;
	const struct depot_query q = { "anonymous", "a", 0, INT64_MAX };
	struct depot_state before, after;
	struct depot_reader *r;

	open_it(f);
	add(f, make("1", "b", 10));
	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_state(r, &q, &before), 0);
	add(f, make("2", "b", 5));
	/* One reader, one view. */
	assert_int_equal(depot_state(r, &q, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	depot_reader_close(r);
	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_state(r, &q, &after), 0);
	assert_memory_not_equal(&before, &after, sizeof(before));
	depot_reader_close(r);
}

/* ---- series ------------------------------------------------------------------------------ */

static void list_series(struct place *f, const struct depot_series_query *q,
			struct depot_series_list *ret)
{
	struct depot_reader *r;

	depot_series_list_fini(ret);
	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_list_series(r, q, ret), 0);
	depot_reader_close(r);
}

static void lists_series(void **state)
{
	static const struct depot_label others[] = { { "pod", "" }, { "service_name", "b" } };
	struct place *f = *state;
	struct depot_series_query q = { "anonymous", 5, 6, NULL, NULL };
	struct depot_series_list l = DEPOT_SERIES_LIST_NULL;
	struct depot_label got[DEPOT_MAX_LABELS];
	struct depot_profile p = make("2", "b1", 6);

	open_it(f);
	add(f, make("1", "b1", 5));
	p.labels = others;
	p.cpu = false;
	p.n_types = 1;
	add(f, p);
	list_series(f, &q, &l);
	assert_int_equal(l.n_rows, 2);
	assert_int_equal(l.rows[0].n_types, 2);
	assert_string_equal((char *)l.text.data + l.types[0].name, types[1].name);
	assert_int_equal(l.rows[1].n_types, 1);
	assert_int_equal(depot_series_labels(&l, &l.rows[1], got), 2);
	assert_string_equal(got[0].name, "pod");
	assert_string_equal(got[0].value, "");
	assert_string_equal(got[1].value, "b");
	/* A window, a label, a tenant. */
	q.since = 6;
	list_series(f, &q, &l);
	assert_int_equal(l.n_rows, 1);
	q.until = 5;
	list_series(f, &q, &l);
	assert_int_equal(l.n_rows, 0);
	q = (struct depot_series_query){ "anonymous", 0, 100, "service_name", "a" };
	list_series(f, &q, &l);
	assert_int_equal(l.n_rows, 1);
	q.tenant = "other";
	list_series(f, &q, &l);
	assert_int_equal(l.n_rows, 0);
	depot_series_list_fini(&l);
}

struct sum {
	int64_t n, total;
};

static int add_up(void *context, const struct depot_item *item)
{
	struct sum *sum = context;

	sum->n++;
	sum->total += item->total;
	return 0;
}

static struct sum sum_of(struct place *f, int64_t type, int64_t since)
{
	struct depot_reader *r;
	struct sum sum = { 0 };

	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_each_profile(r, 1, type, since, 100, add_up, &sum), 0);
	depot_reader_close(r);
	return sum;
}

static void sums_values(void **state)
{
	struct place *f = *state;
	struct sum sum;

	open_it(f);
	add(f, make("1", "b1", 5));
	add(f, make("1", "b1", 5));
	add(f, make("2", "b2", 7));
	sum = sum_of(f, 2, 0);
	assert_int_equal(sum.n, 2);
	assert_int_equal(sum.total, 600);
	sum = sum_of(f, 2, 6);
	assert_int_equal(sum.n, 1);
	/* What goes takes its values along. */
	f->depot = depot_close(f->depot);
	place_alter(f->db, "DELETE FROM profile WHERE start = 7; DELETE FROM series WHERE id = 5");
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM value"), 2);
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM type"), 2);
	place_alter(f->db, "DELETE FROM profile; DELETE FROM series");
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM value"), 0);
	assert_int_equal(place_number(f->db, "SELECT count(*) FROM type"), 0);
}

static void knows_its_extent(void **state)
{
	struct place *f = *state;
	struct depot_extent e;
	struct depot_reader *r;

	open_it(f);
	add(f, make("1", "b1", 5));
	add(f, make("2", "b1", 9));
	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_extent(r, "anonymous", &e), 0);
	assert_int_equal(e.profiles, 2);
	assert_int_equal(e.first, 5);
	assert_int_equal(e.last, 9);
	assert_int_equal(depot_extent(r, "other", &e), 0);
	assert_int_equal(e.profiles, 0);
	depot_reader_close(r);
}

/* ---- opening ----------------------------------------------------------------------------- */

static void is_for_one_process(void **state)
{
	struct place *f = *state;

	open_it(f);
	assert_int_equal(try_open(f), DEPOT_E_LOCKED);
}

static void refuses_a_later_version(void **state)
{
	struct place *f = *state;

	open_it(f);
	f->depot = depot_close(f->depot);
	place_alter(f->db, "PRAGMA user_version = 1000");
	assert_int_equal(try_open(f), DEPOT_E_NEWER);
}

static void refuses_what_is_not_its_own(void **state)
{
	struct place *f = *state;

	open_it(f);
	f->depot = depot_close(f->depot);
	place_alter(f->db, "PRAGMA application_id = 5");
	assert_int_equal(try_open(f), DEPOT_E_FOREIGN);
	FILE *file = fopen(f->db, "w");
	fputs("This is no database at all, but it is longer than a header of SQLite's is: 100.\n",
	      file);
	fputs("This is no database at all, but it is longer than a header of SQLite's is: 100.\n",
	      file);
	fclose(file);
	assert_int_equal(try_open(f), DEPOT_E_DAMAGED);
}

static int number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* Version by version, and all or nothing. */
static void upgrades(void **state)
{
	static const char *const steps[] = {
		"CREATE TABLE a (x)", "INSERT INTO a VALUES (5)",
		"UPDATE a SET x = x + 1; INSERT INTO missing VALUES (1)"
	};
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(schema_upgrade_by(db, steps, 1), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(schema_upgrade_by(db, steps, 2), 0);
	assert_int_equal(number(db, "SELECT x FROM a"), 5);
	assert_int_not_equal(schema_upgrade_by(db, steps, 3), 0);
	assert_int_equal(number(db, "SELECT x FROM a"), 5);
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	assert_int_equal(schema_upgrade_by(db, steps, 1), DEPOT_E_NEWER);
	sqlite3_close(db);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_it_took),
		TEST(takes_a_key_once),
		TEST(lists_many_builds),
		TEST(lists_newest_build_first),
		TEST(keeps_tenants_apart),
		TEST(prefers_packages),
		TEST(state_tells_changes),
		TEST(lists_series),
		TEST(sums_values),
		TEST(knows_its_extent),
		TEST(is_for_one_process),
		TEST(refuses_a_later_version),
		TEST(refuses_what_is_not_its_own),
		cmocka_unit_test(upgrades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
