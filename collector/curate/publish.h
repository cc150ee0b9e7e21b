/* SPDX-License-Identifier: Apache-2.0 */
/* What was published stays until what is hot changes. Inside of this room. */
#pragma once

#include "collector/curate/curate.h"
#include "collector/depot/shelf.h"

/*
 * How much two profiles agree in what is hot: Σ min(share in A, share in B) over edges that are hot
 * in both, a share being of the weight of a profile's own hot edges (pgo/hotset.h). 1 for the same
 * ones; two samplings of one run reach 0.93 or so at 15 000 samples.
 */
int publish_overlap(struct pgo_edges *a, struct pgo_edges *b, double *ret_overlap);

/*
 * @result is what would be given. Where what was published last is as good, was made by the same
 * policy and agrees with it (curate_policy.hold), that takes its place; otherwise it is published.
 * 0, CURATE_E_DAMAGED, CURATE_E_FULL or -errno; after CURATE_E_FULL @result is as it was.
 */
int publish_settle(struct depot *d, const struct curate_request *request,
		   const struct cold_list *cold, struct curate_result *result);

/* An outcome of the depot's as one of ours. */
int publish_outcome(int r);

struct depot_line publish_line(const struct curate_request *request);

/* An edition as a result. 0 or -errno. */
int publish_unpack(struct depot_edition *e, struct curate_result *ret_result);
