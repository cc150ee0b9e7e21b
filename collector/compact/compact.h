/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the depot small and quick: profiles of an hour and of a day become one each, what is too
 * old or too much leaves, and the file shrinks when much of it is free.
 *
 * The work is done in steps of one transaction each; between two of them nothing is held, so that a
 * push waits for one step at most.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "collector/depot/depot.h"

/* 0: no such limit. */
struct compact_options {
	int64_t max_age; /* ns since a profile's end, or since it was published: then it leaves */
	uint64_t max_bytes;    /* of the database: the oldest leave until it holds so much */
	uint64_t tenant_bytes; /* of a tenant (keeping.h): its oldest leave until it has so much */
	int64_t key_age;       /* ns: how long the key of a merged profile is remembered */
};

#define COMPACT_KEY_AGE (7 * DEPOT_DAY)

struct compact_counts {
	uint64_t passes, failed_passes;
	uint64_t merged;     /* profiles that became part of another, merged ones included */
	uint64_t made;	     /* out of them */
	uint64_t alone;	     /* profiles that cannot be added to others */
	uint64_t unreadable; /* profiles that are broken, and are left alone too */
	struct {
		uint64_t profiles, bytes;
	} too_old, tenant, too_much; /* that left */
	uint64_t editions;	     /* published too long ago, forgotten */
	uint64_t keys;		     /* forgotten */
	uint64_t bytes_freed;	     /* cut off the database's file */
	uint64_t relieved; /* passes that let the reserve go (depot.h) to remove something */
};

/*
 * All there is to do at @now. Ends early when *@stop (may be NULL) becomes true. Adds to @counts.
 * 0, DEPOT_E_FULL, DEPOT_E_DAMAGED or -errno: what was done until then stays done.
 */
int compact_pass(struct depot *d, const struct compact_options *options, int64_t now,
		 const atomic_bool *stop, struct compact_counts *counts);

/* ---- in the background ------------------------------------------------------------------- */

struct compactor;

/* What a pass came to, 0 or as compact_pass(), and all up to it; in the compactor's thread. */
typedef void (*compactor_done)(void *context, const struct compact_counts *counts, int result);

/*
 * One thread of low priority that makes a pass every @interval ns, the first one at once. @done may
 * be NULL.
 */
int compactor_start(struct depot *d, const struct compact_options *options, uint64_t interval,
		    compactor_done done, void *context, struct compactor **ret_compactor);

/* Waits for the step under way. Takes NULL, gives NULL. */
struct compactor *compactor_stop(struct compactor *c);

/* In any thread. */
void compactor_read(struct compactor *c, struct compact_counts *ret_counts);
