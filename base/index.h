/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash index over records that live in a growing array of the caller's.
 *
 * It maps a hash to the numbers of the records that have it; the records themselves, and the
 * comparison of equal ones, stay with the caller. So it can never be left pointing into an array
 * that has moved. Open addressing with linear probing, at most 3/4 full, 8 bytes a slot.
 *
 *	uint32_t at = INDEX_START;
 *	while (index_next(&ix, hash, &at, &id))
 *		if (same(records[id], wanted))
 *			return id;
 *	...append the record, then...
 *	r = index_add(&ix, hash, new_id);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define INDEX_START UINT32_MAX

struct index_slot {
	uint32_t hash;
	uint32_t id_plus_1; /* 0: empty */
};

struct index {
	struct index_slot *slots;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t n;
};

#define INDEX_NULL \
	{          \
		0  \
	}

void index_fini(struct index *ix);

/* Forget all records, keep the memory. */
void index_clear(struct index *ix);

/*
 * The next record with this hash; *@at is INDEX_START at first. False when there is no more.
 * Records with other hashes may be returned: always compare.
 */
bool index_next(const struct index *ix, uint64_t hash, uint32_t *at, uint32_t *ret_id);

/* Add record @id (< UINT32_MAX). 0 or -ENOMEM. */
int index_add(struct index *ix, uint64_t hash, uint32_t id);

/* Bytes held. */
static inline uint64_t index_memory(const struct index *ix)
{
	return (uint64_t)ix->capacity * sizeof(*ix->slots);
}
