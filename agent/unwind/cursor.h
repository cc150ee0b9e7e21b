/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a walk stands on a stack: what a sample has of that stack, and how a frame's return address
 * is found in it. Inside of unwind_sample(), of which it is the inner loop: hence all inline.
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

/* ---- the sample's four lists ------------------------------------------------------------- */

static inline const uint64_t *sample_words(const struct sample *s)
{
	return s->data;
}

static inline const uint64_t *sample_frames(const struct sample *s)
{
	return sample_words(s) + s->n_words;
}

static inline const uint64_t *sample_sched_words(const struct sample *s)
{
	return sample_frames(s) + s->n_frames;
}

static inline const uint64_t *sample_sched_frames(const struct sample *s)
{
	return sample_sched_words(s) + s->n_sched_words;
}

/* Whether a sample is as long as its lists. The others are for those that are. */
static inline bool sample_counts_are_possible(const struct sample *s)
{
	uint64_t n = (uint64_t)s->n_words + s->n_frames + s->n_sched_words + s->n_sched_frames;

	return s->n_words <= SAMPLE_MAX_WORDS && s->n_frames <= SAMPLE_MAX_FRAMES &&
	       s->n_sched_words <= SAMPLE_SCHED_WORDS && s->n_sched_frames <= SAMPLE_MAX_FRAMES &&
	       s->header.size >= sizeof(*s) + n * 8;
}

/* At the registers, and at the goroutine's saved state. */
static inline struct cursor cursor_of_registers(const struct sample *s)
{
	return (struct cursor){
		.words = sample_words(s),
		.words_at = s->sp,
		.n_words = s->n_words,
		.sp = s->sp,
		.fp = s->chain,
		.lr = s->lr,
		.chain = sample_frames(s),
		.n_chain = s->n_frames,
	};
}

static inline struct cursor cursor_of_goroutine(const struct sample *s)
{
	return (struct cursor){
		.words = sample_sched_words(s),
		.words_at = s->go.sched_sp,
		.n_words = s->n_sched_words,
		.sp = s->go.sched_sp,
		.fp = s->go.sched_bp,
		.lr = s->go.sched_lr,
		.chain = sample_sched_frames(s),
		.n_chain = s->n_sched_frames,
	};
}

/* ---- from a frame to its return address -------------------------------------------------- */

/* The next return address of the chain; false at its end. */
static inline bool cursor_follow_chain(struct cursor *c, uint64_t *ret_address)
{
	if (c->at >= c->n_chain)
		return false;
	*ret_address = c->chain[c->at++];
	return true;
}

static inline bool cursor_word(const struct cursor *c, uint64_t address, uint64_t *ret_word)
{
	uint64_t offset = address - c->words_at;

	if (offset % 8 || offset / 8 >= c->n_words)
		return false;
	*ret_word = c->words[offset / 8];
	return true;
}

/*
 * amd64: the return address is at sp + delta, and below it, if there is a frame, the caller's frame
 * pointer, whose place is this frame's own (cmd/internal/obj/x86/obj6.go).
 */
static inline bool return_amd64(struct cursor *c, const struct pc_info *info, uint64_t *ret_address)
{
	uint64_t at = c->sp + (uint64_t)(int64_t)info->sp_delta;

	if (c->fp == at - 8) {
		c->in_sync = true;
		return cursor_follow_chain(c, ret_address);
	}
	c->sp = at + 8;
	return cursor_word(c, at, ret_address);
}

/*
 * arm64: the return address is at sp and the frame pointer 8 below it; a function that has not made
 * its frame yet has it in lr (cmd/internal/obj/arm64/obj7.go).
 */
static inline bool return_arm64(struct cursor *c, const struct pc_info *info, uint64_t *ret_address)
{
	uint64_t lr = c->lr;

	c->lr = 0;
	if (info->sp_delta == 0 && lr) {
		*ret_address = lr;
		return true;
	}
	if (c->fp == c->sp - 8) {
		c->in_sync = true;
		return cursor_follow_chain(c, ret_address);
	}
	bool known = cursor_word(c, c->sp, ret_address);
	c->sp += (uint64_t)(int64_t)info->sp_delta;
	return known;
}

/* The return address of the frame at hand, of which @info is, by pcsp; false if it is not known. */
static inline bool cursor_unwind(struct cursor *c, const struct binary *binary,
				 const struct pc_info *info, uint64_t *ret_address)
{
	if (!info->has_sp_delta)
		return false;
	if (binary_arch(binary) == BINARY_ARM64)
		return return_arm64(c, info, ret_address);
	return return_amd64(c, info, ret_address);
}

/* On to the caller of the frame at hand, whichever way its return address is found. */
static inline bool cursor_return(struct cursor *c, const struct binary *binary,
				 const struct pc_info *info, uint64_t *ret_address)
{
	if (c->in_sync)
		return cursor_follow_chain(c, ret_address);
	return cursor_unwind(c, binary, info, ret_address);
}
