/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a table in a file (any non-zero 64-bit numbers) and the numbers of their rows in the
 * profile. Writers count ids up from 1, so a lookup first tries the place where the id then is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "libpprof/array.h"

struct pp_id {
	uint64_t id;
	uint32_t number;
};

struct pp_ids {
	struct pp_array pairs; /* struct pp_id, sorted by id once pp_ids_seal() was called */
};

void pp_ids_fini(struct pp_ids *ids);
int pp_ids_add(struct pp_ids *ids, uint64_t id, uint32_t number);

/* All ids are in: false when one is there twice. */
bool pp_ids_seal(struct pp_ids *ids);

/* pp_ids_find() where ids are not counted up. */
bool pp_ids_search(const struct pp_ids *ids, uint64_t id, uint32_t *ret_number);

/* After pp_ids_seal(). */
static inline bool pp_ids_find(const struct pp_ids *ids, uint64_t id, uint32_t *ret_number)
{
	const struct pp_id *there = pp_array_at(&ids->pairs, struct pp_id, id - 1);

	if (id - 1 >= ids->pairs.n || there->id != id)
		return pp_ids_search(ids, id, ret_number);
	*ret_number = there->number;
	return true;
}
