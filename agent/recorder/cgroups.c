/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/cgroups.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bpf/sample.h"

static_assert(CGROUPS_MAX == SAMPLE_MAX_CGROUPS, "the kernel has room for each");

int cgroups_init(struct cgroups *t, uint64_t budget)
{
	*t = (struct cgroups){ .lru = LRU_NULL, .budget = budget };
	t->items = calloc(CGROUPS_MAX, sizeof(*t->items));
	return t->items ? lru_init(&t->lru, CGROUPS_MAX) : -ENOMEM;
}

void cgroups_remove(struct cgroups *t, struct cgroup *c)
{
	group_unref(c->group);
	lru_remove(&t->lru, (uint32_t)(c - t->items));
}

void cgroups_fini(struct cgroups *t)
{
	while (t->items && t->lru.n)
		cgroups_remove(t, cgroups_oldest(t));
	free(t->items);
	lru_fini(&t->lru);
	*t = (struct cgroups){ .lru = LRU_NULL };
}

struct cgroup *cgroups_find(struct cgroups *t, uint64_t id)
{
	uint32_t at = LRU_NONE;

	while ((at = lru_next(&t->lru, hash_u64(id), at)) != LRU_NONE)
		if (t->items[at].id == id) {
			lru_touch(&t->lru, at);
			return &t->items[at];
		}
	return NULL;
}

/* A divisor that fits need not fit to the last sample. */
static uint64_t slack(uint64_t budget)
{
	return budget + budget / 4;
}

struct cgroup *cgroups_add(struct cgroups *t, uint64_t id)
{
	struct cgroup *c = &t->items[lru_add(&t->lru, hash_u64(id))];

	*c = (struct cgroup){ .id = id, .next = slack(t->budget) };
	return c;
}

struct cgroup *cgroups_oldest(const struct cgroups *t)
{
	uint32_t id = lru_oldest(&t->lru);

	return id == LRU_NONE ? NULL : &t->items[id];
}

bool cgroups_count(const struct cgroups *t, struct cgroup *c, uint64_t ticks)
{
	c->taken++;
	c->ticks += ticks;
	if (!t->budget || c->taken < c->next || c->log_divisor == SAMPLE_MAX_LOG_WEIGHT)
		return false;
	c->next += t->budget / 2 + 1;
	c->log_divisor++;
	return true;
}

/* The least divisor 2^k with which @ticks would have been @budget samples at most. */
static uint32_t log_divisor_for(double ticks, uint64_t budget)
{
	uint32_t k = 0;

	while (k < SAMPLE_MAX_LOG_WEIGHT && ticks > (double)(budget << k))
		k++;
	return k;
}

bool cgroups_turn(const struct cgroups *t, struct cgroup *c, double share)
{
	uint32_t before = c->log_divisor;

	if (t->budget)
		c->log_divisor = log_divisor_for((double)c->ticks / share, t->budget);
	c->taken = c->ticks = 0;
	c->next = slack(t->budget);
	return c->log_divisor != before;
}

uint64_t cgroups_memory(const struct cgroups *t)
{
	return lru_memory(&t->lru) + (uint64_t)t->lru.n * sizeof(*t->items);
}
