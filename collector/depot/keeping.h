/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps the depot small: one profile in place of many, and profiles that leave. Each call is
 * one transaction: who reads sees all of it or nothing, and so does the next start after kill -9.
 */
#pragma once

#include "collector/depot/depot.h"

/* ---- merging ----------------------------------------------------------------------------- */

#define DEPOT_MAX_MEMBERS 4096u

/* Profiles to be merged: of one series and build, all or none of CPU, within an hour or a day. */
struct depot_group {
	int64_t any;  /* id of one of them */
	int64_t from; /* start of the hour or day */
};

struct depot_member {
	int64_t id;
	enum depot_level level;
};

/*
 * Groups at @level that begin before @before (depot_merged_before()) and hold something that is not
 * merged so far, @max at most.
 */
int depot_groups(struct depot_reader *r, enum depot_level level, int64_t before,
		 struct depot_group *ret_groups, size_t max, size_t *ret_n);

/* Its members, merged or not, by start; the first DEPOT_MAX_MEMBERS. The array is the caller's. */
int depot_members(struct depot_reader *r, enum depot_level level, const struct depot_group *g,
		  struct depot_member **ret_members, size_t *ret_n);

/* One profile made of @n others. */
struct depot_merger {
	const int64_t *ids;
	size_t n;
	enum depot_level level;
	struct span pprof; /* gzip; empty where n is 1: the profile stays as it is */
	int64_t samples;   /* distinct stacks in it */
	int64_t now;	   /* ns since the epoch */
};

/*
 * Put it in the place of what it is made of. The keys of those are kept, so that pushing one of
 * them again adds nothing. 0, DEPOT_E_NONE (one of them is gone: nothing is done), or as
 * depot_add().
 */
int depot_replace(struct depot *d, const struct depot_merger *m);

/*
 * Forget keys of what was merged before @before, @max at most: what is pushed so late is new. Here
 * and below it may be fewer on a full disk, and none only where there is none.
 */
int depot_forget_keys(struct depot *d, int64_t before, size_t max, size_t *ret_n);

/* Remove parts of dictionaries that were begun before @before and have no briefs, @max at most. */
int depot_forget_dictionaries(struct depot *d, int64_t before, size_t max, size_t *ret_n);

/* ---- leaving ----------------------------------------------------------------------------- */

struct depot_removed {
	uint64_t profiles; /* as they were pushed */
	uint64_t bytes;	   /* gzip */
	uint64_t room;	   /* likewise with what goes with them, see depot_each_tenant() */
};

/*
 * Remove profiles, the oldest by their end first, @max at most: all that ended before @before.
 * Series without any go with them.
 */
int depot_expire(struct depot *d, int64_t before, size_t max, struct depot_removed *ret_removed);

/*
 * Call @each with every tenant and what its profiles take, about: their bytes, the labels that are
 * stored with each, and DEPOT_ROW_BYTES of the index; what is kept of them beside (briefs,
 * sums, keys, editions) is not in it. Other than 0 from @each is forwarded.
 */
#define DEPOT_ROW_BYTES 1024
int depot_each_tenant(struct depot_reader *r,
		      int (*each)(void *context, const char *tenant, uint64_t bytes),
		      void *context);

/*
 * Remove profiles of @tenant, its oldest by their end first, until they make @room, @max at most.
 * *from, INT64_MIN at first, is where the next call goes on: nothing of @tenant's that was there
 * ended before.
 */
int depot_expire_of(struct depot *d, const char *tenant, uint64_t room, size_t max, int64_t *from,
		    struct depot_removed *ret_removed);

/*
 * Remove what was published before @before (shelf.h), @max at most, but for what a tag holds or
 * held and the last of each line, which may still be what is given.
 */
int depot_forget_editions(struct depot *d, int64_t before, size_t max, size_t *ret_n);

struct depot_size {
	uint64_t used; /* bytes of the database that hold something */
	uint64_t free; /* bytes of it that were given back, and are used for what comes next */
};

int depot_measure(struct depot_reader *r, struct depot_size *ret_size);

/* Cut about @bytes of what is free off the database's end. *ret_freed: how many it were. */
int depot_vacuum(struct depot *d, uint64_t bytes, uint64_t *ret_freed);

/* ---- a full disk ------------------------------------------------------------------------- */

/*
 * What removes and met a full disk has let the reserve go, and did less at a time. Only what
 * removes is done until depot_recover().
 */
bool depot_is_relieved(struct depot *d);

/*
 * Bring a long log into the database, as far as nobody reads, which would be in the way. Make the
 * reserve again, once there is room for it and for what comes next. @anyway: as large as
 * can be, and go on. False: not yet; to vacuum may help.
 */
bool depot_recover(struct depot *d, bool anyway);
