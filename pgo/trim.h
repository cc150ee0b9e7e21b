/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Go compiler reads of a profile, and no more, added up over many.
 *
 * Of a stack the compiler uses the two innermost locations, with all their lines (pgo/edges.h). So
 * the others go, and so do mappings, files, addresses and labels; the line of the innermost
 * function, which is the end of no call, becomes 0. What is left has the same call edges, in a
 * fraction of the bytes. How many locations the compiler uses is its own affair and may change, so
 * the depth is an option.
 *
 * Recursion hangs on addresses and lines: equal lines are two nodes of the compiler's graph when
 * their addresses differ, and one when not, and a step from a node to itself is no call. A leaf
 * therefore gets address 1 and its callers address 2, unless leaf and caller have one address; and
 * the line stays where the innermost function is in its location more than once.
 */
#pragma once

#include <stddef.h>

#include "libpprof/pprof.h"

enum trim_outcome {
	TRIM_E_NO_VALUES = 1, /* neither samples/count nor cpu/nanoseconds */
	TRIM_E_TOO_LARGE,     /* over a limit of libpprof's */
};

/* An empty profile that trim_add() can add to: samples/count and cpu/nanoseconds. 0 or -ENOMEM. */
int trim_new(struct pprof_profile **ret_profile);

/*
 * Add @from's samples to @to, @depth locations of each; 0: all of them. Where @from has one of the
 * two sample types only, the other is made of it and of the period. 0, an outcome or -ENOMEM; after
 * a failure @to is fit only for pprof_free().
 */
int trim_add(struct pprof_profile *to, struct pprof_profile *from, size_t depth);
