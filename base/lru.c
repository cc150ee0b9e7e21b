/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lru.h"

#include <errno.h>
#include <stdlib.h>

int lru_init(struct lru *l, uint32_t capacity)
{
	*l = (struct lru)LRU_NULL;
	l->capacity = capacity;
	l->n_buckets = 1;
	while (l->n_buckets < capacity)
		l->n_buckets *= 2;
	l->nodes = calloc(capacity, sizeof(*l->nodes));
	l->buckets = calloc(l->n_buckets, sizeof(*l->buckets));
	if (l->nodes && l->buckets)
		return 0;
	lru_fini(l);
	return -ENOMEM;
}

void lru_fini(struct lru *l)
{
	free(l->nodes);
	free(l->buckets);
	*l = (struct lru)LRU_NULL;
}

static uint32_t *bucket_of(const struct lru *l, uint64_t hash)
{
	return &l->buckets[(hash ^ hash >> 32) & (l->n_buckets - 1)];
}

/* Links of a bucket are numbers plus 1, so that memory never touched says "none". */
uint32_t lru_next(const struct lru *l, uint64_t hash, uint32_t id)
{
	uint32_t at;

	if (!l->n)
		return LRU_NONE;
	at = id == LRU_NONE ? *bucket_of(l, hash) : l->nodes[id].next;
	while (at && l->nodes[at - 1].hash != hash)
		at = l->nodes[at - 1].next;
	return at - 1;
}

static void link_newest(struct lru *l, uint32_t id)
{
	l->nodes[id].older = l->newest;
	l->nodes[id].newer = LRU_NONE;
	if (l->newest != LRU_NONE)
		l->nodes[l->newest].newer = id;
	else
		l->oldest = id;
	l->newest = id;
}

static void unlink_use(struct lru *l, uint32_t id)
{
	const struct lru_node *n = &l->nodes[id];

	if (n->older != LRU_NONE)
		l->nodes[n->older].newer = n->newer;
	else
		l->oldest = n->newer;
	if (n->newer != LRU_NONE)
		l->nodes[n->newer].older = n->older;
	else
		l->newest = n->older;
}

uint32_t lru_add(struct lru *l, uint64_t hash)
{
	uint32_t *bucket = bucket_of(l, hash), id = l->unused;

	if (id != LRU_NONE)
		l->unused = l->nodes[id].next;
	else
		id = l->n;
	l->n++;
	l->nodes[id].hash = hash;
	l->nodes[id].next = *bucket;
	*bucket = id + 1;
	link_newest(l, id);
	return id;
}

void lru_touch(struct lru *l, uint32_t id)
{
	if (l->newest == id)
		return;
	unlink_use(l, id);
	link_newest(l, id);
}

void lru_remove(struct lru *l, uint32_t id)
{
	uint32_t *link = bucket_of(l, l->nodes[id].hash);

	while (*link != id + 1)
		link = &l->nodes[*link - 1].next;
	*link = l->nodes[id].next;
	unlink_use(l, id);
	l->nodes[id].next = l->unused;
	l->unused = id;
	l->n--;
}
