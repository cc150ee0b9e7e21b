/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile in brief: which stacks, by number, and how often. Programs are seen on the same stacks
 * again and again, so the stacks themselves are written down once, in a dictionary of the program,
 * and many profiles are added up without reading more of each than its numbers: some kilobytes
 * instead of all its names, lines and addresses.
 *
 * A brief is made beside the profile when it is pushed, kept with it, and says no more than the
 * profile does: it may be lost. Who has none, or cannot read it, reads the profile.
 *
 * Only Go's CPU profiles are put in brief (samples/count and cpu/nanoseconds, in this order), and
 * of these only what adds up in any order: no labels of samples, no negative values, no samples
 * without CPU time, no more of it in a profile than BRIEF_MAX_VALUE.
 *
 * A dictionary is found by who pushes and the main binary. It is begun anew after an hour (nobody
 * learns of old ones: those on disk are left to who reads them), when it is full, and when some of
 * it did not get to the disk. A program that is hardly seen twice on a stack gets no briefs, nor do
 * those for whose dictionaries there is no more room: who has one keeps it for as long as it is
 * used every ten minutes.
 *
 * Stacks are told apart by 64-bit hashes with a seed of this process that it tells nobody. That two
 * of a full dictionary have one has a probability of 10^-10.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "libpprof/pprof.h"

#define BRIEF_MAX_PROFILE      ((size_t)8 << 20)  /* bytes, uncompressed: larger ones have none */
#define BRIEF_MAX_STACKS       (1u << 16)	  /* of a dictionary */
#define BRIEF_MAX_VALUE	       ((int64_t)1 << 46) /* ns or samples: so many profiles' fit an int64 */
#define BRIEF_MAX_DICTIONARIES 256u		  /* at a time */
#define BRIEF_TYPES	       2u		  /* values of a stack: samples, CPU time */

enum brief_outcome {
	BRIEF_E_NONE = 1, /* there is no brief of this, or it cannot be read */
};

/* ---- making ------------------------------------------------------------------------------ */

/* The dictionaries that are being written. In any thread. */
struct briefs;

/* 0, -ENOMEM, or -EIO: there are no random bytes. */
int briefs_new(struct briefs **ret_briefs);
struct briefs *briefs_free(struct briefs *b); /* takes NULL, gives NULL */

struct brief {
	int64_t dictionary; /* ns since the epoch when it was begun, about: none is as another */
	/* The stacks of .first to .first + .n - 1 are new, and stand in .stacks. */
	uint32_t first, n;
	uint8_t *stacks, *counts;
	size_t stacks_size, counts_size;
};

#define BRIEF_NULL \
	{          \
		0  \
	}

/* Whose profile it is. */
struct brief_owner {
	const char *tenant, *service, *package;
};

/*
 * Is it worth the while to decode the next profile as a whole? Not where those of the last hour
 * were hardly twice on a stack, or could not be put in brief, nor where there is no room for its
 * dictionary.
 */
bool brief_expects(struct briefs *b, const struct brief_owner *owner, int64_t now);

/*
 * Of a profile that pprof_decode() made, with .counts of @most bytes: what takes more than the
 * profile itself is no brief. 0, BRIEF_E_NONE or -ENOMEM. After 0 brief_end() is to be called.
 */
int brief_make(struct briefs *b, const struct brief_owner *owner, const struct pprof_profile *p,
	       size_t most, int64_t now, struct brief *ret_brief);

/* Is it on disk? Otherwise others may name stacks that nobody finds. Takes BRIEF_NULL, and leaves
 * it. */
void brief_end(struct briefs *b, struct brief *brief, bool stored);

/* ---- adding up --------------------------------------------------------------------------- */

/* One dictionary, read again, and the sum of briefs that are written in it. */
struct brief_book;

int brief_book_new(struct brief_book **ret_book);
struct brief_book *brief_book_free(struct brief_book *b); /* takes NULL, gives NULL */

/* A part of it, all of them before the first brief. 0, BRIEF_E_NONE or -ENOMEM. */
int brief_book_add_stacks(struct brief_book *b, uint32_t first, uint32_t n, struct span stacks);

/* Add a brief: 0, or BRIEF_E_NONE, and nothing was added. */
int brief_book_add(struct brief_book *b, struct span counts);

/*
 * The sum comes part by part: read one into @p as pprof_reread() does, with the values that its
 * stacks have together. Those that were in no brief have 0. Durations are in the first part. 0,
 * BRIEF_E_NONE (it is damaged) or -ENOMEM.
 */
size_t brief_book_parts(const struct brief_book *b);
int brief_book_read(const struct brief_book *b, size_t part, struct pprof_profile *p);
