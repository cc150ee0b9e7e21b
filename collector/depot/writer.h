/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles into the database, inside of somebody's transaction. */
#pragma once

#include <sqlite3.h>

#include "collector/depot/depot.h"

enum writer_statement {
	WRITER_FIND_SERIES,
	WRITER_ADD_SERIES,
	WRITER_ADD_LABEL,
	WRITER_ADD_PROFILE,
	WRITER_ADD_PPROF,
	WRITER_FIND_TYPE,
	WRITER_ADD_TYPE,
	WRITER_ADD_VALUE,
	WRITER_ADD_STACKS,
	WRITER_ADD_BRIEF,
	WRITER_N_STATEMENTS,
};

struct writer {
	sqlite3 *db; /* borrowed */
	sqlite3_stmt *statements[WRITER_N_STATEMENTS];
};

/* 0 or an outcome of sql_outcome(), below likewise. */
int writer_init(struct writer *w, sqlite3 *db);
void writer_fini(struct writer *w);

/* Store the pprof of a profile that is in the index, with all that the index holds of it. */
int writer_store(sqlite3 *db, int64_t id, struct span pprof);

/* *ret_new: it was not there before. */
int writer_add(struct writer *w, const struct depot_profile *p, bool *ret_new);
