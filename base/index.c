/* SPDX-License-Identifier: Apache-2.0 */
#include "base/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_MIN_CAPACITY 64u

void index_fini(struct index *ix)
{
	free(ix->slots);
	*ix = (struct index)INDEX_NULL;
}

void index_clear(struct index *ix)
{
	if (ix->slots)
		memset(ix->slots, 0, ix->capacity * sizeof(*ix->slots));
	ix->n = 0;
}

static uint32_t fold(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

bool index_next(const struct index *ix, uint64_t hash, uint32_t *at, uint32_t *ret_id)
{
	uint32_t wanted = fold(hash), mask = ix->capacity - 1;

	if (!ix->capacity)
		return false;
	for (uint32_t i = *at == INDEX_START ? wanted & mask : (*at + 1) & mask;;
	     i = (i + 1) & mask) {
		const struct index_slot *slot = &ix->slots[i];

		if (!slot->id_plus_1)
			return false;
		if (slot->hash == wanted) {
			*at = i;
			*ret_id = slot->id_plus_1 - 1;
			return true;
		}
	}
}

static void put(struct index_slot *slots, uint32_t mask, struct index_slot slot)
{
	uint32_t i = slot.hash & mask;

	while (slots[i].id_plus_1)
		i = (i + 1) & mask;
	slots[i] = slot;
}

static int grow(struct index *ix)
{
	uint32_t capacity = ix->capacity ? ix->capacity * 2 : INDEX_MIN_CAPACITY;
	struct index_slot *slots = calloc(capacity, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < ix->capacity; i++)
		if (ix->slots[i].id_plus_1)
			put(slots, capacity - 1, ix->slots[i]);
	free(ix->slots);
	ix->slots = slots;
	ix->capacity = capacity;
	return 0;
}

int index_add(struct index *ix, uint64_t hash, uint32_t id)
{
	if (ix->n >= ix->capacity / 4 * 3) {
		int r = grow(ix);

		if (r < 0)
			return r;
	}
	put(ix->slots, ix->capacity - 1,
	    (struct index_slot){ .hash = fold(hash), .id_plus_1 = id + 1 });
	ix->n++;
	return 0;
}
