/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/tallies.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

struct tally *tally_free(struct tally *t)
{
	if (!t)
		return NULL;
	stacks_fini(&t->stacks);
	group_unref(t->group);
	t->build->users--;
	free(t);
	return NULL;
}

void tallies_fini(struct tallies *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		tally_free(t->items[i]);
	free(t->items);
	index_fini(&t->index);
	*t = (struct tallies)TALLIES_NULL;
}

static uint64_t hash_of(const struct build *build, const struct group *group)
{
	return hash_combine((uintptr_t)build, (uintptr_t)group);
}

static struct tally *find(const struct tallies *t, uint64_t hash, const struct build *build,
			  const struct group *group)
{
	uint32_t at = INDEX_START, id;

	while (index_next(&t->index, hash, &at, &id))
		if (t->items[id]->build == build && t->items[id]->group == group)
			return t->items[id];
	return NULL;
}

static int reserve(struct tallies *t)
{
	uint32_t capacity = t->capacity ? t->capacity * 2 : 16;

	if (t->n < t->capacity)
		return 0;
	struct tally **items = reallocarray(t->items, capacity, sizeof(struct tally *));
	if (!items)
		return -ENOMEM;
	t->items = items;
	t->capacity = capacity;
	return 0;
}

int tallies_get(struct tallies *t, struct build *build, struct group *group, size_t max_bytes,
		struct tally **ret_tally)
{
	uint64_t hash = hash_of(build, group);
	struct tally *tally = find(t, hash, build, group);

	*ret_tally = tally;
	if (tally)
		return 0;
	int r = reserve(t);
	if (r < 0)
		return r;
	tally = calloc(1, sizeof(*tally));
	if (!tally)
		return -ENOMEM;
	r = index_add(&t->index, hash, t->n);
	if (r < 0) {
		free(tally);
		return r;
	}
	tally->build = build;
	tally->group = group_ref(group);
	build->users++;
	stacks_init(&tally->stacks, max_bytes);
	*ret_tally = t->items[t->n++] = tally;
	return 0;
}
