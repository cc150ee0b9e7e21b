/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes for tables held in memory. Not stable between versions and not for anything that is stored
 * or sent. The finalizer is that of MurmurHash3 (public domain, Austin Appleby).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	x ^= x >> 33;
	return x;
}

static inline uint64_t hash_combine(uint64_t seed, uint64_t value)
{
	return hash_u64(seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2)));
}

static inline uint64_t hash_bytes(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t h = size * 0x9e3779b97f4a7c15ULL, word;

	for (; size >= 8; p += 8, size -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	word = 0;
	if (size)
		memcpy(&word, p, size);
	return hash_u64(h ^ word);
}
