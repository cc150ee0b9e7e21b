/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/capture/record.h"

#include <stddef.h>

#define SAMPLE_FLAGS                                                                   \
	(SAMPLE_KERNEL | SAMPLE_GO | SAMPLE_ON_G0 | SAMPLE_IN_SIGNAL | SAMPLE_POLICY | \
	 SAMPLE_MORE_FRAMES | SAMPLE_LOG_WEIGHT)

static bool sample_check(struct span record)
{
	struct sample s;

	if (!span_read(record, 0, &s, sizeof(s)))
		return false;
	if (s.n_words > SAMPLE_MAX_WORDS || s.n_frames > SAMPLE_MAX_FRAMES ||
	    s.n_sched_words > SAMPLE_SCHED_WORDS || s.n_sched_frames > SAMPLE_MAX_FRAMES)
		return false;
	if (s.flags & ~(uint32_t)SAMPLE_FLAGS)
		return false;

	uint64_t n = s.n_words + s.n_frames + s.n_sched_words + s.n_sched_frames;

	return record.size == sizeof(s) + 8 * n;
}

bool record_check(struct span record)
{
	struct record_header h;

	if (!span_read(record, 0, &h, sizeof(h)) || h.size != record.size)
		return false;
	switch (h.type) {
	case RECORD_SAMPLE:
		return sample_check(record);
	case RECORD_EXEC:
	case RECORD_FORK:
	case RECORD_EXIT:
	case RECORD_MOVE:
		return record.size == sizeof(struct process_event);
	default:
		return false;
	}
}
