/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/array.h"

#include <errno.h>
#include <stdlib.h>

#include "libpprof/pprof.h"

#define ARRAY_MIN_CAPACITY 8u
#define ARRAY_MAX	   (UINT32_MAX - 1)

void pp_array_fini(struct pp_array *a)
{
	free(a->data);
	*a = (struct pp_array){ 0 };
}

int pp_array_reserve(struct pp_array *a, size_t item, size_t n)
{
	uint64_t capacity = (uint64_t)a->capacity + a->capacity / 2;
	void *data;

	if (n <= a->capacity - a->n)
		return 0;
	if (n > ARRAY_MAX - a->n)
		return PPROF_E_TOO_LARGE;
	if (capacity < a->n + n)
		capacity = a->n + n;
	if (capacity < ARRAY_MIN_CAPACITY)
		capacity = ARRAY_MIN_CAPACITY;
	if (capacity > ARRAY_MAX)
		capacity = ARRAY_MAX;
	data = reallocarray(a->data, capacity, item);
	if (!data)
		return -ENOMEM;
	a->data = data;
	a->capacity = capacity;
	return 0;
}

int pp_array_append_more(struct pp_array *a, size_t item, const void *items, size_t n)
{
	uintptr_t from = (uintptr_t)items - (uintptr_t)a->data;
	bool inside = a->data && from < (uintptr_t)a->n * item;
	int r;

	if (!n)
		return 0;
	r = pp_array_reserve(a, item, n);
	if (r)
		return r;
	if (inside)
		items = (const char *)a->data + from;
	memcpy((char *)a->data + (size_t)a->n * item, items, n * item);
	a->n += n;
	return 0;
}

void *pp_array_take(struct pp_array *a, size_t item)
{
	void *data = a->n ? realloc(a->data, a->n * item) : NULL;

	if (!data)
		data = a->data;
	*a = (struct pp_array){ 0 };
	return data;
}
