/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/depot/repair.h"
#include "collector/depot/schema.h"
#include "collector/depot/sql.h"
#include "collector/depot/stored.h"
#include "collector/depot/sums.h"

bool depot_report_bad(const struct depot_report *r)
{
	return r->broken || r->missing || r->unlisted || r->broken_sums || r->complaints;
}

static void complain(struct depot_report *report, const char *text)
{
	if (!report->complaints++)
		snprintf(report->why, sizeof(report->why), "%s", text);
}

static void check_structure(sqlite3 *db, struct depot_report *report)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_ERROR;

	if (sql_prepare(db, "PRAGMA integrity_check(100)", &s) == 0)
		while ((code = sqlite3_step(s)) == SQLITE_ROW) {
			const char *text = (const char *)sqlite3_column_text(s, 0);

			if (text && strcmp(text, "ok") != 0)
				complain(report, text);
		}
	if (code != SQLITE_DONE)
		complain(report, sqlite3_errmsg(db));
}

static void count_missing(sqlite3 *db, struct depot_report *report)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;

	if (sql_prepare(db,
			"SELECT count(*) FROM profile WHERE id NOT IN (SELECT profile FROM pprof)",
			&s) == 0 &&
	    sqlite3_step(s) == SQLITE_ROW)
		report->missing = (uint64_t)sqlite3_column_int64(s, 0);
}

static int check_one(struct stored *s, const struct depot_look *look, struct depot_report *report)
{
	const struct depot_type *types;
	size_t n_types;
	int r = look->look(look->context, s->row.pprof, &types, &n_types);

	if (r < 0)
		return r;
	report->broken += r > 0;
	report->unlisted += !s->same;
	report->profiles += r == 0;
	report->bytes += r == 0 ? s->row.pprof.size : 0;
	return 0;
}

static int check_profiles(sqlite3 *db, const struct depot_look *look, struct depot_report *report)
{
	_cleanup_(stored_fini) struct stored s = { 0 };
	int r = stored_init(&s, db);

	if (r > 0) {
		complain(report, sqlite3_errmsg(db));
		return 0;
	}
	while (r == 0 || r == STORED_E_BROKEN) {
		r = stored_next(&s);
		report->broken += r == STORED_E_BROKEN;
		if (r == 0)
			r = check_one(&s, look, report);
	}
	return r == STORED_E_END ? 0 : r;
}

/* A profile like others, by somebody else's room; what it is of is known there only. */
static int check_sum(sqlite3_stmt *s, const struct depot_look *look, struct depot_report *report)
{
	const void *data = sqlite3_column_blob(s, 2);
	const struct span bytes = span_of(data ? data : "", (size_t)sqlite3_column_bytes(s, 2));
	const struct depot_type *types;
	size_t n_types;
	bool whole =
		sqlite3_column_int64(s, 0) > 0 && sqlite3_column_int64(s, 1) == DEPOT_DIGEST_SIZE;
	int r = whole ? look->look(look->context, bytes, &types, &n_types) : 1;

	report->broken_sums += r > 0;
	return r < 0 ? r : 0;
}

static int check_sums(sqlite3 *db, const struct depot_look *look, struct depot_report *report)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_ERROR, r = 0;

	if (sql_prepare(db, "SELECT n, length(digest), data FROM sum", &s) == 0)
		while (r == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
			r = check_sum(s, look, report);
	if (r == 0 && code != SQLITE_DONE)
		complain(report, sqlite3_errmsg(db));
	return r;
}

/* One view for all of it. */
int depot_verify(const char *path, const struct depot_look *look, struct depot_report *ret_report)
{
	_cleanup_(sql_closep) sqlite3 *db = NULL;
	int r = schema_open(path, SQLITE_OPEN_READONLY, &db);

	*ret_report = (struct depot_report){ 0 };
	if (r == 0)
		r = sql_run(db, "BEGIN; SELECT 1 FROM sqlite_schema");
	if (r != 0)
		return r;
	check_structure(db, ret_report);
	count_missing(db, ret_report);
	r = check_sums(db, look, ret_report);
	return r ? r : check_profiles(db, look, ret_report);
}
