/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a table in a file (any non-zero 64-bit numbers) and the numbers of their rows in the
 * profile. Writers count ids up from 1, and so are the rows of a new profile: as long as both do,
 * nothing is kept but how many there are. Behind these, a lookup first tries the place where an id
 * that is counted up is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libpprof/array.h"

struct pp_id {
	uint64_t id;
	uint32_t number;
};

struct pp_ids {
	uint32_t counted;      /* the ids 1 to this are the rows from 0 on */
	struct pp_array pairs; /* struct pp_id, all others; sorted by id after pp_ids_seal() */
};

void pp_ids_fini(struct pp_ids *ids);

/* pp_ids_add() where ids are not counted up. */
int pp_ids_add_pair(struct pp_ids *ids, uint64_t id, uint32_t number);

static inline int pp_ids_add(struct pp_ids *ids, uint64_t id, uint32_t number)
{
	if (number != ids->counted || id != (uint64_t)number + 1 || ids->pairs.n)
		return pp_ids_add_pair(ids, id, number);
	ids->counted++;
	return 0;
}

static inline size_t pp_ids_count(const struct pp_ids *ids)
{
	return (size_t)ids->counted + ids->pairs.n;
}

/* All ids are in: false when one is there twice. */
bool pp_ids_seal(struct pp_ids *ids);

/* pp_ids_find() where ids are not counted up. */
bool pp_ids_search(const struct pp_ids *ids, uint64_t id, uint32_t *ret_number);

/* After pp_ids_seal(). */
static inline bool pp_ids_find(const struct pp_ids *ids, uint64_t id, uint32_t *ret_number)
{
	uint64_t at = id - 1 - ids->counted;

	if (id - 1 < ids->counted) {
		*ret_number = (uint32_t)(id - 1);
		return true;
	}
	if (at >= ids->pairs.n || pp_array_at(&ids->pairs, struct pp_id, at)->id != id)
		return pp_ids_search(ids, id, ret_number);
	*ret_number = pp_array_at(&ids->pairs, struct pp_id, at)->number;
	return true;
}
