/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks (blocks.h) that are kept in the depot, with the first of their profiles: what was added up
 * in the background is there when somebody asks for the first time, also after a restart.
 */
#pragma once

#include "collector/curate/blocks.h"
#include "collector/depot/depot.h"

enum kept_outcome {
	KEPT_E_BROKEN = 1, /* what is kept cannot be read, or is no sum: kept_drop() */
};

/*
 * The sum of the first *@n of these ids, with what recordings said of it, and what it measures,
 * where one of more than *@n is kept; otherwise nothing is set. 0, KEPT_E_BROKEN or -errno.
 */
int kept_find(struct depot_reader *r, size_t depth, const int64_t *ids, size_t n_ids, size_t *n,
	      struct pprof_profile **ret_sum, struct trim_sum *ret_measure);

/* Keep @sum of all of @ids; takes @notes into it. What is full or gone is no trouble. 0 or -errno.
 */
int kept_put(struct depot *d, size_t depth, const int64_t *ids, size_t n, struct pprof_profile *sum,
	     const struct pgo_notes *notes);

/* Drop what is kept with the profile @first: it is broken. Where that fails it is found again. */
void kept_drop(struct depot *d, size_t depth, int64_t first);
