/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "collector/depot/inside.h"
#include "collector/depot/keeping.h"
#include "collector/depot/sql.h"

#define PAGE 4096u

/* A statement of two numbers, as a job. */
struct removal {
	struct depot_job job;
	const char *tenant; /* or NULL */
	uint64_t room;	    /* that is wanted */
	int64_t before, max;
	struct depot_removed removed;
	int64_t n; /* that were removed; or when the last of them ended */
};

/* On a full disk with the reserve, and less at a time: what it writes has to fit in there. */
static int remove_some(struct depot *d, struct removal *x)
{
	x->job.removes = true;
	int r = depot_commit(d, &x->job);

	while (r == DEPOT_E_FULL && x->max > 1) {
		depot_relieve(d);
		x->max /= 4;
		x->max += !x->max;
		x->job.done = false;
		x->job.next = NULL;
		r = depot_commit(d, &x->job);
	}
	return r;
}

static int run(sqlite3 *db, const char *sql, const struct removal *x)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, sql, &s);

	if (r != 0)
		return r;
	sqlite3_bind_int64(s, 1, x->before);
	sqlite3_bind_int64(s, 2, x->max);
	return sql_step_done(s);
}

/* ---- keys -------------------------------------------------------------------------------- */

static int forget_by(struct depot *d, struct removal *x, const char *sql)
{
	int r = run(depot_database(d), sql, x);

	x->n = sqlite3_changes64(depot_database(d));
	return r;
}

static int forget_keys(struct depot *d, struct depot_job *job)
{
	return forget_by(d, container_of(job, struct removal, job),
			 "DELETE FROM merged WHERE key IN"
			 " (SELECT key FROM merged WHERE time < ?1 ORDER BY time LIMIT ?2)");
}

static int forget_editions(struct depot *d, struct depot_job *job)
{
	return forget_by(d, container_of(job, struct removal, job),
			 "DELETE FROM edition WHERE id IN (SELECT id FROM edition WHERE time < ?1"
			 " AND id NOT IN (SELECT edition FROM pin) AND id NOT IN"
			 " (SELECT max(id) FROM edition GROUP BY tenant, name, mode) LIMIT ?2)");
}

static int forget_dictionaries(struct depot *d, struct depot_job *job)
{
	return forget_by(d, container_of(job, struct removal, job),
			 "DELETE FROM dictionary WHERE rowid IN (SELECT rowid FROM dictionary d"
			 " WHERE id < ?1 AND NOT EXISTS"
			 " (SELECT 1 FROM brief b WHERE b.dictionary = d.id) LIMIT ?2)");
}

static int forget(struct depot *d, struct removal *x, size_t *ret_n)
{
	int r = remove_some(d, x);

	*ret_n = r == 0 ? (size_t)x->n : 0;
	return r;
}

int depot_forget_keys(struct depot *d, int64_t before, size_t max, size_t *ret_n)
{
	struct removal x = { .job.work = forget_keys, .before = before, .max = (int64_t)max };

	return forget(d, &x, ret_n);
}

int depot_forget_editions(struct depot *d, int64_t before, size_t max, size_t *ret_n)
{
	struct removal x = { .job.work = forget_editions, .before = before, .max = (int64_t)max };

	return forget(d, &x, ret_n);
}

int depot_forget_dictionaries(struct depot *d, int64_t before, size_t max, size_t *ret_n)
{
	struct removal x = { .job.work = forget_dictionaries,
			     .before = before,
			     .max = (int64_t)max };

	return forget(d, &x, ret_n);
}

/* ---- profiles ---------------------------------------------------------------------------- */

/* Of a profile and its series; labels are stored with each profile once more. */
#define ROOM "p.bytes + length(s.key) + 1024"

_Static_assert(DEPOT_ROW_BYTES == 1024, "ROOM says the same");

static const char oldest[] = "SELECT p.id, p.series, p.n, p.bytes, " ROOM ", p.last"
			     " FROM profile p LEFT JOIN series s ON s.id = p.series"
			     " WHERE p.last < ?1 ORDER BY p.last, p.id LIMIT ?2";

static const char oldest_of[] =
	"SELECT p.id, p.series, p.n, p.bytes, " ROOM ", p.last"
	" FROM profile p CROSS JOIN series s ON s.id = p.series"
	" WHERE p.last >= ?1 AND s.tenant = ?3 ORDER BY p.last, p.id LIMIT ?2";

struct found {
	int64_t id, series;
};

/* What a statement as the ones above finds; @found has room for it. */
static int find(sqlite3 *db, sqlite3_stmt *s, struct removal *x, struct found *found, size_t *ret_n)
{
	size_t n = 0;
	int code;

	x->removed = (struct depot_removed){ 0 };
	while ((code = sqlite3_step(s)) == SQLITE_ROW && n < (size_t)x->max &&
	       x->removed.room < x->room) {
		found[n++] =
			(struct found){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1) };
		x->removed.profiles += (uint64_t)sqlite3_column_int64(s, 2);
		x->removed.bytes += (uint64_t)sqlite3_column_int64(s, 3);
		x->removed.room += (uint64_t)sqlite3_column_int64(s, 4);
		x->n = sqlite3_column_int64(s, 5);
	}
	*ret_n = n;
	return sql_outcome(db, code);
}

