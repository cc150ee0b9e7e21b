/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "collector/depot/inside.h"
#include "collector/depot/keeping.h"
#include "collector/depot/sql.h"
#include "collector/depot/writer.h"

static int64_t length_of(enum depot_level level)
{
	return level == DEPOT_LEVEL_DAY ? DEPOT_DAY : DEPOT_HOUR;
}

/* ---- finding ----------------------------------------------------------------------------- */

int depot_groups(struct depot_reader *r, enum depot_level level, int64_t before,
		 struct depot_group *ret_groups, size_t max, size_t *ret_n)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result = sql_prepare(depot_reader_database(r),
				 "SELECT min(id), start / ?3 AS number FROM profile"
				 " WHERE level < ?1 AND start < ?2"
				 " GROUP BY number, series, cpu, build LIMIT ?4",
				 &s);

	*ret_n = 0;
	if (result != 0)
		return result;
	sqlite3_bind_int(s, 1, (int)level);
	sqlite3_bind_int64(s, 2, before);
	sqlite3_bind_int64(s, 3, length_of(level));
	sqlite3_bind_int64(s, 4, (int64_t)max);
	while (*ret_n < max && (code = sqlite3_step(s)) == SQLITE_ROW)
		ret_groups[(*ret_n)++] = (struct depot_group){ .any = sqlite3_column_int64(s, 0),
							       .from = sqlite3_column_int64(s, 1) *
								       length_of(level) };
	return sql_outcome(depot_reader_database(r), code);
}

static int count_members(struct depot_reader *r, sqlite3_stmt *s, struct depot_member *members,
			 size_t *ret_n)
{
	int code;

	*ret_n = 0;
	while ((code = sqlite3_step(s)) == SQLITE_ROW && *ret_n < DEPOT_MAX_MEMBERS)
		members[(*ret_n)++] =
			(struct depot_member){ sqlite3_column_int64(s, 0),
					       (enum depot_level)sqlite3_column_int(s, 1) };
	return sql_outcome(depot_reader_database(r), code);
}

int depot_members(struct depot_reader *r, enum depot_level level, const struct depot_group *g,
		  struct depot_member **ret_members, size_t *ret_n)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	_cleanup_(freep) struct depot_member *members =
		reallocarray(NULL, DEPOT_MAX_MEMBERS, sizeof(*members));
	int result =
		sql_prepare(depot_reader_database(r),
			    "SELECT p.id, p.level FROM profile a JOIN profile p"
			    " ON p.series = a.series AND p.cpu = a.cpu AND p.build = a.build"
			    " WHERE a.id = ?1 AND p.start >= ?2 AND p.start < ?3 AND p.level <= ?4"
			    " ORDER BY p.start, p.id",
			    &s);

	if (!members)
		return -ENOMEM;
	if (result != 0)
		return result;
	sqlite3_bind_int64(s, 1, g->any);
	sqlite3_bind_int64(s, 2, g->from);
	sqlite3_bind_int64(s, 3, g->from + length_of(level));
	sqlite3_bind_int(s, 4, (int)level);
	result = count_members(r, s, members, ret_n);
	if (result == 0)
		*ret_members = TAKE_PTR(members);
	return result;
}

/* ---- replacing --------------------------------------------------------------------------- */

struct replacement {
	struct depot_job job;
	const struct depot_merger *merger;
	sqlite3_value *key, *build; /* of the first one */
	int64_t series;
	int cpu;
	int64_t start, last, duration, n;
};

/* For each of what is merged, ?1, and the merged one, ?2. */
static const char *const steps[] = {
	"INSERT OR IGNORE INTO merged (key, time) SELECT key, ?3 FROM profile WHERE id = ?1",
	"INSERT INTO value (profile, type, total) SELECT ?2, type, total FROM value"
	" WHERE profile = ?1 ON CONFLICT (profile, type) DO UPDATE SET total = total + "
	"excluded.total",
	"DELETE FROM profile WHERE id = ?1",
	"DELETE FROM pprof WHERE profile = ?1",
};

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int take_first(struct replacement *p, sqlite3_stmt *s)
{
	p->key = sqlite3_value_dup(sqlite3_column_value(s, 0));
	p->build = sqlite3_value_dup(sqlite3_column_value(s, 1));
	p->series = sqlite3_column_int64(s, 2);
	p->cpu = sqlite3_column_int(s, 3);
	p->start = sqlite3_column_int64(s, 4);
	p->last = sqlite3_column_int64(s, 5);
	return p->key && p->build ? 0 : -ENOMEM;
}

