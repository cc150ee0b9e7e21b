/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/depot/depot.h"
#include "collector/depot/schema.h"

struct fixture {
	char dir[64], data[80], db[96];
	struct depot *depot;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "depot-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->data, sizeof(f->data), "%s/data", f->dir);
	snprintf(f->db, sizeof(f->db), "%s/profiles.db", f->data);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	depot_close(f->depot);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void open_it(struct fixture *f)
{
	char why[DEPOT_WHY_SIZE];

	assert_int_equal(depot_open(f->data, &f->depot, why), 0);
}

static int try_open(struct fixture *f)
{
	char why[DEPOT_WHY_SIZE];
	struct depot *other = NULL;
	int r = depot_open(f->data, &other, why);

	depot_close(other);
	return r;
}

static const struct depot_label labels[] = { { "main_package", "example.com/a" },
					     { "service_name", "a" } };

static struct depot_profile make(const char *key, const char *build, int64_t start)
{
	struct depot_profile p = { .tenant = "anonymous",
				   .labels = labels,
				   .n_labels = 2,
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

static size_t add(struct fixture *f, struct depot_profile p)
{
	size_t added = 99;

	assert_int_equal(depot_add(f->depot, &p, 1, &added), 0);
	return added;
}

static void list(struct fixture *f, const char *name, int64_t since, struct depot_list *ret)
{
	const struct depot_query q = { "anonymous", name, since, INT64_MAX };
	struct depot_reader *r;

	assert_int_equal(depot_reader_open(f->depot, &r), 0);
	assert_int_equal(depot_list(r, &q, ret), 0);
	depot_reader_close(r);
}

static void keeps_what_it_took(void **state)
{
	struct fixture *f = *state;
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

static void takes_a_key_once(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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

/* ---- opening ----------------------------------------------------------------------------- */

static void is_for_one_process(void **state)
{
	struct fixture *f = *state;

	open_it(f);
	assert_int_equal(try_open(f), DEPOT_E_LOCKED);
}

static void alter(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void refuses_a_later_version(void **state)
{
	struct fixture *f = *state;

	open_it(f);
	f->depot = depot_close(f->depot);
	alter(f, "PRAGMA user_version = 1000");
	assert_int_equal(try_open(f), DEPOT_E_NEWER);
}

static void refuses_what_is_not_its_own(void **state)
{
	struct fixture *f = *state;

	open_it(f);
	f->depot = depot_close(f->depot);
	alter(f, "PRAGMA application_id = 5");
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
		TEST(lists_newest_build_first),
		TEST(keeps_tenants_apart),
		TEST(prefers_packages),
		TEST(state_tells_changes),
		TEST(is_for_one_process),
		TEST(refuses_a_later_version),
		TEST(refuses_what_is_not_its_own),
		cmocka_unit_test(upgrades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
