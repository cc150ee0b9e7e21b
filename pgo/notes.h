/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording says of itself in a profile's comments.
 *
 * A comment that begins with "hone: " holds pairs key=value, parted by one space each. Keys are
 * lower-case words; a value is a decimal number, of samples where nothing else is said. A reader
 * passes over keys it does not know and pairs it cannot read. One recording writes one such
 * comment; a merged profile holds those of all its parts, and their numbers add up. The keys:
 *
 *	samples		samples in the profile
 *	lost		samples taken that are not in it: buffers ran over, a table was full
 *	truncated	of samples: the stack breaks off before its root, though it is not deeper
 *			than the profile's depth limit
 *	unsymbolized	of samples: some frame has no name
 *	taken		samples really taken, where some stand for several because not every tick
 *	max-weight	was sampled, and for how many one may stand; powers of two. Not written if 1
 *	unwatched	processes that were meant and not recorded, because too many were already;
 *			their samples are missing, nobody knows how many. Not written if 0
 *
 *	hone: samples=19240 lost=0 truncated=3 unsymbolized=0
 *
 *	hone: samples=19240 lost=0 truncated=3 unsymbolized=0 taken=2405 max-weight=8
 *
 * Equal comments are one in a merged profile (the format unites them), so it is the shares, not
 * the sums, that are to be trusted there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "libpprof/pprof.h"

struct pgo_notes {
	bool known; /* some comment gave `samples` */
	uint64_t samples, lost, truncated, unsymbolized;
	uint64_t unwatched; /* processes */
	/* Of the comments without, all samples and 1. Added up; the greatest. 0: not known. */
	uint64_t taken, max_weight;
};

void pgo_notes_read(const struct pprof_profile *p, struct pgo_notes *ret_notes);

/* Add those of another part. Numbers end at the largest there is. */
void pgo_notes_add(struct pgo_notes *to, const struct pgo_notes *notes);

/* Append the comment for @notes, without a newline. */
void pgo_notes_print(const struct pgo_notes *notes, struct buf *out);
