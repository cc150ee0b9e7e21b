/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/sql.h"

#include <errno.h>

#include "collector/depot/depot.h"

int sql_outcome(sqlite3 *db, int code)
{
	int error = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return DEPOT_E_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return DEPOT_E_DAMAGED;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_IOERR:
		return error == ENOSPC || error == EDQUOT ? DEPOT_E_FULL : -EIO;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return error ? -error : -EACCES;
	default:
		return -EIO;
	}
}

int sql_run(sqlite3 *db, const char *sql)
{
	return sql_outcome(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement)
{
	return sql_outcome(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT,
						  ret_statement, NULL));
}

void sql_finalizep(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

void sql_closep(sqlite3 **db)
{
	sqlite3_close(*db);
	*db = NULL;
}

void sql_bind_text(sqlite3_stmt *s, int number, const char *text)
{
	sqlite3_bind_text(s, number, text, -1, SQLITE_STATIC);
}

void sql_bind_blob(sqlite3_stmt *s, int number, struct span bytes)
{
	sqlite3_bind_blob64(s, number, bytes.size ? (const void *)bytes.data : "", bytes.size,
			    SQLITE_STATIC);
}

int sql_step_done(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);
	int r = sql_outcome(sqlite3_db_handle(s), code);

	sqlite3_reset(s);
	return r;
}
