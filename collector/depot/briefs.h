/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What profiles are in brief (collector/brief/brief.h), and the dictionaries that they are written
 * in. Of no more worth than the profiles: they may be lost. A brief leaves with its profile, a
 * dictionary some time after its last brief.
 */
#pragma once

#include "collector/depot/depot.h"

/* In which dictionary is each of @n profiles? 0: in none. 0, DEPOT_E_DAMAGED or -errno, below
 * likewise. */
int depot_find_briefs(struct depot_reader *r, const int64_t *ids, size_t n,
		      int64_t *ret_dictionaries);

/* Call @each with the brief of each of @n profiles, until it answers other than 0, which is
 * forwarded. */
int depot_each_brief(struct depot_reader *r, const int64_t *ids, size_t n,
		     int (*each)(void *context, size_t number, struct span counts), void *context);

/* Likewise with the stacks of a dictionary, part by part: numbers @first to @first + @n - 1. */
int depot_each_stacks(struct depot_reader *r, int64_t dictionary,
		      int (*each)(void *context, uint32_t first, uint32_t n, struct span stacks),
		      void *context);
