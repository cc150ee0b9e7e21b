/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#pragma once

#include <sqlite3.h>

#include "collector/depot/depot.h"

/* Lock the folder, which is there: @ret_lock is open while it is. DEPOT_E_LOCKED, -errno. */
int depot_lock(const char *path, int *ret_lock);

/* The database's path. */
const char *depot_file(const struct depot *d);

/* The connection that writes. For a job only, while its work is done. */
sqlite3 *depot_database(struct depot *d);

/* The connection of a reader. */
sqlite3 *depot_reader_database(struct depot_reader *r);

/* Something to be written, embedded in what it is done with. */
struct depot_job {
	/* In a transaction, behind a savepoint: if it fails, all that it did is undone. */
	int (*work)(struct depot *d, struct depot_job *job);
	uint64_t bytes; /* that it adds, about */
	bool removes;	/* it makes room, so it may use the last there is, and the reserve */
	int result;
	bool done;
	struct depot_job *next;
};

/* Have it done and on disk, in this thread or another's. .result, or why it was not committed. */
int depot_commit(struct depot *d, struct depot_job *job);

/*
 * The disk is full for what removes: let the reserve go, and bring the log into the database. All
 * else is answered with DEPOT_E_FULL until depot_recover().
 */
void depot_relieve(struct depot *d);
