/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes for tables held in memory: of this process, and of no other. Stacks, paths and service
 * names come from programs that may wish us ill; as the keys below are drawn anew at each start,
 * none can know which of its values fall together. Nothing that is stored, sent or put in an order
 * may hang on a hash.
 *
 * What mixes is the product of two 64-bit numbers, its upper half laid over its lower, as in wyhash
 * (public domain, Wang Yi). One of the two is secret each time, so that what a change of the other
 * does to the product cannot be told; with multiplication by a known constant, it can.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Set before main(), and never again. */
extern struct hash_keys {
	uint64_t add, multiply; /* the latter is odd */
} hash_keys;

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_u64(uint64_t x)
{
	return hash_mix(x ^ hash_keys.add, hash_keys.multiply);
}

static inline uint64_t hash_combine(uint64_t seed, uint64_t value)
{
	return hash_mix(hash_u64(seed) ^ value, hash_keys.multiply);
}

static inline uint64_t hash_bytes(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t h = hash_keys.add ^ size, word;

	for (; size >= 8; p += 8, size -= 8) {
		memcpy(&word, p, 8);
		h = hash_mix(h ^ word, hash_keys.multiply);
	}
	word = 0;
	if (size)
		memcpy(&word, p, size);
	return hash_mix(h ^ word, hash_keys.multiply);
}
