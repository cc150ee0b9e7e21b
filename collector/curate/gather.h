/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the profiles in the window to one. Inside of this room. It reads the depot @d by a reader,
 * and drops kept sums there that cannot be read.
 */
#pragma once

#include "collector/curate/blocks.h"
#include "collector/curate/curate.h"

struct depot_query gather_query(const struct curate_request *request);

/*
 * Add up what @request will need, and keep it in the depot. *ret_broken: kept sums that could not
 * be read, and were made anew. 0, an enum curate_outcome, -ECANCELED when *@stop became true, or
 * -errno.
 */
int gather_ahead(struct depot *d, struct depot_reader *reader, const struct curate_request *request,
		 const atomic_bool *stop, size_t *ret_broken);

/* @cold may be NULL. 0, an enum curate_outcome, or -errno; ret->explain is set as far as it goes.
 */
int gather(struct depot *d, struct depot_reader *reader, const struct curate_request *request,
	   const struct cold_list *cold, struct blocks *blocks, struct curate_result *ret_result);
