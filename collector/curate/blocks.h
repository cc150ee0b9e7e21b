/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of profiles that were read before, so that those of a new profile cost one more and not all
 * again. Inside of this room; for one thread at a time.
 *
 * A block is what is wanted of the profiles that begin in one hour, or one day (ids never come
 * back, and their bytes never change). What was added up of one is kept, trimmed, with the ids it
 * is made of; when the block has grown since, the rest is added to it. Blocks of the same first id
 * are states of one block: in another the first id is another.
 */
#pragma once

#include "libpprof/pprof.h"
#include "pgo/notes.h"
#include "pgo/trim.h"

#include "base/buf.h"

#define BLOCKS_MAX	 256u
#define BLOCKS_MAX_BYTES ((size_t)16 << 20)

/* What profiles that were added up have in common. */
struct tally {
	struct trim_sum sum;
	struct pgo_notes notes;
	size_t n_profiles, n_groups;
	int64_t first, last;
};

void tally_join(struct tally *to, const struct tally *from);

struct block {
	int64_t first; /* of its ids */
	size_t depth;
	uint64_t digest; /* of its ids */
	size_t n;	 /* how many there are */
	struct buf pprof;
	struct tally tally;
	uint64_t used; /* 0: free */
};

struct blocks {
	struct block blocks[BLOCKS_MAX];
	uint64_t clock;
	size_t bytes;
};

void blocks_fini(struct blocks *b);

/* The largest one of the first of these ids, NULL for none. Valid until blocks_put(). */
const struct block *blocks_find(struct blocks *b, size_t depth, const int64_t *ids, size_t n);

/* Keep @sum, trimmed to @depth, of all of @ids. 0 or -ENOMEM. */
int blocks_put(struct blocks *b, size_t depth, const int64_t *ids, size_t n,
	       struct pprof_profile *sum, const struct tally *tally);
