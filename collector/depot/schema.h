/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, and the way from each earlier version of them to today's. The version is the
 * database's user_version; its application_id says that it is hone's.
 */
#pragma once

#include <sqlite3.h>

#define SCHEMA_APPLICATION 0x686f6e65 /* "hone" */

/* 0, DEPOT_E_NEWER, DEPOT_E_FOREIGN, or what sql_outcome() makes of a failure. */
int schema_upgrade(sqlite3 *db);

/*
 * Open the database in the folder @path with @flags of sqlite3_open_v2(), which has to be one of
 * hone's and of today's version. 0, DEPOT_E_NEWER, DEPOT_E_FOREIGN, REPAIR_E_EARLIER,
 * REPAIR_E_MISSING, or what sql_outcome() makes of a failure.
 */
int schema_open(const char *path, int flags, sqlite3 **ret_db);

/* Versions there are; a new database gets this one. */
int schema_version(void);

/* Steps of @steps, @n of them, for tests; version i becomes i + 1 by steps[i]. */
int schema_upgrade_by(sqlite3 *db, const char *const *steps, int n);
