/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From hashes to the numbers of records that the caller keeps and compares. Open addressing, linear
 * probing, at most 3/4 full, 8 bytes a slot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * Hashes start from a seed that nobody knows, so that no file can be made whose rows all collide.
 */
uint64_t pp_hash_seed(void);
uint64_t pp_hash_u64(uint64_t seed, uint64_t value);
uint64_t pp_hash_bytes(uint64_t seed, const void *data, size_t size);
