/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of plain values that is addressed by numbers, never by pointers kept.
 *
 * Growth is by half, not by doubling: profiles are what the memory of this library goes to.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pp_array {
	void *data;
	uint32_t n;
	uint32_t capacity;
};

void pp_array_fini(struct pp_array *a);

/* Room for @n more items of @item bytes: 0, -ENOMEM, or PPROF_E_TOO_LARGE above 2^32 - 2 items. */
int pp_array_reserve(struct pp_array *a, size_t item, size_t n);

/* pp_array_append() where there may be no room. */
int pp_array_append_more(struct pp_array *a, size_t item, const void *items, size_t n);

/* Append @n items. @items may lie in the array itself: they are found again when it moves. */
static inline int pp_array_append(struct pp_array *a, size_t item, const void *items, size_t n)
{
	if (n != 1 || a->n == a->capacity)
		return pp_array_append_more(a, item, items, n);
	memcpy((char *)a->data + a->n++ * item, items, item);
	return 0;
}

/* Its memory, cut to what is in it, for the caller to free; the array is empty then. */
void *pp_array_take(struct pp_array *a, size_t item);

/* By way of an integer, as @number may be 0 in an empty array that has no memory yet. */
#define pp_array_at(a, type, number) \
	((type *)((uintptr_t)(a)->data + (size_t)(number) * sizeof(type)))
