/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of a depot while it is in use; what is damaged in one; and one made anew of what can be
 * read. These take the folder, not an open depot.
 */
#pragma once

#include "collector/depot/depot.h"

enum repair_outcome {
	REPAIR_E_EXISTS = 50, /* apart from those of enum depot_outcome: the target is there */
	REPAIR_E_EARLIER,     /* an earlier version wrote it: depot_open() brings it up to date */
	REPAIR_E_MISSING,     /* there is no depot in the folder */
};

/*
 * Is there a depot in folder @path? Nothing is made, as by all calls here where there is none. 0,
 * REPAIR_E_MISSING or -errno.
 */
int depot_find(const char *path);

/*
 * Copy the depot in folder @path to the new folder @to, as it is at one moment, whoever writes to
 * it meanwhile. @to is there only once all of it is on disk. 0, an outcome or -errno; @ret_why, of
 * DEPOT_WHY_SIZE, may then hold @to, if that is to blame, or what SQLite said.
 */
int depot_backup(const char *path, const char *to, char *ret_why);

/*
 * Look into the bytes of a profile. 0: it is one, *ret_types (borrowed until the next call) are
 * those of the index. Positive: it is none. Or -errno.
 */
struct depot_look {
	int (*look)(void *context, struct span pprof, const struct depot_type **ret_types,
		    size_t *ret_n);
	void *context;
};

struct depot_report {
	uint64_t profiles, bytes; /* that are whole; gzip */
	uint64_t broken;	  /* profiles that cannot be read, or are none */
	uint64_t missing;	  /* that the index holds, and that are not stored */
	uint64_t unlisted;	  /* that are stored, and are not in the index, or otherwise */
	uint64_t broken_sums;	  /* kept sums (sums.h) that cannot be read: to be made anew */
	uint64_t complaints;	  /* SQLite's own, of the database's structure; 100 at most */
	char why[DEPOT_WHY_SIZE]; /* the first of them */
};

/* Is anything of it wrong? Sums, too: what damaged them may have damaged more. */
bool depot_report_bad(const struct depot_report *r);

/* Read everything there is, whoever writes meanwhile. 0, an outcome or -errno. */
int depot_verify(const char *path, const struct depot_look *look, struct depot_report *ret_report);

/*
 * Make a new database of all profiles that can be read, index and all, and put it in the place of
 * the old one, which stays beside it as profiles.db.damaged. Nobody may use the folder meanwhile,
 * or have the database open (DEPOT_E_LOCKED). What was merged may be merged anew. *ret_report:
 * profiles that were saved, and broken ones.
 */
int depot_repair(const char *path, const struct depot_look *look, struct depot_report *ret_report);
