/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/blocks.h"

#include <errno.h>

#include "base/hash.h"

void tally_join(struct tally *to, const struct tally *from)
{
	if (!from->n_profiles)
		return;
	if (!to->n_profiles || from->first < to->first)
		to->first = from->first;
	if (!to->n_profiles || from->last > to->last)
		to->last = from->last;
	to->n_profiles += from->n_profiles;
	to->n_groups += from->n_groups;
	to->sum.cpu += from->sum.cpu;
	to->sum.samples += from->sum.samples;
	pgo_notes_add(&to->notes, &from->notes);
}

static void drop(struct blocks *b, struct block *block)
{
	b->bytes -= block->pprof.size;
	buf_fini(&block->pprof);
	*block = (struct block){ 0 };
}

void blocks_fini(struct blocks *b)
{
	for (size_t i = 0; i < BLOCKS_MAX; i++)
		if (b->blocks[i].used)
			drop(b, &b->blocks[i]);
}

static bool is_of(const struct block *block, size_t depth, const int64_t *ids, size_t n)
{
	return block->used && block->depth == depth && block->first == ids[0] && block->n <= n &&
	       block->digest == hash_bytes(ids, block->n * sizeof(*ids));
}

const struct block *blocks_find(struct blocks *b, size_t depth, const int64_t *ids, size_t n)
{
	struct block *best = NULL;

	for (size_t i = 0; i < BLOCKS_MAX; i++) {
		struct block *block = &b->blocks[i];

		if (is_of(block, depth, ids, n) && (!best || block->n > best->n))
			best = block;
	}
	if (best)
		best->used = ++b->clock;
	return best;
}

/* One that has room: free, an earlier state of the same, or the one used longest ago. */
static struct block *make_room(struct blocks *b, size_t depth, const int64_t *ids, size_t n,
			       size_t size)
{
	struct block *free_one = NULL;

	for (size_t i = 0; i < BLOCKS_MAX; i++)
		if (is_of(&b->blocks[i], depth, ids, n))
			drop(b, &b->blocks[i]);
	while (!free_one || b->bytes + size > BLOCKS_MAX_BYTES) {
		struct block *oldest = NULL;

		for (size_t i = 0; i < BLOCKS_MAX; i++) {
			struct block *block = &b->blocks[i];

			if (!block->used)
				free_one = block;
			else if (!oldest || block->used < oldest->used)
				oldest = block;
		}
		if (oldest && (!free_one || b->bytes + size > BLOCKS_MAX_BYTES))
			drop(b, oldest);
	}
	return free_one;
}

int blocks_put(struct blocks *b, size_t depth, const int64_t *ids, size_t n,
	       struct pprof_profile *sum, const struct tally *tally)
{
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;
	int r = pprof_encode(sum, PPROF_PLAIN, &data, &size);

	if (r != 0 || size > BLOCKS_MAX_BYTES / 4)
		return r < 0 ? r : 0;
	struct block *block = make_room(b, depth, ids, n, size);
	*block = (struct block){
		.first = ids[0],
		.depth = depth,
		.digest = hash_bytes(ids, n * sizeof(*ids)),
		.n = n,
		.pprof = { .data = TAKE_PTR(data), .size = size, .capacity = size, .limit = size },
		.tally = *tally,
		.used = ++b->clock,
	};
	b->bytes += size;
	return 0;
}
