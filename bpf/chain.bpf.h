/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stack: words at its top, and frame-pointer chains.
 *
 * Go keeps frame pointers on both architectures, and so a chain of records { caller's record,
 * return address } leads from the innermost frame to the root. It may go down as well as up, where
 * Go changes stacks: any rule that frames must grow loses up to a quarter of the roots. So only the
 * number of steps is bounded, and a record that names itself ends the chain.
 *
 * bpf_get_stack() would not do: it is slower, depends on a sysctl, and on arm64 stops where stacks
 * change. And as most frames are small, a window of the stack is read at a time, which takes a
 * fifth of the calls that a read for each record would.
 */
#pragma once

#include "bpf/arch.bpf.h"

/* Have the window begin at @at; false if there is not as much of it. */
static __always_inline bool window_move(struct scratch *x, uint64_t at)
{
	x->window_at = 0;
	if (user_read(x->window, WINDOW_BYTES, at))
		return false;
	x->window_at = at;
	return true;
}

/*
 * Have the record at @f in x->record. At the end of a mapping it is read by itself. The result is
 * in the map, so that the loops below look the same to the verifier each time around. Not a
 * function of its own: a return for each frame costs, most of all where the kernel makes returns
 * safe.
 */
static __always_inline bool record_read(struct scratch *x, uint64_t f)
{
	uint64_t offset = f - x->window_at;

	if (!f || f & 7)
		return false;
	if (!x->window_at || offset > WINDOW_BYTES - sizeof(x->record)) {
		if (!window_move(x, f))
			return user_read(&x->record, sizeof(x->record), f) == 0;
		offset = 0;
	}
	offset &= WINDOW_BYTES - 8;
	x->record.next = *(uint64_t *)(x->window + offset);
	offset = (offset + 8) & (WINDOW_BYTES - 8);
	x->record.return_address = *(uint64_t *)(x->window + offset);
	return true;
}

/*
 * Append the return addresses from the record at @f on to data[@at...], at most SAMPLE_MAX_FRAMES.
 * scratch.count tells how many. Not static: so the verifier looks at it once, for any arguments,
 * and not once for each call.
 */
__noinline int chain_walk(uint32_t at, uint64_t f)
{
	struct scratch *x = scratch_get();
	uint64_t start_code, caller;
	struct exe_policy *policy;
	struct frame_record *r;
	uint32_t n = 0;

	if (!x)
		return 0;
	policy = &sampled(x)->policy;
	start_code = sampled(x)->start_code;
	r = &x->record;
	while (n < SAMPLE_MAX_FRAMES) {
		if (!record_read(x, f) || !r->return_address)
			goto out;
		x->data[INDEX(at + n)] = r->return_address;
		n++;
		if (in_range(r->return_address, start_code, policy->cgocallback)) {
			if (!cgocallback_step(f, policy, &caller, &f))
				goto out;
			if (n == SAMPLE_MAX_FRAMES)
				break;
			x->data[INDEX(at + n)] = caller;
			n++;
			continue;
		}
		if (r->next == f)
			goto out;
		f = r->next;
	}
	if (f)
		x->sample.flags |= SAMPLE_MORE_FRAMES;
out:
	x->count = n;
	return 0;
}

/* Signal handlers are not deep: sighandler() and what it calls. */
#define HANDLER_MAX_FRAMES 32

/* In a Go signal handler: its frame is by the record of what sigtramp() called. */
static __noinline int chain_find_signal(struct scratch *x)
{
	struct code_range sigtramp = sampled(x)->policy.sigtramp;
	uint64_t start_code = sampled(x)->start_code, f = x->sample.fp;

	for (int i = 0; i < HANDLER_MAX_FRAMES; i++) {
		if (!record_read(x, f))
			break;
		if (in_range(x->record.return_address, start_code, sigtramp)) {
			x->signal_frame = frame_above(f, sampled(x)->policy.sigtramp_frame);
			break;
		}
		f = x->record.next;
	}
	return 0;
}

/* As many words at sp as can be had, in falling powers of two. */
static __noinline int words_read_fewer(struct scratch *x, uint32_t size)
{
	x->sample.n_words = 0;
	for (int i = 0; i < 10 && size >= 8; i++, size /= 2) {
		if (user_read(x->data, size & (16 * SAMPLE_MAX_WORDS - 1), x->sample.sp) == 0) {
			x->sample.n_words = size / 8;
			break;
		}
	}
	return 0;
}

/* As many words at sp as SAMPLE_WORDS says, which mostly is enough. */
static __always_inline void words_read(struct scratch *x)
{
	if (!(x->sample.sp & 7) && window_move(x, x->sample.sp)) {
		__builtin_memcpy(x->data, x->window, 8 * SAMPLE_WORDS);
		x->sample.n_words = SAMPLE_WORDS;
	} else {
		words_read_fewer(x, 8 * SAMPLE_WORDS);
	}
}

/*
 * Is there a frame record at @f, near sp and with an address in the program's code? On arm64 the
 * record of the innermost frame lies 8 bytes below sp.
 */
static __always_inline bool is_record(struct scratch *x, uint64_t f)
{
	return f + 8 - x->sample.sp < SAMPLE_NEAR_BYTES && record_read(x, f) &&
	       x->record.return_address - sampled(x)->start_code < SAMPLE_CODE_BYTES;
}

/*
 * Assembly may use the frame pointer as it likes. Then take many words, in which the caller can be
 * found by its frame size, and begin the chain with the first pair that looks like a frame record:
 * the place of another one not far above, and an address in the program's code. Not static for the
 * same reason as chain_walk().
 */
__noinline int chain_search(void)
{
	struct scratch *x = scratch_get();
	uint64_t at, start_code;

	if (!x)
		return 0;
	words_read_fewer(x, 8 * SAMPLE_MAX_WORDS);
	at = x->sample.sp;
	start_code = sampled(x)->start_code;
	x->sample.chain = 0;
	for (uint32_t i = 0; i < SAMPLE_MAX_WORDS - 1; i++, at += 8) {
		if (i + 1 >= x->sample.n_words)
			break;
		if (x->data[INDEX(i)] - at - 1 < SAMPLE_NEAR_BYTES &&
		    x->data[INDEX(i + 1)] - start_code < SAMPLE_CODE_BYTES) {
			x->sample.chain = at;
			break;
		}
	}
	return 0;
}
