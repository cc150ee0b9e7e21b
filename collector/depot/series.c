/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "collector/depot/inside.h"
#include "collector/depot/sql.h"

void depot_series_list_fini(struct depot_series_list *l)
{
	free(TAKE_PTR(l->rows));
	free(TAKE_PTR(l->types));
	buf_fini(&l->text);
	l->n_rows = l->n_types = 0;
}

/* An array of @n, enlarged where @n is a power of two, or 0. */
static void *room_for_one(void *array, size_t n, size_t item)
{
	return n & (n - 1) ? array : reallocarray(array, n ? n * 2 : 1, item);
}

/* ---- the list ---------------------------------------------------------------------------- */

static int add_type(struct depot_series_list *l, sqlite3_stmt *s)
{
	const char *name = (const char *)sqlite3_column_text(s, 1);
	struct depot_series_type *types = room_for_one(l->types, l->n_types, sizeof(*types));

	if (types)
		l->types = types;
	if (!types || !name)
		return -ENOMEM;
	types[l->n_types++] =
		(struct depot_series_type){ sqlite3_column_int64(s, 0), l->text.size };
	buf_append(&l->text, name, strlen(name) + 1);
	return buf_error(&l->text);
}

static int add_types(struct depot_series_list *l, sqlite3_stmt *types, struct depot_series *row)
{
	int code = SQLITE_DONE, r = 0;

	row->types = l->n_types;
	sqlite3_bind_int64(types, 1, row->id);
	while (r == 0 && (code = sqlite3_step(types)) == SQLITE_ROW)
		r = add_type(l, types);
	row->n_types = l->n_types - row->types;
	sqlite3_reset(types);
	return r ? r : sql_outcome(sqlite3_db_handle(types), code);
}

static int add_series(struct depot_series_list *l, sqlite3_stmt *s, sqlite3_stmt *types)
{
	if (l->n_rows == DEPOT_MAX_SERIES)
		return -E2BIG;
	struct depot_series *rows = room_for_one(l->rows, l->n_rows, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	l->rows = rows;
	struct depot_series *row = &rows[l->n_rows++];
	const void *key = sqlite3_column_blob(s, 1);
	*row = (struct depot_series){ .id = sqlite3_column_int64(s, 0), .labels = l->text.size };
	if (key)
		buf_append(&l->text, key, (size_t)sqlite3_column_bytes(s, 1));
	row->end = l->text.size;
	return buf_error(&l->text) ? buf_error(&l->text) : add_types(l, types, row);
}

/* The index of profiles has cpu between series and start. */
#define SERIES_WITH_PROFILES                                         \
	" AND EXISTS (SELECT 1 FROM profile p WHERE p.series = s.id" \
	" AND p.cpu IN (0, 1) AND p.start >= ?2 AND p.start <= ?3)"  \
	" ORDER BY s.id"

static int prepare_series(struct depot_reader *r, const struct depot_series_query *q,
			  sqlite3_stmt **ret_statement)
{
	static const char all[] =
		"SELECT s.id, s.key FROM series s WHERE s.tenant = ?1" SERIES_WITH_PROFILES;
	/* The plus keeps SQLite from going by the tenant. */
	static const char labelled[] =
		"SELECT s.id, s.key FROM series s WHERE +s.tenant = ?1 AND s.id IN"
		" (SELECT series FROM label WHERE name = ?4 AND value = ?5)" SERIES_WITH_PROFILES;
	int result = sql_prepare(depot_reader_database(r), q->name ? labelled : all, ret_statement);

	if (result != 0)
		return result;
	sql_bind_text(*ret_statement, 1, q->tenant);
	sqlite3_bind_int64(*ret_statement, 2, q->since);
	sqlite3_bind_int64(*ret_statement, 3, q->until);
	if (q->name) {
		sql_bind_text(*ret_statement, 4, q->name);
		sql_bind_text(*ret_statement, 5, q->value);
	}
	return 0;
}

int depot_list_series(struct depot_reader *r, const struct depot_series_query *q,
		      struct depot_series_list *ret_list)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL, *types = NULL;
	int code = SQLITE_DONE;
	int result = prepare_series(r, q, &s);

	if (result == 0)
		result = sql_prepare(depot_reader_database(r),
				     "SELECT id, name FROM type WHERE series = ? ORDER BY 2",
				     &types);
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
		result = add_series(ret_list, s, types);
	return result ? result : sql_outcome(depot_reader_database(r), code);
}

size_t depot_series_labels(const struct depot_series_list *l, const struct depot_series *row,
			   struct depot_label ret_labels[DEPOT_MAX_LABELS])
{
	struct span key = span_of(NULL, 0), name, value;
	uint64_t at = 0;
	size_t n = 0;

	span_sub(span_of(l->text.data, l->text.size), row->labels, row->end - row->labels, &key);
	while (n < DEPOT_MAX_LABELS && span_cstr(key, at, &name) &&
	       span_cstr(key, at + name.size + 1, &value)) {
		at += name.size + value.size + 2;
		ret_labels[n++] =
			(struct depot_label){ (const char *)name.data, (const char *)value.data };
	}
	return n;
}

/* ---- their profiles ---------------------------------------------------------------------- */

int depot_each_profile(struct depot_reader *r, int64_t series, int64_t type, int64_t since,
		       int64_t until, int (*each)(void *context, const struct depot_item *item),
		       void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE;
	int result = sql_prepare(depot_reader_database(r),
				 "SELECT p.id, p.start, p.last, p.n, p.bytes, v.total"
				 " FROM profile p"
				 " LEFT JOIN value v ON v.profile = p.id AND v.type = ?2"
				 " WHERE p.series = ?1 AND p.cpu IN (0, 1)"
				 " AND p.start >= ?3 AND p.start <= ?4 ORDER BY p.start, p.id",
				 &s);

	if (result != 0)
		return result;
	sqlite3_bind_int64(s, 1, series);
	sqlite3_bind_int64(s, 2, type);
	sqlite3_bind_int64(s, 3, since);
	sqlite3_bind_int64(s, 4, until);
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const struct depot_item item = { .id = sqlite3_column_int64(s, 0),
						 .start = sqlite3_column_int64(s, 1),
						 .end = sqlite3_column_int64(s, 2),
						 .n = sqlite3_column_int64(s, 3),
						 .bytes = sqlite3_column_int64(s, 4),
						 .total = sqlite3_column_int64(s, 5) };

		result = each(context, &item);
	}
	return result ? result : sql_outcome(depot_reader_database(r), code);
}

int depot_extent(struct depot_reader *r, const char *tenant, struct depot_extent *ret_extent)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int result = sql_prepare(depot_reader_database(r),
				 "SELECT count(*), min(p.start), max(p.start) FROM series s"
				 " JOIN profile p ON p.series = s.id WHERE s.tenant = ?",
				 &s);

	if (result != 0)
		return result;
	sql_bind_text(s, 1, tenant);
	int code = sqlite3_step(s);
	if (code != SQLITE_ROW)
		return sql_outcome(depot_reader_database(r), code);
	*ret_extent = (struct depot_extent){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
					     sqlite3_column_int64(s, 2) };
	return 0;
}
