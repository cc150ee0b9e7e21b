/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/briefs.h"

#include "collector/depot/inside.h"
#include "collector/depot/sql.h"

int depot_find_briefs(struct depot_reader *r, const int64_t *ids, size_t n,
		      int64_t *ret_dictionaries)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int result = sql_prepare(db, "SELECT dictionary FROM brief WHERE profile = ?1", &s);

	for (size_t i = 0; result == 0 && i < n; i++) {
		sqlite3_bind_int64(s, 1, ids[i]);
		int code = sqlite3_step(s);
		ret_dictionaries[i] = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
		result = sql_outcome(db, code);
		sqlite3_reset(s);
	}
	return result;
}

static struct span blob_of(sqlite3_stmt *s, int column)
{
	const void *data = sqlite3_column_blob(s, column);

	return span_of(data ? data : "", data ? (size_t)sqlite3_column_bytes(s, column) : 0);
}

int depot_each_brief(struct depot_reader *r, const int64_t *ids, size_t n,
		     int (*each)(void *context, size_t number, struct span counts), void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int result = sql_prepare(db, "SELECT data FROM brief WHERE profile = ?1", &s);

	for (size_t i = 0; result == 0 && i < n; i++) {
		sqlite3_bind_int64(s, 1, ids[i]);
		int code = sqlite3_step(s);
		result = code == SQLITE_ROW ? each(context, i, blob_of(s, 0))
					    : sql_outcome(db, code);
		sqlite3_reset(s);
	}
	return result;
}

int depot_each_stacks(struct depot_reader *r, int64_t dictionary,
		      int (*each)(void *context, uint32_t first, uint32_t n, struct span stacks),
		      void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int code = SQLITE_DONE;
	int result = sql_prepare(
		db, "SELECT first, n, data FROM dictionary WHERE id = ?1 ORDER BY first", &s);

	if (result != 0)
		return result;
	sqlite3_bind_int64(s, 1, dictionary);
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const int64_t first = sqlite3_column_int64(s, 0), n = sqlite3_column_int64(s, 1);

		if (first < 0 || first > UINT32_MAX || n < 0 || n > UINT32_MAX)
			return DEPOT_E_DAMAGED;
		result = each(context, (uint32_t)first, (uint32_t)n, blob_of(s, 2));
	}
	return result ? result : sql_outcome(db, code);
}
