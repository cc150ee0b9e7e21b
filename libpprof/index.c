/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libpprof/pprof.h"

#define INDEX_MIN_CAPACITY 16u
#define INDEX_MAX_CAPACITY (1u << 31)

void pp_index_fini(struct pp_index *ix)
{
	free(ix->slots);
	*ix = (struct pp_index){ 0 };
}

void pp_index_clear(struct pp_index *ix)
{
	if (ix->n)
		memset(ix->slots, 0, ix->capacity * sizeof(*ix->slots));
	ix->n = 0;
}

void pp_guess_fini(struct pp_guess *g)
{
	pp_array_fini(&g->next);
	g->last = 0;
}

static void put(struct pp_index_slot *slots, uint32_t mask, struct pp_index_slot slot)
{
	uint32_t i = slot.hash & mask;

	while (slots[i].number_plus_1)
		i = (i + 1) & mask;
	slots[i] = slot;
}

static int grow(struct pp_index *ix)
{
	uint32_t capacity = ix->capacity ? ix->capacity * 2 : INDEX_MIN_CAPACITY;
	struct pp_index_slot *slots;

	if (ix->capacity >= INDEX_MAX_CAPACITY)
		return PPROF_E_TOO_LARGE;
	slots = calloc(capacity, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < ix->capacity; i++)
		if (ix->slots[i].number_plus_1)
			put(slots, capacity - 1, ix->slots[i]);
	free(ix->slots);
	ix->slots = slots;
	ix->capacity = capacity;
	return 0;
}

int pp_index_add(struct pp_index *ix, uint64_t hash, uint32_t number)
{
	if (ix->n >= ix->capacity / 4 * 3) {
		int r = grow(ix);

		if (r)
			return r;
	}
	put(ix->slots, ix->capacity - 1,
	    (struct pp_index_slot){ .hash = hash, .number_plus_1 = number + 1 });
	ix->n++;
	return 0;
}

uint64_t pp_hash_seed(void)
{
	uint64_t seed = 0;

	/* Early in a boot there may be none; a known seed costs time at worst. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = 0;
	return seed;
}

/* The product of two 64-bit numbers, its upper half laid over its lower: as in wyhash (public
 * domain, Wang Yi). */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * By no divisor of 64: @h and this differ in what nobody can guess. With 32 bits they would by two
 * equal halves, and among 2^17 texts of 16 bytes there would be two whose factors are swapped.
 */
static uint64_t turn(uint64_t h)
{
	return h << 29 | h >> 35;
}

/* Both factors hang on what is secret: the one that @value is laid over, and the other whole. */
uint64_t pp_hash_u64(uint64_t seed, uint64_t value)
{
	return mix(value ^ seed, turn(seed) | 1);
}

uint64_t pp_hash_bytes(uint64_t seed, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t h = pp_hash_u64(seed, size), words[2];

	for (; size >= sizeof(words); p += sizeof(words), size -= sizeof(words)) {
		memcpy(words, p, sizeof(words));
		h = mix(words[0] ^ h, words[1] ^ turn(h));
	}
	words[0] = words[1] = 0;
	if (size)
		memcpy(words, p, size);
	return mix(words[0] ^ h, words[1] ^ turn(h));
}
