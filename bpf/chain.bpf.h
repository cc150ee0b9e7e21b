/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frame-pointer chains.
 *
 * Go keeps frame pointers on both architectures, and so a chain of records { caller's record,
 * return address } leads from the innermost frame to the root. It may go down as well as up, where
 * Go changes stacks: any rule that frames must grow loses up to a quarter of the roots. So only the
 * number of steps is bounded, and a record that names itself ends the chain.
 *
 * bpf_get_stack() would not do: it is slower, depends on a sysctl, and on arm64 stops where stacks
 * change.
 */
#pragma once

#include "bpf/arch.bpf.h"

struct frame_record {
	uint64_t next, return_address;
};

/*
 * Append the return addresses from the record at @f on to data[@at...], at most SAMPLE_MAX_FRAMES.
 * x->count tells how many.
 */
static __noinline int chain_walk(struct scratch *x, const struct exe_policy *policy, uint32_t at,
				 uint64_t f)
{
	uint64_t start_code = x->sample.header.start_code, caller;
	struct frame_record r;
	uint32_t n = 0;

	while (n < SAMPLE_MAX_FRAMES) {
		if (!f || user_read(&r, sizeof(r), f) || !r.return_address)
			goto out;
		x->data[INDEX(at + n)] = r.return_address;
		n++;
		if (policy && in_range(r.return_address, start_code, policy->cgocallback)) {
			if (!cgocallback_step(f, policy, &caller, &f))
				goto out;
			if (n == SAMPLE_MAX_FRAMES)
				break;
			x->data[INDEX(at + n)] = caller;
			n++;
			continue;
		}
		if (r.next == f)
			goto out;
		f = r.next;
	}
	if (f)
		x->sample.flags |= SAMPLE_MORE_FRAMES;
out:
	x->count = n;
	return 0;
}

/* Signal handlers are not deep: sighandler() and what it calls. */
#define HANDLER_MAX_FRAMES 32

/* The frame whose caller is sigtramp(), that is sigtrampgo()'s, from @f on. 0: none. */
static __noinline uint64_t chain_find_sigtramp(struct scratch *x, const struct exe_policy *policy,
					       uint64_t f)
{
	uint64_t start_code = x->sample.header.start_code;
	struct frame_record r;

	for (int i = 0; i < HANDLER_MAX_FRAMES; i++) {
		if (!f || user_read(&r, sizeof(r), f))
			return 0;
		if (in_range(r.return_address, start_code, policy->sigtramp))
			return f;
		f = r.next;
	}
	return 0;
}
