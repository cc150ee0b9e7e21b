/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From counted stacks of addresses to a pprof profile, as runtime/pprof would have written it:
 * one location for each physical frame, keyed by its address, with a line for each inlined call,
 * innermost first; wrappers left out; at most 64 logical frames, the inner ones kept, and the last
 * physical frame whole.
 *
 * Source: Go 1.26 runtime/traceback.go (tracebackPCs), runtime/pprof/proto.go
 * (appendLocsForStack, pcDeck, emitLocation).
 */
#pragma once

#include <stdint.h>

#include "agent/aggregate/stacks.h"
#include "agent/binary/binary.h"
#include "libpprof/pprof.h"

/* maxCPUProfStack, runtime/cpuprof.go */
#define SYMBOLIZE_MAX_LOGICAL_FRAMES 64

/*
 * Bytes of names and files in one profile; those of a large program take one or two MiB. The names
 * in a file made to that end overlap, so that each byte of it may begin another. When they are used
 * up, frames stay without names.
 */
#define SYMBOLIZE_MAX_TEXT (16u << 20)

struct symbolize_options {
	const char *mapping_file; /* path of the executable, as it knows itself */
	uint64_t period;	  /* ns of CPU time that one sample stands for */
	uint32_t physical_frames; /* keep this many, from the leaf; 0: all. 2 serve the compiler */
};

struct symbolize_counts {
	uint64_t samples;      /* written */
	uint64_t unsymbolized; /* of these, with a leaf or caller that has a line without name */
};

/*
 * Add the stacks of one build to @profile, which has the two sample types samples/count and
 * cpu/nanoseconds, in this order. 0, -ENOMEM or -EINVAL.
 */
int symbolize_stacks(const struct binary *binary, const struct stacks *stacks,
		     const struct symbolize_options *options, struct pprof_profile *profile,
		     struct symbolize_counts *ret_counts);

/*
 * The same bit by bit, for stacks that grow: of what the profile has already, nothing is looked up
 * or added again.
 */
struct symbolizer;

/* @binary and @profile are borrowed until it is freed. 0, -ENOMEM or -EINVAL. */
int symbolizer_new(const struct binary *binary, const struct symbolize_options *options,
		   struct pprof_profile *profile, struct symbolizer **ret_symbolizer);
struct symbolizer *symbolizer_free(struct symbolizer *z);

/* Add what came since the last call: the same @stacks as then, not cleared. As above. */
int symbolizer_update(struct symbolizer *z, const struct stacks *stacks);
