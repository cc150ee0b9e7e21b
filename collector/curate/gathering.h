/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of this room: the state of gather(), and the adding up of one build.
 *
 * Build by build, newest first, until the samples suffice. The profiles of one build are added up
 * mode by mode, and within that, where each instance or day is to weigh the same, group by group:
 * a group's profiles make one profile, which is scaled to GROUP_WEIGHT. At last the build is scaled
 * as a whole, so that it has the CPU time that it really took, times the decay, and all builds once
 * more where that is more than the compiler can add up (pgo/trim.h). All sums are of
 * integers, and each is rounded by itself, so that nothing hangs on the order of arrival.
 */
#pragma once

#include "collector/curate/blocks.h"
#include "collector/curate/choose.h"

#define GROUP_WEIGHT ((int64_t)1 << 40) /* ns, 18 minutes: room for rounding */

/* A profile that may be used. */
struct item {
	const struct depot_row *row;
	uint32_t mode;
	int64_t group;
	int64_t block; /* number of the hour or day that it begins in */
};

struct gathering {
	struct depot_reader *reader;
	struct blocks *blocks;
	struct depot *depot;
	bool keeps;		 /* blocks, in the depot */
	const atomic_bool *stop; /* then it ends with -ECANCELED; or NULL */
	const struct depot_list *list;
	const struct curate_request *request;
	struct choice choice;
	struct pprof_profile *from; /* read into again and again */
	struct pprof_profile *whole;
	struct tally tally;
	struct trim_sum reserved; /* on its way into .tally, as is what add_profile() is told */
	struct curate_result *result;
	struct curate_explain *e;
	struct item *items; /* of one build */
	int64_t *used;	    /* series of the profiles used */
	size_t n_used;
	size_t n_read;	 /* profiles, merged or not */
	bool mode_known; /* by CURATE_MODES_LARGEST */
	uint32_t mode;
};

/* The items of a build that may be used, by mode and group: how many. */
size_t gathering_list(struct gathering *g, uint32_t build);

/*
 * Add @n items to *@to, which is a new profile then where it has to be another. Below likewise: 0
 * or -errno.
 */
int gathering_add_modes(struct gathering *g, size_t n, struct pprof_profile **to, struct tally *t);

/* All of @from, with its CPU time times @factor. */
int gathering_add_scaled(struct gathering *g, struct pprof_profile *to, struct pprof_profile *from,
			 double factor);
