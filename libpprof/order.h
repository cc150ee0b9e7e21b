/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one order of a profile's rows that depends on nothing but what they say.
 *
 * Rows name each other by numbers, which are an accident of the order of addition. So tables are
 * ranked from the bottom up: texts, mappings and functions by their texts, locations by the ranks
 * of what they name, samples by the ranks of their locations. No two rows are equal, so each rank
 * is unique.
 */
#pragma once

#include <stdint.h>

#include "libpprof/model.h"

/* The numbers of all samples, in order; the caller's to free(). 0 or -ENOMEM. */
int pp_order_samples(const struct pprof_profile *p, uint32_t **ret_numbers);
