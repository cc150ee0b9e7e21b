/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/index.h"
#include "collector/depot/inside.h"
#include "collector/depot/sql.h"

/* A main package goes before a service of the same name. */
#define SERIES_OF_NAME                                                                      \
	"WITH wanted AS (SELECT id, package FROM series WHERE tenant = ?1 AND package = ?2" \
	" UNION ALL SELECT id, package FROM series WHERE tenant = ?1 AND service = ?2"      \
	" AND NOT EXISTS (SELECT 1 FROM series WHERE tenant = ?1 AND package = ?2)) "

#define IN_WINDOW " p.series = w.id AND p.cpu = 1 AND p.start >= ?3 AND p.start < ?4 "

#define NO_BUILD UINT32_MAX

struct depot_reader {
	sqlite3 *db;
};

int depot_reader_open(struct depot *d, struct depot_reader **ret_reader)
{
	_cleanup_(depot_reader_closep) struct depot_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	int code = sqlite3_open_v2(depot_file(d), &r->db,
				   SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	int result = r->db ? sql_outcome(r->db, code) : -ENOMEM;
	if (result == 0)
		result = sql_run(
			r->db,
			"PRAGMA busy_timeout = 10000; PRAGMA query_only = ON;"
			"BEGIN; SELECT 1 FROM sqlite_schema /* the view begins with a read */");
	if (result == 0)
		*ret_reader = TAKE_PTR(r);
	return result;
}

struct depot_reader *depot_reader_close(struct depot_reader *r)
{
	if (r)
		sqlite3_close(r->db);
	free(r);
	return NULL;
}

void depot_reader_closep(struct depot_reader **r)
{
	depot_reader_close(*r);
}

sqlite3 *depot_reader_database(struct depot_reader *r)
{
	return r->db;
}

static int prepare(struct depot_reader *r, const char *sql, const struct depot_query *q,
		   sqlite3_stmt **ret_statement)
{
	int result = sql_prepare(r->db, sql, ret_statement);

	if (result != 0)
		return result;
	sql_bind_text(*ret_statement, 1, q->tenant);
	sql_bind_text(*ret_statement, 2, q->name);
	sqlite3_bind_int64(*ret_statement, 3, q->since);
	sqlite3_bind_int64(*ret_statement, 4, q->until);
	return 0;
}

/* ---- windows ----------------------------------------------------------------------------- */

/* Rounded towards the past. */
static int64_t begin_of(int64_t time, int64_t length)
{
	int64_t rest = time % length;

	if (rest < 0)
		rest += length;
	return time < INT64_MIN + rest ? INT64_MIN : time - rest;
}

int64_t depot_merged_before(enum depot_level level, int64_t now)
{
	return level == DEPOT_LEVEL_DAY ? begin_of(now - DEPOT_DAILY_AFTER, DEPOT_DAY)
					: begin_of(now - DEPOT_HOURLY_AFTER, DEPOT_HOUR);
}

static int64_t aligned(int64_t time, int64_t now)
{
	if (time < depot_merged_before(DEPOT_LEVEL_DAY, now))
		return begin_of(time, DEPOT_DAY);
	if (time < depot_merged_before(DEPOT_LEVEL_HOUR, now))
		return begin_of(time, DEPOT_HOUR);
	return time;
}

void depot_query_align(struct depot_query *q, int64_t now)
{
	q->since = aligned(q->since, now);
	if (q->until >= depot_merged_before(DEPOT_LEVEL_HOUR, now))
		return;
	bool by_day = q->until < depot_merged_before(DEPOT_LEVEL_DAY, now);
	/* Its own hour or day is in it as a whole. */
	if (aligned(q->until, now) != q->until)
		q->until = aligned(q->until, now) + (by_day ? DEPOT_DAY : DEPOT_HOUR);
}

int depot_state(struct depot_reader *r, const struct depot_query *q, struct depot_state *ret_state)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int result = prepare(r,
			     SERIES_OF_NAME "SELECT count(*), min(p.id), max(p.id)"
					    " FROM wanted w JOIN profile p ON" IN_WINDOW,
			     q, &s);

	if (result != 0)
		return result;
	int code = sqlite3_step(s);
	if (code != SQLITE_ROW)
		return sql_outcome(r->db, code);
	*ret_state = (struct depot_state){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
					   sqlite3_column_int64(s, 2) };
	return 0;
}

/* ---- the list ---------------------------------------------------------------------------- */

void depot_list_fini(struct depot_list *l)
{
	free(TAKE_PTR(l->rows));
	free(TAKE_PTR(l->builds));
	buf_fini(&l->text);
	l->n_rows = l->n_builds = 0;
}

/* An array of @n, enlarged for one more where it is full: those of 64 · 2^k are. */
static void *grown(void *array, size_t n, size_t item)
{
	if (n >= 64 && n & (n - 1))
		return array;
	if (n && n < 64)
		return array;
	return reallocarray(array, n ? n * 2 : 64, item);
}

/* A list in the making. */
struct listing {
	struct depot_list *list;
	struct index builds; /* by their ids */
};

static void listing_fini(struct listing *g)
{
	index_fini(&g->builds);
}

static uint32_t put_text(struct depot_list *l, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	uint32_t at = (uint32_t)l->text.size;

	buf_append(&l->text, text ? text : "", text ? strlen(text) + 1 : 1);
	return at;
}

