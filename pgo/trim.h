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
 *
 * The compiler takes the first of a profile's sample types that it knows for the weight of calls.
 * Here that is cpu/nanoseconds: profiles of different rates add up to what they cost, and weights
 * can be scaled with room for rounding. samples/count comes second and is never scaled: coverage
 * (pgo/hotset.h) is about how often something was seen.
 */
#pragma once

#include <stddef.h>

#include "libpprof/pprof.h"

enum trim_outcome {
	TRIM_E_NO_VALUES = 1, /* neither samples/count nor cpu/nanoseconds */
	TRIM_E_TOO_LARGE,     /* over a limit of libpprof's */
	TRIM_E_NEGATIVE,      /* negative values: a difference of two profiles */
	TRIM_E_OVERFLOW,      /* more CPU time than there can be */
};

/* CPU time that is added up, ns: 146 years of a CPU, half of what an int64 holds. */
#define TRIM_MAX_CPU ((int64_t)1 << 62)

/*
 * What the compiler gets of it: what Go adds up on 64 lines stays below 2^63. 417 days of a CPU, so
 * what is more is scaled: shares are all that the compiler looks at.
 */
#define TRIM_MAX_WEIGHT ((int64_t)1 << 55)

struct trim_sum {
	int64_t cpu, samples;
};

/* An empty profile that trim_add() can add to: cpu/nanoseconds and samples/count. 0 or -ENOMEM. */
int trim_new(struct pprof_profile **ret_profile);

/*
 * What @from would add: 0, or the outcome that trim_add() would have but for TRIM_E_TOO_LARGE; then
 * nothing needs to be undone.
 */
int trim_measure(struct pprof_profile *from, struct trim_sum *ret_sum);

/*
 * Add @from's samples to @to, @depth locations of each; 0: all of them. Where @from has one of the
 * two sample types only, the other is made of it and of the period. 0, an outcome or -ENOMEM; after
 * TRIM_E_TOO_LARGE and -ENOMEM @to is fit only for pprof_free(), after another outcome it is as
 * before.
 */
int trim_add(struct pprof_profile *to, struct pprof_profile *from, size_t depth);

/* The same with each CPU time times @factor, rounded; what is seen keeps 1 ns at least. */
int trim_add_scaled(struct pprof_profile *to, struct pprof_profile *from, size_t depth,
		    double factor);

/* The factor for @cpu ns to become TRIM_MAX_WEIGHT at most: 1, 1/2, 1/4... */
double trim_fit(double cpu);

/* All of *@profile, which trim_add() made, with its CPU time times @factor. As trim_add(). */
int trim_scale(struct pprof_profile **profile, size_t depth, double factor);

/* The same for many that pprof_reread() reads into one profile, with less work for each. */
struct trim;

int trim_open(struct pprof_profile *to, size_t depth, struct trim **ret_trim);
struct trim *trim_close(struct trim *t);

/* As trim_add(); always the same @from. */
int trim_next(struct trim *t, struct pprof_profile *from);
