/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a raw sample and the binary's tables to the stack that runtime/pprof would have recorded at
 * that moment: the list of addresses its sigprof() and tracebackPCs() give.
 *
 * Pure: no process is looked at, no clock, no file. A recorded sample gives the same stack on any
 * machine. One unwinder serves all processes that run the same file, because the load bias is
 * taken off first.
 *
 * Source: Go 1.26 runtime/proc.go (sigprof), runtime/traceback.go (initAt, resolveInternal, next,
 * symPC, tracebackPCs); the same in 1.20 to 1.27 as far as this goes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/binary.h"
#include "agent/unwind/pc_cache.h"
#include "bpf/sample.h"

/*
 * A frame: the address to look up (a return address has 1 taken off already), as an offset from
 * runtime.text. The flag tells that wrapper functions are shown at this frame, because what they
 * called was the panic machinery (elideWrapperCalling).
 */
#define FRAME_SHOW_WRAPPERS 0x80000000u
#define FRAME_ADDRESS	    0x7fffffffu

struct stack {
	uint32_t n;
	bool truncated; /* the root was not reached, though the chain was not too deep */
	bool external;	/* not Go code: the pseudo frame runtime._ExternalCode, and what calls it */
	uint32_t frames[SAMPLE_MAX_FRAMES * 2 + 8]; /* leaf first */
};

enum unwind_outcome {
	UNWIND_E_NOT_SAMPLED = 1, /* runtime/pprof never samples this: sysmon, signal handlers */
	UNWIND_E_MALFORMED,	  /* counts in the sample that cannot be */
};

struct unwinder {
	const struct binary *binary; /* borrowed */
	struct pc_cache cache;
	bool reads_state; /* samples that were taken with a policy tell of the runtime's state */
	uint64_t external_pc, system_pc; /* entries of the pseudo functions, 0 if not there */
};

void unwinder_init(struct unwinder *u, const struct binary *binary);
void unwinder_fini(struct unwinder *u);

/* 0, an outcome of the list above, or -ENOMEM. *ret_stack is whole only with 0. */
int unwind_sample(struct unwinder *u, const struct sample *sample, struct stack *ret_stack);
