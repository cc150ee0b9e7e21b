/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles that a request selects, merged to one. Inside of this room. */
#pragma once

#include "collector/query/fold.h"
#include "collector/query/inside.h"

struct merge_input {
	const char *selector, *profile_type;
	int64_t start, end; /* ms */
	struct fold_options fold;
	bool aggregate;	    /* for Go's compiler: .fold.depth is keep_locations */
	size_t slots, slot; /* sample types of the profile, and the one to add to */
};

/*
 * Add to *@profile, which is made where it is NULL; it stays NULL where nothing is selected.
 * Between query_enter() and query_leave(). 0, INGEST_E_REFUSED or -errno.
 */
int merge(const struct query_call *c, const struct merge_input *in, struct pprof_profile **profile);

void merge_freep(struct pprof_profile **p);

struct Querier__V1__StackTraceSelector;

/* Options from what a request says; the texts stay the request's. */
struct merge_selectors {
	const struct Querier__V1__StackTraceSelector *stack;
	char **spans, **traces, **ids;
	size_t n_spans, n_traces, n_ids;
};

#define MERGE_MAX_CALL_SITE 256u
#define MERGE_MAX_SPANS	    1000u /* or traces: each is compared with each label */

/* @ret_names, of MERGE_MAX_CALL_SITE, is what .fold.call_site points to. */
int merge_read_selectors(const struct query_call *c, const struct merge_selectors *from,
			 const char **ret_names, struct merge_input *ret_in);
