/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector/place.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "pgo/random.h"

void place_init(struct place *p, const char *test)
{
	*p = (struct place){ 0 };
	snprintf(p->dir, sizeof(p->dir), "%s-XXXXXX", test);
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->data, sizeof(p->data), "%s/data", p->dir);
	snprintf(p->copy, sizeof(p->copy), "%s/copy", p->dir);
	snprintf(p->db, sizeof(p->db), "%s/profiles.db", p->data);
}

void place_fini(struct place *p)
{
	char command[128];

	p->depot = depot_close(p->depot);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
}

void place_open(struct place *p, const char *path)
{
	char why[DEPOT_WHY_SIZE];

	assert_int_equal(depot_open(path, &p->depot, why), 0);
}

void place_alter(const char *file, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

int64_t place_number(const char *file, const char *sql)
{
	sqlite3_stmt *s;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static void add_functions(struct pprof_profile *p, uint32_t mapping)
{
	for (unsigned int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "main.f%u", i);
		const struct pprof_function fn = { .name = name, .start_line = i + 1 };
		const struct pprof_line line = { .function = i, .line = i + 3 };
		const struct pprof_location l = {
			.mapping = mapping, .address = 1000 + i, .lines = &line, .n_lines = 1
		};
		assert_int_equal(pprof_add_function(p, &fn, NULL), 0);
		assert_int_equal(pprof_add_location(p, &l, NULL), 0);
	}
}

void place_add_stacks(struct pprof_profile *p, uint64_t seed, uint32_t mapping, bool samples,
		      int64_t odd)
{
	struct pgo_random rng;

	pgo_random_init(&rng, seed);
	add_functions(p, mapping);
	for (unsigned int i = 0; i < 60; i++) {
		const int64_t count = (int64_t)(pgo_random_u64(&rng) % 9) + 1;
		const int64_t cpu = count * 10 + odd;
		uint32_t stack[4];

		for (size_t n = 0; n < 4; n++)
			stack[n] = (uint32_t)(pgo_random_u64(&rng) % 20);
		const struct pprof_sample s = { .locations = stack,
						.n_locations = 4,
						.values = samples ? (const int64_t[]){ count, cpu }
								  : &cpu };
		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
}
