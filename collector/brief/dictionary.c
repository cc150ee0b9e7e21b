/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "collector/brief/inside.h"

#define MIN_CAPACITY 1024u

void dictionary_fini(struct dictionary *d)
{
	free(d->slots);
	*d = (struct dictionary){ 0 };
}

static struct dictionary_slot *find(struct dictionary_slot *slots, uint32_t capacity, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (capacity - 1);

	while (slots[i].number_plus_1 && slots[i].hash != hash)
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

uint32_t dictionary_find(const struct dictionary *d, uint64_t hash)
{
	/* Of none: number 0 less 1. */
	return d->capacity ? find(d->slots, d->capacity, hash)->number_plus_1 - 1 : DICTIONARY_NONE;
}

/* At most 3/4 full. */
int dictionary_reserve(struct dictionary *d, uint32_t n)
{
	uint32_t capacity = d->capacity ? d->capacity : MIN_CAPACITY;

	while (capacity / 4 * 3 < d->n + n)
		capacity *= 2;
	if (capacity == d->capacity)
		return 0;
	struct dictionary_slot *slots = calloc(capacity, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->capacity; i++)
		if (d->slots[i].number_plus_1)
			*find(slots, capacity, d->slots[i].hash) = d->slots[i];
	free(d->slots);
	d->slots = slots;
	d->capacity = capacity;
	return 0;
}

uint32_t dictionary_number(struct dictionary *d, uint64_t hash)
{
	struct dictionary_slot *slot = find(d->slots, d->capacity, hash);

	if (!slot->number_plus_1)
		*slot = (struct dictionary_slot){ hash, ++d->n };
	return slot->number_plus_1 - 1;
}
