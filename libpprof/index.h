/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From hashes to the numbers of records that the caller keeps and compares. Open addressing, linear
 * probing, at most 3/4 full, 8 bytes a slot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libpprof/array.h"

#define PP_INDEX_START UINT32_MAX

struct pp_index_slot {
	uint32_t hash;
	uint32_t number_plus_1; /* 0: empty */
};

struct pp_index {
	struct pp_index_slot *slots;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t n;
};

void pp_index_fini(struct pp_index *ix);

/* Without records, and with the room for as many. */
void pp_index_clear(struct pp_index *ix);

/*
 * The next record that may have this hash; *@at is PP_INDEX_START at first. False: no more.
 * Always compare: records of other hashes may be given.
 */
static inline bool pp_index_next(const struct pp_index *ix, uint64_t hash, uint32_t *at,
				 uint32_t *ret_number)
{
	uint32_t wanted = hash, mask = ix->capacity - 1;

	if (!ix->capacity)
		return false;
	for (uint32_t i = *at == PP_INDEX_START ? wanted & mask : (*at + 1) & mask;;
	     i = (i + 1) & mask) {
		const struct pp_index_slot *slot = &ix->slots[i];

		if (!slot->number_plus_1)
			return false;
		if (slot->hash == wanted) {
			*at = i;
			*ret_number = slot->number_plus_1 - 1;
			return true;
		}
	}
}

/* 0, -ENOMEM, or PPROF_E_TOO_LARGE. */
int pp_index_add(struct pp_index *ix, uint64_t hash, uint32_t number);

/*
 * Which row came after which, the last time. Profiles of one program name the same things in much
 * the same order, and to compare one row costs less than to hash what is looked for.
 */
struct pp_guess {
	struct pp_array next; /* uint32_t, by number; may lack the last ones */
	uint32_t last;
};

void pp_guess_fini(struct pp_guess *g);

/* A row that may be the next one; false where there is no guess. */
static inline bool pp_guess_next(const struct pp_guess *g, uint32_t *ret_number)
{
	if (g->last >= g->next.n)
		return false;
	*ret_number = *pp_array_at(&g->next, uint32_t, g->last);
	return true;
}

/* It was @number. Without memory there will be no guess. */
static inline void pp_guess_learn(struct pp_guess *g, uint32_t number)
{
	if (g->last < g->next.n)
		*pp_array_at(&g->next, uint32_t, g->last) = number;
	if (number == g->next.n)
		(void)pp_array_append(&g->next, sizeof(number), &number, 1);
	g->last = number;
}

/*
 * Hashes start from a seed that nobody knows, so that no file can be made whose rows all collide.
 */
uint64_t pp_hash_seed(void);
uint64_t pp_hash_u64(uint64_t seed, uint64_t value);
uint64_t pp_hash_bytes(uint64_t seed, const void *data, size_t size);
