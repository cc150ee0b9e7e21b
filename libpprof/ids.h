/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a table in a file (any non-zero 64-bit numbers) and the numbers of their rows in the
 * profile. Writers count ids up from 1, so a lookup first tries the place where the id then is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "libpprof/array.h"

struct pp_ids {
	struct pp_array pairs; /* sorted by id once pp_ids_seal() was called */
};

void pp_ids_fini(struct pp_ids *ids);
int pp_ids_add(struct pp_ids *ids, uint64_t id, uint32_t number);

/* All ids are in: false when one is there twice. */
bool pp_ids_seal(struct pp_ids *ids);

/* After pp_ids_seal(). */
bool pp_ids_find(const struct pp_ids *ids, uint64_t id, uint32_t *ret_number);
