/* SPDX-License-Identifier: Apache-2.0 */
/* What every use of SQLite needs: its codes as our outcomes, statements that end with their scope.
 */
#pragma once

#include <sqlite3.h>

#include "base/span.h"

/*
 * A result code of SQLite's as DEPOT_E_FULL, DEPOT_E_DAMAGED or -errno; 0 for SQLITE_OK, SQLITE_ROW
 * and SQLITE_DONE. @db may be NULL.
 */
int sql_outcome(sqlite3 *db, int code);

/* One or several statements without rows. 0 or an outcome. */
int sql_run(sqlite3 *db, const char *sql);

int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement);
void sql_finalizep(sqlite3_stmt **s);
void sql_closep(sqlite3 **db);

/* Borrowed until the statement is reset. SQLite copies nothing. */
void sql_bind_text(sqlite3_stmt *s, int number, const char *text);
void sql_bind_blob(sqlite3_stmt *s, int number, struct span bytes);

/* Run a statement that gives no rows, and make it ready for the next time. 0 or an outcome. */
int sql_step_done(sqlite3_stmt *s);
