/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/programs.h"

#include <errno.h>
#include <string.h>

#include "collector/depot/inside.h"
#include "collector/depot/sql.h"

/* The sample type whose sum is CPU time. */
#define CPU_TYPE "'cpu:nanoseconds:cpu:nanoseconds'"

/* First the sums of each series and build, so that labels are looked up once for each of these. */
#define SUMS                                                                        \
	"WITH sums AS (SELECT p.series AS series, p.build AS build, sum(p.n) AS n," \
	" min(p.start) AS first, max(p.last) AS last, sum(p.bytes) AS bytes,"       \
	" total(v.total) AS cpu FROM series s"                                      \
	" JOIN profile p ON p.series = s.id AND p.cpu = 1 AND p.start >= ?2"        \
	" LEFT JOIN type t ON t.series = s.id AND t.name = " CPU_TYPE               \
	" LEFT JOIN value v ON v.profile = p.id AND v.type = t.id"                  \
	" WHERE s.tenant = ?1 AND (?3 IS NULL OR s.service = ?3 OR s.package = ?3)" \
	" GROUP BY p.series, p.build)"

#define LABEL(name) "(SELECT value FROM label WHERE series = s.id AND name = '" name "')"

static const char all[] =
	SUMS " SELECT s.service, s.package, sums.build,"
	     " max(" LABEL("module_version") "), max(" LABEL(
		     "vcs_revision") "),"
				     " max(" LABEL("go_version") "), max(" LABEL(
					     "pgo") "),"
						    " sum(sums.n), count(*), min(sums.first), "
						    "max(sums.last), total(sums.cpu),"
						    " sum(sums.bytes)"
						    " FROM sums JOIN series s ON s.id = sums.series"
						    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 11 DESC, 3 "
						    "LIMIT ?4";

void depot_programs_fini(struct depot_programs *l)
{
	free(TAKE_PTR(l->rows));
	buf_fini(&l->text);
	l->n = 0;
}

static size_t add_text(struct depot_programs *l, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	size_t at = l->text.size;

	buf_append_text(&l->text, text ? text : "");
	buf_append_u8(&l->text, 0);
	return at;
}

static int add_program(struct depot_programs *l, sqlite3_stmt *s)
{
	if (!(l->n & (l->n - 1))) {
		struct depot_program *rows =
			reallocarray(l->rows, l->n ? l->n * 2 : 1, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		l->rows = rows;
	}
	l->rows[l->n++] = (struct depot_program){
		.service = add_text(l, s, 0),
		.package = add_text(l, s, 1),
		.build = add_text(l, s, 2),
		.version = add_text(l, s, 3),
		.revision = add_text(l, s, 4),
		.go = add_text(l, s, 5),
		.pgo = add_text(l, s, 6),
		.profiles = sqlite3_column_int64(s, 7),
		.instances = sqlite3_column_int64(s, 8),
		.first = sqlite3_column_int64(s, 9),
		.last = sqlite3_column_int64(s, 10),
		.cpu = sqlite3_column_int64(s, 11),
		.bytes = sqlite3_column_int64(s, 12),
	};
	return buf_error(&l->text);
}

int depot_list_programs(struct depot_reader *r, const char *tenant, const char *name, int64_t since,
			struct depot_programs *ret_list)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result = sql_prepare(depot_reader_database(r), all, &s);

	if (result != 0)
		return result;
	sql_bind_text(s, 1, tenant);
	sqlite3_bind_int64(s, 2, since);
	if (name)
		sql_bind_text(s, 3, name);
	sqlite3_bind_int64(s, 4, DEPOT_MAX_PROGRAMS + 1);
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		ret_list->more = ret_list->n == DEPOT_MAX_PROGRAMS;
		if (ret_list->more)
			return 0;
		result = add_program(ret_list, s);
	}
	return result ? result : sql_outcome(depot_reader_database(r), code);
}

/* ---- hours ------------------------------------------------------------------------------- */

int depot_each_hour(struct depot_reader *r, const char *tenant, int64_t since,
		    void (*each)(void *context, const struct depot_hour *hour), void *context)
{
	static const char sql[] =
		"SELECT p.start / ?3, sum(p.n), sum(p.bytes), total(v.total), count(DISTINCT "
		"p.series)"
		" FROM series s JOIN profile p ON p.series = s.id AND p.cpu IN (0, 1)"
		" AND p.start >= ?2"
		" LEFT JOIN type t ON t.series = s.id AND t.name = " CPU_TYPE
		" LEFT JOIN value v ON v.profile = p.id AND v.type = t.id"
		" WHERE s.tenant = ?1 GROUP BY 1 ORDER BY 1";
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result = sql_prepare(depot_reader_database(r), sql, &s);

	if (result != 0)
		return result;
	sql_bind_text(s, 1, tenant);
	sqlite3_bind_int64(s, 2, since);
	sqlite3_bind_int64(s, 3, DEPOT_HOUR);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		const struct depot_hour hour = { sqlite3_column_int64(s, 0) * DEPOT_HOUR,
						 sqlite3_column_int64(s, 1),
						 sqlite3_column_int64(s, 2),
						 sqlite3_column_int64(s, 3),
						 sqlite3_column_int64(s, 4) };

		each(context, &hour);
	}
	return sql_outcome(depot_reader_database(r), code);
}