static int remove_by(sqlite3 *db, const char *sql, const struct found *found, size_t n)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, sql, &s);

	for (size_t i = 0; r == 0 && i < n; i++) {
		sqlite3_bind_int64(s, 1, found[i].id);
		sqlite3_bind_int64(s, 2, found[i].series);
		r = sql_step_done(s);
	}
	return r;
}

static int remove_found(sqlite3 *db, const struct found *found, size_t n)
{
	static const char *const texts[] = {
		"DELETE FROM pprof WHERE profile = ?1",
		"DELETE FROM profile WHERE id = ?1",
		"DELETE FROM series WHERE id = ?2"
		" AND NOT EXISTS (SELECT 1 FROM profile WHERE series = ?2)",
		"DELETE FROM label WHERE series = ?2"
		" AND NOT EXISTS (SELECT 1 FROM series WHERE id = ?2)",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = remove_by(db, texts[i], found, n);
	return r;
}

static int expire(struct depot *d, struct depot_job *job)
{
	struct removal *x = container_of(job, struct removal, job);
	_cleanup_(freep) struct found *found = reallocarray(NULL, (size_t)x->max, sizeof(*found));
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_database(d);
	size_t n = 0;
	int r = found ? sql_prepare(db, x->tenant ? oldest_of : oldest, &s) : -ENOMEM;

	if (r != 0)
		return r;
	sqlite3_bind_int64(s, 1, x->before);
	sqlite3_bind_int64(s, 2, x->max);
	if (x->tenant)
		sql_bind_text(s, 3, x->tenant);
	r = find(db, s, x, found, &n);
	return r ? r : remove_found(db, found, n);
}

int depot_expire(struct depot *d, int64_t before, size_t max, struct depot_removed *ret_removed)
{
	struct removal x = {
		.job.work = expire, .room = UINT64_MAX, .before = before, .max = (int64_t)max
	};
	int r = remove_some(d, &x);

	*ret_removed = r == 0 ? x.removed : (struct depot_removed){ 0 };
	return r;
}

int depot_expire_of(struct depot *d, const char *tenant, uint64_t room, size_t max, int64_t *from,
		    struct depot_removed *ret_removed)
{
	struct removal x = { .job.work = expire,
			     .tenant = tenant,
			     .room = room,
			     .before = *from,
			     .max = (int64_t)max };
	int r = remove_some(d, &x);

	*ret_removed = r == 0 ? x.removed : (struct depot_removed){ 0 };
	if (r == 0 && x.removed.profiles)
		*from = x.n;
	return r;
}

int depot_each_tenant(struct depot_reader *r,
		      int (*each)(void *context, const char *tenant, uint64_t bytes), void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int code = SQLITE_DONE;
	int result = sql_prepare(db,
				 "SELECT s.tenant, sum(" ROOM ") FROM profile p"
				 " CROSS JOIN series s ON s.id = p.series GROUP BY s.tenant",
				 &s);

	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *tenant = (const char *)sqlite3_column_text(s, 0);

		result = tenant ? each(context, tenant, (uint64_t)sqlite3_column_int64(s, 1))
				: -ENOMEM;
	}
	return result ? result : sql_outcome(db, code);
}

/* ---- room -------------------------------------------------------------------------------- */

static int read_number(sqlite3 *db, const char *sql, uint64_t *ret_number)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, sql, &s);

	if (r != 0)
		return r;
	int code = sqlite3_step(s);
	*ret_number = (uint64_t)sqlite3_column_int64(s, 0);
	return sql_outcome(db, code);
}

static int measure(sqlite3 *db, struct depot_size *ret_size)
{
	uint64_t pages = 0, free_pages = 0, size = 0;
	int r = read_number(db, "PRAGMA page_count", &pages);

	if (r == 0)
		r = read_number(db, "PRAGMA freelist_count", &free_pages);
	if (r == 0)
		r = read_number(db, "PRAGMA page_size", &size);
	*ret_size = (struct depot_size){ (pages - free_pages) * size, free_pages * size };
	return r;
}

int depot_measure(struct depot_reader *r, struct depot_size *ret_size)
{
	return measure(depot_reader_database(r), ret_size);
}

static int vacuum(struct depot *d, struct depot_job *job)
{
	struct removal *x = container_of(job, struct removal, job);
	struct depot_size before, after;
	char text[64];
	int r = measure(depot_database(d), &before);

	sqlite3_snprintf(sizeof(text), text, "PRAGMA incremental_vacuum(%lld)", (long long)x->max);
	if (r == 0)
		r = sql_run(depot_database(d), text);
	if (r == 0)
		r = measure(depot_database(d), &after);
	if (r == 0)
		x->n = (int64_t)(before.free - after.free);
	return r;
}

int depot_vacuum(struct depot *d, uint64_t bytes, uint64_t *ret_freed)
{
	struct removal x = { .job.work = vacuum, .max = (int64_t)(bytes / PAGE + 1) };
	int r = remove_some(d, &x);

	*ret_freed = r == 0 ? (uint64_t)x.n : 0;
	return r;
}
