/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much do two profiles of one program agree, as the compiler sees them?
 *
 * Overlap: Σ min(share in A, share in B) over all call edges, a share being an edge's part of the
 * profile's edge weight. Two samplings of the same run never reach 1: so many edges are seen once.
 *
 * Ceiling: the overlap that this sampling noise alone allows. The larger profile is dealt at random
 * into a part of as many samples as the smaller has, and the rest; their overlap is computed, and
 * the mean of several such splits is the ceiling. It is samples that are dealt, with all their
 * edges, not edges. Where the larger has less than twice the smaller's samples there is no rest of
 * use; then the samples of both are pooled and dealt into two parts of the original sizes. Such a
 * ceiling takes the two for one program seen twice, which is what is to be shown; so read it with
 * care. The best measurement records one profile at 3 to 5 times the other's rate: at just twice,
 * the ceiling is 1 to 2 % too low, as the rest is noisier than the whole.
 *
 * Ratio: overlap / ceiling. 1 when the two differ by noise alone; a little more is noise too. A
 * share of w wrong edges in one profile lowers it by w/2 to w: wrong edges that are seen rarely
 * make the larger profile look noisier, and so lower its ceiling as well.
 *
 * Form: the same overlap of callers (with their line) given the callee, each callee weighted by its
 * weight in B, the reference: Σ over callees c of W_B(c)/W_B × Σ min(share of A's calls to c, share
 * of B's). It judges what unwinding and naming decide, free of how often each callee was hit. Calls
 * to runtime.asyncPreempt are left out: where a signal lands is the profiler's doing. It has its
 * own ceiling from the same splits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/edges.h"

#define PGO_SPLITS_DEFAULT  10
#define PGO_SPLIT_MIN_RATIO 2 /* of the sample counts, to split the larger */

struct pgo_compare_options {
	uint64_t seed;
	unsigned int splits; /* 0: PGO_SPLITS_DEFAULT */
};

struct pgo_agreement {
	double overlap, ceiling;
	double ratio; /* NaN when the ceiling is 0 */
};

struct pgo_difference {
	uint32_t caller, callee; /* names of the comparison */
	int64_t offset;
	double a, b; /* shares */
};

struct pgo_comparison {
	struct pgo_agreement edges, form;
	bool pooled; /* how the ceilings were made, see above */
	unsigned int splits;
	double only_a, only_b; /* weight of edges that the other has not: of A's, of B's */
	size_t hot_a, hot_b, hot_both;
	struct pgo_names names;
	struct pgo_difference *differences; /* all edges, the largest |a − b| first */
	size_t n_differences;
};

/*
 * 0, PGO_E_NEGATIVE, PGO_E_TOO_LARGE or -ENOMEM. The same profiles and options give the same
 * numbers. @options may be NULL.
 */
int pgo_compare(const struct pgo_edges *a, const struct pgo_edges *b,
		const struct pgo_compare_options *options, struct pgo_comparison *ret_comparison);
void pgo_comparison_fini(struct pgo_comparison *c);
