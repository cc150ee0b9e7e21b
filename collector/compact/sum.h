/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of one build added up, so that whoever adds up the sums gets what they would have got
 * from the parts: the sums of google/pprof's merge, the same default.pgo, the same notes
 * (pgo/notes.h: here the numbers of all parts are added up into one comment).
 *
 * Not all profiles can be added to each other: sample types and period have to be equal. So there
 * are a few sums beside each other, and a profile goes to the first that it fits. What fits none,
 * or is not what a sum can stand for (negative values; CPU time alone that is no whole number of
 * periods, which curate would round; samples without CPU time among others that have some, which
 * curate would make it of; more CPU time than it takes, pgo/trim.h), stays as it is.
 */
#pragma once

#include <stdint.h>

#include "libpprof/pprof.h"
#include "pgo/notes.h"
#include "pgo/trim.h"

#define SUM_MAX_SUMS	 8u
#define SUM_MAX_SAMPLES	 100000u /* distinct stacks: a sum that has so many gets no more */
#define SUM_MAX_COMMENTS 16u	 /* besides notes; more are dropped */

enum sum_outcome {
	SUM_E_ALONE =
		100, /* apart from those of enum depot_outcome; it cannot be added to anything */
	SUM_E_TOO_LARGE, /* over a limit of libpprof's */
};

struct sum {
	struct pprof_profile *profile;
	struct pprof_merger *merger; /* that adds to it */
	struct pgo_notes notes;
	struct trim_sum total; /* as curate will measure it */
	int64_t *ids;
	size_t n_ids;
};

struct sums {
	struct sum sums[SUM_MAX_SUMS];
	size_t n;
};

void sums_fini(struct sums *s);

/* Always the same @p, which pprof_reread() reads into. 0, SUM_E_ALONE, or what ends all:
 * SUM_E_TOO_LARGE, -ENOMEM. */
int sums_add(struct sums *s, struct pprof_profile *p, int64_t id);

/* The bytes of a sum, malloc'd: gzip. 0, SUM_E_TOO_LARGE or -ENOMEM. */
int sum_encode(struct sum *s, uint8_t **ret_data, size_t *ret_size);