static uint32_t find_build(const struct listing *g, const char *id)
{
	const struct depot_list *l = g->list;
	uint32_t at = INDEX_START, number;

	while (index_next(&g->builds, hash_bytes(id, strlen(id)), &at, &number))
		if (!strcmp(depot_list_text(l, l->builds[number].id), id))
			return number;
	return NO_BUILD;
}

static int add_build(struct listing *g, sqlite3_stmt *s)
{
	struct depot_list *l = g->list;

	if (l->n_builds == DEPOT_MAX_BUILDS)
		return -E2BIG;
	struct depot_build *builds = grown(l->builds, l->n_builds, sizeof(*builds));
	if (!builds)
		return -ENOMEM;
	l->builds = builds;
	builds[l->n_builds++] = (struct depot_build){ .id = put_text(l, s, 0),
						      .first = sqlite3_column_int64(s, 1) };
	if (buf_error(&l->text))
		return buf_error(&l->text);
	const char *id = depot_list_text(l, builds[l->n_builds - 1].id);
	return index_add(&g->builds, hash_bytes(id, strlen(id)), (uint32_t)l->n_builds - 1);
}

/* Builds with a profile in the window, by the first one of any time. */
static int list_builds(struct depot_reader *r, const struct depot_query *q, struct listing *g)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result =
		prepare(r,
			SERIES_OF_NAME
			"SELECT p.build, min(p.start) AS first FROM wanted w JOIN profile p"
			" ON p.series = w.id WHERE p.cpu = 1 AND p.build IN"
			" (SELECT DISTINCT p.build FROM wanted w JOIN profile p ON" IN_WINDOW ")"
			" GROUP BY p.build ORDER BY first DESC, p.build",
			q, &s);

	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
		result = add_build(g, s);
	return result ? result : sql_outcome(r->db, code);
}

static int add_row(struct listing *g, sqlite3_stmt *s)
{
	struct depot_list *l = g->list;
	const char *build = (const char *)sqlite3_column_text(s, 5);

	if (l->n_rows == DEPOT_MAX_ROWS)
		return -E2BIG;
	struct depot_row *rows = grown(l->rows, l->n_rows, sizeof(*rows));
	if (!rows || !build)
		return -ENOMEM;
	l->rows = rows;
	const uint32_t number = find_build(g, build);
	if (number == NO_BUILD)
		return DEPOT_E_DAMAGED; /* one view: the first statement has seen it */
	struct depot_row row = { .id = sqlite3_column_int64(s, 0),
				 .series = sqlite3_column_int64(s, 1),
				 .start = sqlite3_column_int64(s, 2),
				 .duration = sqlite3_column_int64(s, 3),
				 .samples = sqlite3_column_int64(s, 4),
				 .end = sqlite3_column_int64(s, 7),
				 .n = sqlite3_column_int64(s, 8),
				 .level = (enum depot_level)sqlite3_column_int(s, 9),
				 .build = number };
	const char *package = (const char *)sqlite3_column_text(s, 6);
	if (!package)
		return -ENOMEM;
	const struct depot_row *last = l->n_rows ? &rows[l->n_rows - 1] : NULL;
	if (last && !strcmp(depot_list_text(l, last->package), package))
		row.package = last->package;
	else
		row.package = put_text(l, s, 6);
	rows[l->n_rows++] = row;
	return buf_error(&l->text);
}

static int list_rows(struct depot_reader *r, const struct depot_query *q, struct listing *g)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result =
		prepare(r,
			SERIES_OF_NAME
			"SELECT p.id, p.series, p.start, p.duration, p.samples, p.build,"
			" w.package, p.last, p.n, p.level FROM wanted w JOIN profile p ON" IN_WINDOW
			"ORDER BY p.start, p.id",
			q, &s);

	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
		result = add_row(g, s);
	return result ? result : sql_outcome(r->db, code);
}

int depot_list(struct depot_reader *r, const struct depot_query *q, struct depot_list *ret_list)
{
	_cleanup_(listing_fini) struct listing g = { .list = ret_list };
	int result = list_builds(r, q, &g);

	return result ? result : list_rows(r, q, &g);
}

int depot_values(struct depot_reader *r, const struct depot_query *q, const char *name,
		 void (*each)(void *context, int64_t series, const char *value), void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result = prepare(r,
			     SERIES_OF_NAME "SELECT w.id, l.value FROM wanted w JOIN label l"
					    " ON l.series = w.id AND l.name = ?5 ORDER BY w.id",
			     q, &s);

	if (result != 0)
		return result;
	sql_bind_text(s, 5, name);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *value = (const char *)sqlite3_column_text(s, 1);

		if (!value)
			return -ENOMEM;
		each(context, sqlite3_column_int64(s, 0), value);
	}
	return sql_outcome(r->db, code);
}

int depot_read(struct depot_reader *r, int64_t id, struct buf *to)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int result = sql_prepare(r->db, "SELECT data FROM pprof WHERE profile = ?", &s);

	if (result != 0)
		return result;
	sqlite3_bind_int64(s, 1, id);
	int code = sqlite3_step(s);
	if (code == SQLITE_DONE)
		return DEPOT_E_NONE;
	if (code != SQLITE_ROW)
		return sql_outcome(r->db, code);
	const void *data = sqlite3_column_blob(s, 0);
	size_t size = (size_t)sqlite3_column_bytes(s, 0);
	if (data)
		buf_append(to, data, size);
	return buf_error(to);
}
