/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C as it comes from a distribution: optimised, without frame pointers, so that the frame pointer
 * register holds whatever the compiler liked to keep in it.
 */
#include "leaf.h"

#include <stdlib.h>

#include "_cgo_export.h"

uint64_t leaf_spin(uint64_t seed, size_t rounds)
{
	while (rounds--) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
	}
	return seed;
}

/* Enough values alive across the calls to need every register that calls preserve. */
__attribute__((noinline)) static uint64_t leaf_mix(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return leaf_spin(a ^ (b * 3) ^ (c * 5) ^ (d * 7), 20);
}

__attribute__((noinline)) uint64_t leaf_nested(uint64_t seed, size_t rounds)
{
	uint64_t a = seed, b = seed * 31, c = seed * 37, d = seed * 41;

	for (size_t i = 0; i < rounds; i++) {
		a += leaf_mix(a, b, c, d);
		b ^= leaf_mix(b, c, d, a);
		c -= leaf_mix(c, d, a, b);
		d += a ^ b;
	}
	return a ^ b ^ c ^ d;
}

static int leaf_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void leaf_sort(uint32_t *numbers, size_t n)
{
	qsort(numbers, n, sizeof(*numbers), leaf_order);
}

__attribute__((noinline)) uint64_t leaf_walk(uint64_t seed, size_t calls)
{
	for (size_t i = 0; i < calls; i++) {
		seed = leaf_spin(seed, 50);
		seed = workVisit(seed);
	}
	return seed;
}
