/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored with profiles, one after the other, whatever of it is damaged. */
#pragma once

#include <sqlite3.h>

#include "collector/depot/depot.h"

#define STORED_MAX_LABELS 64u

struct stored {
	sqlite3 *db; /* borrowed */
	sqlite3_stmt *next, *listed;
	int64_t id, last;
	/* What is there, borrowed until the next call. */
	struct depot_profile row;
	struct depot_label labels[STORED_MAX_LABELS];
	int64_t n, end;
	bool same; /* the index says the same */
};

enum stored_outcome {
	STORED_E_END = 60, /* apart from those of enum depot_outcome */
	STORED_E_BROKEN,   /* profile .id cannot be read */
};

/* 0 or as sql_outcome(). */
int stored_init(struct stored *s, sqlite3 *db);
void stored_fini(struct stored *s);

/* The next one. 0, an outcome or -errno. */
int stored_next(struct stored *s);
