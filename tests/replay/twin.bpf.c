/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sampling program, and after each sample it has sent, in the same tick: SIGPROF to the thread
 * sampled. See twin.h.
 */
#include "bpf/ring.bpf.h"

#define SIGPROF 27

uint64_t count_signals, count_no_signal;

static __always_inline bool ring_send_and_signal(void *record, uint64_t size, bool urgent)
{
	const struct record_header *h = record;

	if (!ring_send(record, size, urgent))
		return false;
	if (h->type != RECORD_SAMPLE)
		return true;
	if (bpf_send_signal_thread(SIGPROF) == 0)
		__sync_fetch_and_add(&count_signals, 1);
	else
		__sync_fetch_and_add(&count_no_signal, 1);
	return true;
}

#define ring_send ring_send_and_signal
#include "bpf/hone.bpf.c"
