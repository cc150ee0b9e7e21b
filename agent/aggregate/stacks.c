/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/aggregate/stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Small: a node may have a thousand sets of a few stacks each. */
#define STACKS_MIN_FRAMES  256u
#define STACKS_MIN_ENTRIES 16u

void stacks_init(struct stacks *s, size_t max_bytes)
{
	*s = (struct stacks){ .max_bytes = max_bytes };
}

void stacks_fini(struct stacks *s)
{
	free(s->frames);
	free(s->entries);
	index_fini(&s->index);
	stacks_init(s, s->max_bytes);
}

size_t stacks_memory(const struct stacks *s)
{
	return s->frames_capacity * sizeof(*s->frames) + s->entries_capacity * sizeof(*s->entries) +
	       index_memory(&s->index);
}

static struct stacks_entry *find(struct stacks *s, uint64_t hash, const uint32_t *frames,
				 uint32_t n)
{
	uint32_t at = INDEX_START, id;

	while (index_next(&s->index, hash, &at, &id)) {
		struct stacks_entry *e = &s->entries[id];

		if (e->n == n && memcmp(s->frames + e->first, frames, n * sizeof(*frames)) == 0)
			return e;
	}
	return NULL;
}

/* Room for @more elements behind @n, doubling; may answer STACKS_E_FULL. */
static int reserve(struct stacks *s, void **array, size_t element, size_t n, size_t more,
		   size_t *capacity, size_t least)
{
	size_t wanted = *capacity ? *capacity : least;

	if (n + more <= *capacity)
		return 0;
	while (wanted < n + more)
		wanted *= 2;
	if (stacks_memory(s) + (wanted - *capacity) * element > s->max_bytes)
		return STACKS_E_FULL;
	void *grown = realloc(*array, wanted * element);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}

static int append(struct stacks *s, uint64_t hash, const uint32_t *frames, uint32_t n,
		  uint64_t count)
{
	size_t entries_capacity = s->entries_capacity;
	int r = reserve(s, (void **)&s->frames, sizeof(*s->frames), s->n_frames, n,
			&s->frames_capacity, STACKS_MIN_FRAMES);

	if (r == 0)
		r = reserve(s, (void **)&s->entries, sizeof(*s->entries), s->n_entries, 1,
			    &entries_capacity, STACKS_MIN_ENTRIES);
	s->entries_capacity = (uint32_t)entries_capacity;
	if (r == 0)
		r = index_add(&s->index, hash, s->n_entries);
	if (r != 0)
		return r;
	if (n)
		memcpy(s->frames + s->n_frames, frames, n * sizeof(*frames));
	s->entries[s->n_entries++] = (struct stacks_entry){
		.first = (uint32_t)s->n_frames,
		.n = n,
		.count = count,
	};
	s->n_frames += n;
	return 0;
}

int stacks_add(struct stacks *s, const uint32_t *frames, uint32_t n, uint64_t count)
{
	uint64_t hash = hash_bytes(frames, n * sizeof(*frames));
	struct stacks_entry *e = find(s, hash, frames, n);

	if (e) {
		e->count += count;
	} else {
		int r = append(s, hash, frames, n, count);

		if (r == STACKS_E_FULL)
			s->refused += count;
		if (r != 0)
			return r;
	}
	s->total += count;
	return 0;
}
