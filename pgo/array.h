/* SPDX-License-Identifier: Apache-2.0 */
/* Growing plain arrays, for this room's tables. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Make room for one more than @n items of @size bytes in *@array, which holds *@capacity. 0 or
 * -ENOMEM; the array is then as before.
 */
static inline int array_grow(void **array, size_t *capacity, size_t n, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (n < *capacity)
		return 0;
	grown = reallocarray(*array, wanted, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}
