/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/replay/kind.h"

#include <stdio.h>
#include <string.h>

static void add(char kind[KIND_SIZE], bool is, const char *word)
{
	size_t at = strlen(kind);

	if (is)
		snprintf(kind + at, KIND_SIZE - at, "%s%s", at ? "+" : "", word);
}

static const char *leaf_of(const struct binary *binary, const struct sample *s, uint64_t pc)
{
	struct binary_function f;
	int32_t delta;

	if (binary_function_at(binary, pc, &f) != 0)
		return "foreign";
	if (f.flags & BINARY_FUNC_SP_WRITE)
		return "writes-sp";
	if (s->n_words > SAMPLE_WORDS)
		return "scratch-fp";
	if (!binary_sp_delta(binary, &f, pc, &delta))
		return "no-table";
	if (delta == 0)
		return "frameless";
	if (binary_arch(binary) == BINARY_ARM64)
		return s->fp == s->sp - 8 ? "framed" : "prologue";
	return s->fp == s->sp + (uint64_t)(int64_t)delta - 8 ? "framed" : "prologue";
}

/* Is a function of this kind in the stack found? At its root is a wrapper more often than not. */
static bool passes(const struct binary *binary, const struct stack *stack, uint8_t special)
{
	struct binary_function f;

	for (uint32_t i = 0; i + (special == BINARY_WRAPPER) < stack->n; i++)
		if (binary_function_at(binary,
				       binary_text(binary) + (stack->frames[i] & FRAME_ADDRESS),
				       &f) == 0 &&
		    f.special == special)
			return true;
	return false;
}

/*
 * C code that has called back before: the frame pointer saved with the goroutine is cgocall's own
 * then, and the chain begins with its caller.
 */
static bool has_called_back(const struct binary *binary, const struct sample *s)
{
	const uint64_t *frames = s->data + s->n_words + s->n_frames + s->n_sched_words;
	uint64_t bias = s->header.start_code - binary_start_code(binary);
	struct binary_function f, cgocall;

	if (binary_function_at(binary, s->go.syscall_pc - bias, &cgocall) != 0)
		return false;
	for (uint32_t i = 0; i < s->n_sched_frames; i++)
		if (binary_function_at(binary, frames[i] - bias, &f) == 0 &&
		    f.entry == cgocall.entry)
			return false;
	return true;
}

/* newstack() is shown above the function that called morestack, not above morestack. */
static bool replaces_morestack(const struct binary *binary, const struct sample *s)
{
	const uint64_t *frames = s->data + s->n_words;
	uint64_t bias = s->header.start_code - binary_start_code(binary);
	struct binary_function f;

	for (uint32_t i = 0; s->flags & SAMPLE_ON_G0 && s->go.curg && i < s->n_frames; i++)
		if (binary_function_at(binary, frames[i] - bias, &f) == 0 &&
		    f.special == BINARY_MORESTACK)
			return true;
	return false;
}

void kind_of(const struct binary *binary, const struct sample *s, int outcome,
	     const struct stack *stack, char ret_kind[KIND_SIZE])
{
	static const struct {
		uint8_t special;
		const char *word;
	} passed[] = {
		{ BINARY_SYSTEMSTACK, "systemstack" },	 { BINARY_MCALL, "mcall" },
		{ BINARY_MORESTACK, "morestack" },	 { BINARY_CGOCALLBACK, "cgocallback" },
		{ BINARY_GOPANIC, "gopanic" },		 { BINARY_SIGPANIC, "sigpanic" },
		{ BINARY_ASYNCPREEMPT, "asyncpreempt" }, { BINARY_WRAPPER, "wrapper" },
	};
	bool go = s->flags & SAMPLE_GO, g0 = s->flags & SAMPLE_ON_G0;
	bool c_call = go && s->go.ncgo && s->go.curg && s->go.syscall_sp;
	uint64_t bias = s->header.start_code - binary_start_code(binary);

	ret_kind[0] = 0;
	add(ret_kind, true, leaf_of(binary, s, s->pc - bias));
	add(ret_kind, s->flags & SAMPLE_IN_SIGNAL, "signal");
	add(ret_kind, !go, "no-state");
	add(ret_kind, g0 && s->go.curg && !c_call, "g0");
	add(ret_kind, go && !s->go.curg, "idle");
	add(ret_kind, go && s->go.vdso_sp, "vdso");
	add(ret_kind, c_call, g0 ? "in-c" : "to-c");
	add(ret_kind, c_call && g0 && has_called_back(binary, s), "called-back");
	if (outcome) {
		add(ret_kind, true, "not-sampled");
		return;
	}
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		add(ret_kind, passes(binary, stack, passed[i].special), passed[i].word);
	add(ret_kind, replaces_morestack(binary, s), "morestack-replaced");
	add(ret_kind, stack->truncated, "truncated");
	add(ret_kind, s->flags & SAMPLE_MORE_FRAMES, "deep");
}
