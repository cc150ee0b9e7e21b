/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes at random moments, while some push and one merges and removes: what depot_add()
 * answered 0 for is on the disk then, once, and nothing else is wrong.
 *
 * test-power [CUTS]: how many; a few by default.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "collector/depot/keeping.h"
#include "pgo/random.h"
#include "tests/unit/collector/power.h"

#define PUSHERS 4
#define SIZE	20000

static unsigned int cuts = 20;

struct all {
	struct depot *depot;
	atomic_uint acknowledged[PUSHERS]; /* 0, 1, 2... of each */
	atomic_bool stop;
};

struct pusher {
	struct all *all;
	unsigned int number;
};

static void push(struct all *all, unsigned int pusher, unsigned int number)
{
	char bytes[SIZE];
	const struct depot_label label = { "service_name", "a" };
	const struct depot_type type = { "cpu:nanoseconds:cpu:nanoseconds", 1 };
	struct depot_profile p = { .tenant = "anonymous",
				   .labels = &label,
				   .n_labels = 1,
				   .types = &type,
				   .n_types = 1,
				   .service = "a",
				   .package = "",
				   .build = "b",
				   .start = number,
				   .cpu = true,
				   .pprof = span_of(bytes, SIZE / (1 + number % 7)) };
	size_t added;

	memset(bytes, 'x', SIZE);
	memcpy(p.key, &pusher, sizeof(pusher));
	memcpy(p.key + 4, &number, sizeof(number));
	assert_int_equal(depot_add(all->depot, &p, 1, &added), 0);
	assert_int_equal(added, 1);
	atomic_store(&all->acknowledged[pusher], number + 1);
}

static void *run_pusher(void *context)
{
	struct pusher *p = context;

	for (unsigned int i = 0; !atomic_load(&p->all->stop); i++)
		push(p->all, p->number, i);
	return NULL;
}

/* Some of what there is becomes one; room is given back. */
static void merge_some(struct depot *d, struct pgo_random *rng)
{
	const struct depot_query q = { "anonymous", "a", 0, INT64_MAX };
	struct depot_list l = DEPOT_LIST_NULL;
	struct depot_reader *r;
	int64_t ids[8];
	uint64_t freed;

	assert_int_equal(depot_reader_open(d, &r), 0);
	assert_int_equal(depot_list(r, &q, &l), 0);
	depot_reader_close(r);
	size_t n = l.n_rows < 8 ? l.n_rows : 2 + pgo_random_u64(rng) % 7;
	size_t from = n < l.n_rows ? pgo_random_u64(rng) % (l.n_rows - n) : 0;
	for (size_t i = 0; i < n; i++)
		ids[i] = l.rows[from + i].id;
	const struct depot_merger m = {
		.ids = ids, .n = n, .level = DEPOT_LEVEL_HOUR, .pprof = span_of("merged", 6)
	};
	if (n > 1)
		assert_int_equal(depot_replace(d, &m), 0);
	assert_int_equal(depot_vacuum(d, 100000, &freed), 0);
	depot_list_fini(&l);
}

static void *run_merger(void *context)
{
	struct all *all = context;
	struct pgo_random rng;

	pgo_random_init(&rng, 7);
	while (!atomic_load(&all->stop))
		merge_some(all->depot, &rng);
	return NULL;
}

/* ---- after the power is back ------------------------------------------------------------- */

static int64_t ask(sqlite3 *db, const char *sql, const void *key)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	if (key)
		sqlite3_bind_blob(s, 1, key, DEPOT_KEY_SIZE, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void check_keys(sqlite3 *db, const unsigned int *acknowledged)
{
	for (unsigned int i = 0; i < PUSHERS; i++)
		for (unsigned int k = 0; k < acknowledged[i]; k++) {
			uint8_t key[DEPOT_KEY_SIZE] = { 0 };

			memcpy(key, &i, sizeof(i));
			memcpy(key + 4, &k, sizeof(k));
			assert_int_equal(
				ask(db,
				    "SELECT (SELECT count(*) FROM profile WHERE key = ?1) +"
				    " (SELECT count(*) FROM merged WHERE key = ?1)",
				    key),
				1);
		}
}

static void check(const char *folder, const unsigned int *acknowledged)
{
	char file[128], why[DEPOT_WHY_SIZE];
	struct depot *d = NULL;
	sqlite3 *db;
	sqlite3_stmt *s;

	assert_int_equal(depot_open(folder, &d, why), 0);
	depot_close(d);
	snprintf(file, sizeof(file), "%s/profiles.db", folder);
	assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
	sqlite3_finalize(s);
	check_keys(db, acknowledged);
	/* Each once: by itself or in a merged one. */
	int64_t n = ask(db, "SELECT total(n) FROM profile", NULL);
	assert_int_equal(n, ask(db,
				"SELECT (SELECT count(*) FROM profile)"
				" + (SELECT count(*) FROM merged)",
				NULL));
	assert_int_equal(n, ask(db, "SELECT total(total) FROM value", NULL));
	assert_int_equal(0, ask(db,
				"SELECT count(*) FROM profile p LEFT JOIN pprof d"
				" ON d.profile = p.id WHERE d.profile IS NULL",
				NULL));
	sqlite3_close(db);
}

static void cut(struct all *all, const char *dir, unsigned int number)
{
	unsigned int acknowledged[PUSHERS];
	char to[64], command[128];

	for (size_t i = 0; i < PUSHERS; i++)
		acknowledged[i] = atomic_load(&all->acknowledged[i]);
	snprintf(to, sizeof(to), "%s/cut", dir);
	assert_int_equal(mkdir(to, 0700), 0);
	power_cut("/data/", to, number);
	check(to, acknowledged);
	snprintf(command, sizeof(command), "rm -r '%s'", to);
	assert_int_equal(system(command), 0);
}

/* Anew every so often, as what is checked grows. */
static void run(const char *dir, unsigned int first, unsigned int n)
{
	struct all all = { 0 };
	struct pusher pushers[PUSHERS];
	pthread_t threads[PUSHERS + 1];
	char data[64], why[DEPOT_WHY_SIZE], command[128];

	snprintf(data, sizeof(data), "%s/data", dir);
	assert_int_equal(depot_open(data, &all.depot, why), 0);
	for (unsigned int i = 0; i < PUSHERS; i++) {
		pushers[i] = (struct pusher){ &all, i };
		assert_int_equal(pthread_create(&threads[i], NULL, run_pusher, &pushers[i]), 0);
	}
	assert_int_equal(pthread_create(&threads[PUSHERS], NULL, run_merger, &all), 0);
	for (unsigned int i = 0; i < n; i++) {
		usleep((useconds_t)((first + i) * 7919 % 20000));
		cut(&all, dir, first + i);
	}
	atomic_store(&all.stop, true);
	for (size_t i = 0; i <= PUSHERS; i++)
		pthread_join(threads[i], NULL);
	depot_close(all.depot);
	snprintf(command, sizeof(command), "rm -r '%s'", data);
	assert_int_equal(system(command), 0);
}

static void keeps_what_it_acknowledged(void **state)
{
	char dir[32] = "power-XXXXXX", command[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (unsigned int i = 0; i < cuts; i += 10)
		run(dir, i, cuts - i < 10 ? cuts - i : 10);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_what_it_acknowledged) };

	if (argc > 1)
		cuts = (unsigned int)atoi(argv[1]);
	power_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
