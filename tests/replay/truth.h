/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two profiles of the very same ticks (twin.h), held against each other stack by stack. Two stacks
 * are the same when the addresses of all their locations are.
 *
 * Some differ for reasons that lie in the signal and not in the stack:
 *
 *	preempted	the runtime's own preemption signal was pending in this tick and came first;
 *			SIGPROF then found asyncPreempt on top
 *	faulted		likewise: the tick hit a fault, and SIGPROF found sigpanic on top
 *	restarted	a system call is begun anew, with pc two bytes back at the instruction
 *	merged		a stack that both have seen, hone more often: where the kernel is long at
 *			work for the thread, or signals are masked, several ticks give one signal
 *
 * and two are known of hone:
 *
 *	split		same lines, other locations: a function inlined into itself makes two of
 *			one physical frame for runtime/pprof (pcDeck, runtime/pprof/proto.go)
 *	skipped		one caller is missing: that of a function without a frame which was
 *			interrupted by an injected call, further down in the stack
 */
#pragma once

#include <stdint.h>

#include "libpprof/pprof.h"

struct truth_counts {
	int64_t ours, theirs;
	int64_t same;
	int64_t preempted, faulted, restarted, merged;
	int64_t split, skipped;
	int64_t only_ours, only_theirs;
};

struct truth;

/* What the program recorded of itself, at addresses @bias higher than in its file. */
struct truth *truth_new(struct pprof_profile *theirs, uint64_t bias);
struct truth *truth_free(struct truth *t);

/* Sample @number of a profile of ours. @count is its count; returns its number here. */
size_t truth_add(struct truth *t, struct pprof_profile *ours, size_t number, int64_t count);

/* After all were added: was this stack seen as often by both? */
bool truth_agrees(const struct truth *t, size_t number);

struct truth_counts truth_count(struct truth *t, uint64_t asyncpreempt, uint64_t sigpanic0);

/* What is left after truth_count(), the most frequent first, at most @n. */
void truth_print_rest(struct truth *t, size_t n);
