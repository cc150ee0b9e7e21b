/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash index with a cap over records in an array of the caller's, which knows their order of use:
 * when it is full, the one unused for longest goes first.
 *
 * As with base/index.h the records and the comparison of equal ones stay with the caller, whose
 * array has room for the capacity given; the numbers of records removed are used again.
 *
 *	uint32_t id = LRU_NONE;
 *	while ((id = lru_next(&l, hash, id)) != LRU_NONE)
 *		if (same(&records[id], wanted)) {
 *			lru_touch(&l, id);
 *			return &records[id];
 *		}
 *	if (lru_is_full(&l))
 *		...end records[lru_oldest(&l)], then lru_remove(&l, lru_oldest(&l))
 *	records[lru_add(&l, hash)] = ...
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LRU_NONE UINT32_MAX

struct lru_node {
	uint64_t hash;
	uint32_t next;	       /* of the same bucket, or of those free */
	uint32_t older, newer; /* by use */
};

struct lru {
	struct lru_node *nodes;
	uint32_t *buckets;
	uint32_t capacity, n_buckets, n;
	uint32_t unused; /* the first free node */
	uint32_t oldest, newest;
};

#define LRU_NULL                                                           \
	{                                                                  \
		.unused = LRU_NONE, .oldest = LRU_NONE, .newest = LRU_NONE \
	}

/* 0 or -ENOMEM. Memory becomes resident with use. */
int lru_init(struct lru *l, uint32_t capacity);
void lru_fini(struct lru *l);

/*
 * The record after @id that may have this hash, LRU_NONE being before the first and after the last.
 * Always compare.
 */
uint32_t lru_next(const struct lru *l, uint64_t hash, uint32_t id);

/* Bytes of each record that was ever used, by the number of those now. */
static inline uint64_t lru_memory(const struct lru *l)
{
	return (uint64_t)l->n * sizeof(*l->nodes) + (uint64_t)l->n_buckets * sizeof(*l->buckets);
}

static inline bool lru_is_full(const struct lru *l)
{
	return l->n == l->capacity;
}

/* A number for a new record, which is the one used last. It must not be full. */
uint32_t lru_add(struct lru *l, uint64_t hash);

/* Used now. */
void lru_touch(struct lru *l, uint32_t id);

void lru_remove(struct lru *l, uint32_t id);

/* The one unused for longest, LRU_NONE when empty; and the one after it. */
static inline uint32_t lru_oldest(const struct lru *l)
{
	return l->oldest;
}

static inline uint32_t lru_newer(const struct lru *l, uint32_t id)
{
	return l->nodes[id].newer;
}
