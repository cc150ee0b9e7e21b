/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/members.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

int members_init(struct members *m)
{
	*m = (struct members){ .lru = LRU_NULL };
	m->items = calloc(MEMBERS_MAX, sizeof(*m->items));
	return m->items ? lru_init(&m->lru, MEMBERS_MAX) : -ENOMEM;
}

static void remove_id(struct members *m, uint32_t id)
{
	group_unref(m->items[id].group);
	lru_remove(&m->lru, id);
}

void members_fini(struct members *m)
{
	while (m->items && m->lru.n)
		remove_id(m, lru_oldest(&m->lru));
	free(m->items);
	lru_fini(&m->lru);
	*m = (struct members){ .lru = LRU_NULL };
}

static uint64_t hash_of(uint32_t pid, uint64_t start_time)
{
	return hash_combine(start_time, pid);
}

struct member *members_find(struct members *m, uint32_t pid, uint64_t start_time)
{
	uint32_t id = LRU_NONE;

	while ((id = lru_next(&m->lru, hash_of(pid, start_time), id)) != LRU_NONE) {
		struct member *member = &m->items[id];

		if (member->pid == pid && member->start_time == start_time) {
			lru_touch(&m->lru, id);
			return member;
		}
	}
	return NULL;
}

void members_add(struct members *m, const struct member *member)
{
	if (lru_is_full(&m->lru)) {
		remove_id(m, lru_oldest(&m->lru));
		m->evicted++;
	}
	m->items[lru_add(&m->lru, hash_of(member->pid, member->start_time))] = *member;
}

void members_remove(struct members *m, struct member *member)
{
	remove_id(m, (uint32_t)(member - m->items));
}

void members_age(struct members *m, uint32_t window)
{
	while (m->lru.n && m->items[lru_oldest(&m->lru)].seen < window)
		remove_id(m, lru_oldest(&m->lru));
}

uint64_t members_memory(const struct members *m)
{
	return lru_memory(&m->lru) + (uint64_t)m->lru.n * sizeof(*m->items);
}
