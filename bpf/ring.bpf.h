/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ring that all records go through, and the counters of what did not get into it. */
#pragma once

#include "bpf/process.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SAMPLE_MIN_RING); /* set by user space before loading */
} ring SEC(".maps");

/* Mapped into user space, which reads them without a call. */
uint64_t count_ring_full;
uint64_t count_lost;	  /* what the samples among them stand for */
uint64_t count_no_stack;  /* sent, but the stack was not readable */
uint64_t count_unwatched; /* children not watched: too many already */

/*
 * User space comes by itself every now and then and is woken only where something is urgent, or
 * where the ring is half full. True if the record got in.
 */
static __always_inline bool ring_send(void *record, uint64_t size, bool urgent)
{
	uint64_t flags = BPF_RB_NO_WAKEUP;

	if (urgent || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > setting_ring_bytes / 2)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&ring, record, size, flags)) {
		__sync_fetch_and_add(&count_ring_full, 1);
		return false;
	}
	return true;
}

/*
 * Remember that a sample of this executable is under way to user space, which will answer with a
 * policy: so that it is woken once for it and not for each sample until then.
 */
static __always_inline void policy_ask(const struct exe_key *exe)
{
	struct exe_policy asked = {};

	bpf_map_update_elem(&policies, exe, &asked, BPF_NOEXIST);
}