static int look_at(struct replacement *p, sqlite3_stmt *s)
{
	int64_t start = sqlite3_column_int64(s, 4), last = sqlite3_column_int64(s, 5);
	int r = p->key ? 0 : take_first(p, s);

	if (start < p->start)
		p->start = start;
	if (last > p->last)
		p->last = last;
	p->duration = plus(p->duration, sqlite3_column_int64(s, 6));
	p->n = plus(p->n, sqlite3_column_int64(s, 7));
	return r;
}

static int look(sqlite3 *db, struct replacement *p)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db,
			    "SELECT key, build, series, cpu, start, last, duration, n"
			    " FROM profile WHERE id = ?",
			    &s);

	for (size_t i = 0; r == 0 && i < p->merger->n; i++) {
		sqlite3_bind_int64(s, 1, p->merger->ids[i]);
		int code = sqlite3_step(s);
		r = code == SQLITE_ROW	  ? look_at(p, s)
		    : code == SQLITE_DONE ? DEPOT_E_NONE
					  : sql_outcome(db, code);
		sqlite3_reset(s);
	}
	return r;
}

/* Its key is one of those it takes the place of, so it has another one until they are gone. */
static int add_row(sqlite3 *db, const struct replacement *p, int64_t *ret_id)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(
		db,
		"INSERT INTO profile (key, series, build, start, duration, samples, cpu,"
		" bytes, level, n, last) VALUES (randomblob(32), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
		"?10, ?11)",
		&s);

	if (r != 0)
		return r;
	sqlite3_bind_int64(s, 2, p->series);
	sqlite3_bind_value(s, 3, p->build);
	sqlite3_bind_int64(s, 4, p->start);
	sqlite3_bind_int64(s, 5, p->duration);
	sqlite3_bind_int64(s, 6, p->merger->samples);
	sqlite3_bind_int(s, 7, p->cpu);
	sqlite3_bind_int64(s, 8, (int64_t)p->merger->pprof.size);
	sqlite3_bind_int(s, 9, (int)p->merger->level);
	sqlite3_bind_int64(s, 10, p->n);
	sqlite3_bind_int64(s, 11, p->last);
	r = sql_step_done(s);
	*ret_id = sqlite3_last_insert_rowid(db);
	return r;
}

static int run_step(sqlite3 *db, const char *sql, const struct replacement *p, int64_t id)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, sql, &s);

	for (size_t i = 0; r == 0 && i < p->merger->n; i++) {
		sqlite3_bind_int64(s, 1, p->merger->ids[i]);
		sqlite3_bind_int64(s, 2, id);
		sqlite3_bind_int64(s, 3, p->merger->now);
		r = sql_step_done(s);
	}
	return r;
}

/* The first one's key is not merged: it goes on. */
static int pass_key_on(sqlite3 *db, const struct replacement *p, int64_t id)
{
	static const char *const texts[] = { "UPDATE profile SET key = ?1 WHERE id = ?2",
					     "DELETE FROM merged WHERE key = ?1" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++) {
		_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;

		r = sql_prepare(db, texts[i], &s);
		if (r != 0)
			return r;
		sqlite3_bind_value(s, 1, p->key);
		if (i == 0)
			sqlite3_bind_int64(s, 2, id);
		r = sql_step_done(s);
	}
	return r;
}

static int replace(struct depot *d, struct replacement *p)
{
	sqlite3 *db = depot_database(d);
	int64_t id = 0;
	int r = look(db, p);

	if (r == 0)
		r = add_row(db, p, &id);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = run_step(db, steps[i], p, id);
	if (r == 0)
		r = pass_key_on(db, p, id);
	return r ? r : writer_store(db, id, p->merger->pprof);
}

/* One alone: only its level changes. */
static int promote(struct depot *d, const struct depot_merger *m)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(depot_database(d), "UPDATE profile SET level = ? WHERE id = ?", &s);

	if (r != 0)
		return r;
	sqlite3_bind_int(s, 1, (int)m->level);
	sqlite3_bind_int64(s, 2, m->ids[0]);
	return sql_step_done(s);
}

static int work(struct depot *d, struct depot_job *job)
{
	struct replacement *p = container_of(job, struct replacement, job);

	if (p->merger->n == 1 && !p->merger->pprof.size)
		return promote(d, p->merger);
	int r = replace(d, p);
	sqlite3_value_free(p->key);
	sqlite3_value_free(p->build);
	return r;
}

int depot_replace(struct depot *d, const struct depot_merger *m)
{
	struct replacement p = { .job = { .work = work, .bytes = m->pprof.size }, .merger = m };

	return depot_commit(d, &p.job);
}
