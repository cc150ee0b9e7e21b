/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a walk stands on a stack: what a sample has of that stack, and how a frame's return address
 * is found in it. Inside of unwind_sample().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/binary.h"
#include "agent/unwind/pc_cache.h"
#include "bpf/sample.h"

/* One stack to walk: the words known of it, and the frame-pointer chain that starts on it. */
struct cursor {
	const uint64_t *words; /* words[0] is at words_at; borrowed from the sample, as the chain */
	uint64_t words_at;
	uint32_t n_words;
	uint64_t sp, fp;
	uint64_t lr; /* arm64: of the innermost frame */
	const uint64_t *chain;
	uint32_t n_chain, at;
	bool in_sync; /* the rest of the chain is this frame's callers */
};

/* Whether a sample is as long as its lists. The others are for those that are. */
bool sample_counts_are_possible(const struct sample *s);

/* At the registers, and at the goroutine's saved state. */
struct cursor cursor_of_registers(const struct sample *s);
struct cursor cursor_of_goroutine(const struct sample *s);

/* The return address of the frame at hand, of which @info is, by pcsp; false if it is not known. */
bool cursor_unwind(struct cursor *c, enum binary_arch arch, const struct pc_info *info,
		   uint64_t *ret_address);

/* The next return address of the chain; false at its end. */
static inline bool cursor_follow_chain(struct cursor *c, uint64_t *ret_address)
{
	if (c->at >= c->n_chain)
		return false;
	*ret_address = c->chain[c->at++];
	return true;
}

/* On to the caller of the frame at hand, whichever way its return address is found. */
static inline bool cursor_return(struct cursor *c, enum binary_arch arch,
				 const struct pc_info *info, uint64_t *ret_address)
{
	if (c->in_sync)
		return cursor_follow_chain(c, ret_address);
	return cursor_unwind(c, arch, info, ret_address);
}
