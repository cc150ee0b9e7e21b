/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/sums.h"

#include <errno.h>
#include <string.h>

#include "collector/depot/inside.h"
#include "collector/depot/sql.h"

/* ---- reading ----------------------------------------------------------------------------- */

static int read_sum(sqlite3_stmt *s, struct depot_sum *sum, struct buf *to)
{
	const void *digest = sqlite3_column_blob(s, 1), *data;

	if (sqlite3_column_bytes(s, 1) != DEPOT_DIGEST_SIZE)
		return DEPOT_E_DAMAGED;
	if (!digest)
		return -ENOMEM;
	sum->n = sqlite3_column_int64(s, 0);
	memcpy(sum->digest, digest, DEPOT_DIGEST_SIZE);
	data = sqlite3_column_blob(s, 2);
	if (data)
		buf_append(to, data, (size_t)sqlite3_column_bytes(s, 2));
	return buf_error(to);
}

int depot_sum(struct depot_reader *r, struct depot_sum *sum, struct buf *to)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int result = sql_prepare(
		db, "SELECT n, digest, data FROM sum WHERE profile = ?1 AND kind = ?2", &s);

	if (result != 0)
		return result;
	sqlite3_bind_int64(s, 1, sum->first);
	sqlite3_bind_int64(s, 2, sum->kind);
	int code = sqlite3_step(s);
	if (code == SQLITE_DONE)
		return DEPOT_E_NONE;
	return code == SQLITE_ROW ? read_sum(s, sum, to) : sql_outcome(db, code);
}

static int find_last(sqlite3 *db, int64_t *ret_last)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, "SELECT max(id) FROM profile", &s);

	if (r != 0)
		return r;
	int code = sqlite3_step(s);
	*ret_last = sqlite3_column_int64(s, 0);
	return sql_outcome(db, code);
}

int depot_each_name(struct depot_reader *r, int64_t after, int64_t *ret_last,
		    int (*each)(void *context, const char *tenant, const char *name), void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int code = SQLITE_DONE;
	int result = find_last(db, ret_last);

	if (result == 0)
		result = sql_prepare(
			db,
			"SELECT DISTINCT tenant,"
			" CASE package WHEN '' THEN service ELSE package END AS name FROM series"
			" WHERE id IN (SELECT series FROM profile WHERE id > ? AND cpu = 1)"
			" AND name <> '' ORDER BY tenant, name",
			&s);
	if (result == 0)
		sqlite3_bind_int64(s, 1, after);
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *tenant = (const char *)sqlite3_column_text(s, 0);
		const char *name = (const char *)sqlite3_column_text(s, 1);

		result = tenant && name ? each(context, tenant, name) : -ENOMEM;
	}
	return result ? result : sql_outcome(db, code);
}

/* ---- writing ----------------------------------------------------------------------------- */

struct keeping {
	struct depot_job job;
	const struct depot_sum *sum;
	struct span data;
};

static int keep(struct depot *d, struct depot_job *job)
{
	const struct keeping *k = container_of(job, struct keeping, job);
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_database(d);
	int r = sql_prepare(db,
			    "INSERT OR REPLACE INTO sum (profile, kind, n, digest, data)"
			    " SELECT id, ?2, ?3, ?4, ?5 FROM profile WHERE id = ?1",
			    &s);

	if (r != 0)
		return r;
	sqlite3_bind_int64(s, 1, k->sum->first);
	sqlite3_bind_int64(s, 2, k->sum->kind);
	sqlite3_bind_int64(s, 3, k->sum->n);
	sql_bind_blob(s, 4, span_of(k->sum->digest, DEPOT_DIGEST_SIZE));
	sql_bind_blob(s, 5, k->data);
	r = sql_step_done(s);
	return r == 0 && !sqlite3_changes(db) ? DEPOT_E_NONE : r;
}

int depot_keep_sum(struct depot *d, const struct depot_sum *sum, struct span data)
{
	struct keeping k = { .job = { .work = keep, .bytes = data.size },
			     .sum = sum,
			     .data = data };

	return depot_commit(d, &k.job);
}

struct dropping {
	struct depot_job job;
	int64_t first, kind;
};

static int drop(struct depot *d, struct depot_job *job)
{
	const struct dropping *x = container_of(job, struct dropping, job);
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(depot_database(d), "DELETE FROM sum WHERE profile = ? AND kind = ?",
			    &s);

	if (r != 0)
		return r;
	sqlite3_bind_int64(s, 1, x->first);
	sqlite3_bind_int64(s, 2, x->kind);
	return sql_step_done(s);
}

int depot_drop_sum(struct depot *d, int64_t first, int64_t kind)
{
	struct dropping x = { .job.work = drop, .first = first, .kind = kind };

	return depot_commit(d, &x.job);
}
