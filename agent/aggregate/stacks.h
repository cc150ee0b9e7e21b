/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks counted: a set of distinct stacks of file addresses, each with how often it was seen.
 * One set for each build and container, for one window. Addresses, no names: those are looked up
 * when the window closes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/index.h"

enum stacks_outcome {
	STACKS_E_FULL = 1, /* a new stack and no room for it; it was counted in .refused */
};

struct stacks_entry {
	uint32_t first; /* index of the leaf's frame in .frames */
	uint32_t n;
	uint64_t count;
};

struct stacks {
	uint32_t *frames; /* all stacks, one behind the other, as struct stack has them */
	size_t n_frames, frames_capacity;
	struct stacks_entry *entries;
	uint32_t n_entries, entries_capacity;
	struct index index;
	size_t max_bytes; /* cap on memory */
	uint64_t total;	  /* all counts */
	uint64_t refused; /* samples that found no room */
};

void stacks_init(struct stacks *s, size_t max_bytes);
void stacks_fini(struct stacks *s);

/* Add @count samples of one stack, leaf first. 0, STACKS_E_FULL or -ENOMEM. */
int stacks_add(struct stacks *s, const uint32_t *frames, uint32_t n, uint64_t count);

static inline const uint32_t *stacks_frames(const struct stacks *s, const struct stacks_entry *e)
{
	return s->frames + e->first;
}

/* Bytes held. */
size_t stacks_memory(const struct stacks *s);
