/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that are added up by what they are in brief. Inside of this room. */
#pragma once

#include "collector/query/inside.h"
#include "libpprof/pprof.h"

/*
 * Add up those of *@n profiles that are kept in brief, and take them off the list; the others stay
 * in order. The sum comes in parts, each read into @from, for which @add is called. 0,
 * INGEST_E_REFUSED, -errno, or what @add answered.
 */
int briefed_add(const struct query_call *c, int64_t *ids, size_t *n, struct pprof_profile *from,
		int (*add)(void *context), void *context);
