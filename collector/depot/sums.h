/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of profiles, kept so that they need not be added up again: what the default.pgo of a program
 * is made of (collector/curate/blocks.h). They may be lost: whoever misses one makes it anew.
 *
 * A sum belongs to the first of its profiles, the one of the lowest id, and leaves with it. A
 * digest says of which profiles it is: ids never come back, and their bytes never change.
 */
#pragma once

#include "collector/depot/depot.h"

#define DEPOT_DIGEST_SIZE 32u

struct depot_sum {
	int64_t first; /* id of a profile */
	int64_t kind;  /* of sum: a profile may have one of each */
	int64_t n;     /* how many profiles it is of */
	uint8_t digest[DEPOT_DIGEST_SIZE];
};

/*
 * What is kept for .first and .kind: sets .n and .digest, and appends the sum to @to. 0,
 * DEPOT_E_NONE, DEPOT_E_DAMAGED or -errno.
 */
int depot_sum(struct depot_reader *r, struct depot_sum *sum, struct buf *to);

/* Keep one, in the place of what was kept for .first and .kind. As depot_add(); DEPOT_E_NONE: the
 * profile is gone. */
int depot_keep_sum(struct depot *d, const struct depot_sum *sum, struct span data);

/* Drop what is kept for @first and @kind, if anything is. As depot_add(). */
int depot_drop_sum(struct depot *d, int64_t first, int64_t kind);

/*
 * Call @each with all that has CPU profiles of an id over @after: main packages, and services
 * without one. *ret_last: the highest id of any.
 */
int depot_each_name(struct depot_reader *r, int64_t after, int64_t *ret_last,
		    int (*each)(void *context, const char *tenant, const char *name),
		    void *context);
