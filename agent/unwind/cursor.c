/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/unwind/cursor.h"

/* ---- the sample's four lists ------------------------------------------------------------- */

static const uint64_t *sample_words(const struct sample *s)
{
	return s->data;
}

static const uint64_t *sample_frames(const struct sample *s)
{
	return sample_words(s) + s->n_words;
}

static const uint64_t *sample_sched_words(const struct sample *s)
{
	return sample_frames(s) + s->n_frames;
}

static const uint64_t *sample_sched_frames(const struct sample *s)
{
	return sample_sched_words(s) + s->n_sched_words;
}

bool sample_counts_are_possible(const struct sample *s)
{
	uint64_t n = (uint64_t)s->n_words + s->n_frames + s->n_sched_words + s->n_sched_frames;

	return s->n_words <= SAMPLE_MAX_WORDS && s->n_frames <= SAMPLE_MAX_FRAMES &&
	       s->n_sched_words <= SAMPLE_SCHED_WORDS && s->n_sched_frames <= SAMPLE_MAX_FRAMES &&
	       s->header.size >= sizeof(*s) + n * 8;
}

struct cursor cursor_of_registers(const struct sample *s)
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

struct cursor cursor_of_goroutine(const struct sample *s)
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

static bool cursor_word(const struct cursor *c, uint64_t address, uint64_t *ret_word)
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
static bool return_amd64(struct cursor *c, const struct pc_info *info, uint64_t *ret_address)
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
static bool return_arm64(struct cursor *c, const struct pc_info *info, uint64_t *ret_address)
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

bool cursor_unwind(struct cursor *c, enum binary_arch arch, const struct pc_info *info,
		   uint64_t *ret_address)
{
	if (!info->has_sp_delta)
		return false;
	if (arch == BINARY_ARM64)
		return return_arm64(c, info, ret_address);
	return return_amd64(c, info, ret_address);
}
