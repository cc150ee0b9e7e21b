/* SPDX-License-Identifier: Apache-2.0 */
/* The gate for records from the kernel, and for stored ones: pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "bpf/sample.h"

/*
 * Is @record one whole record of a known type, as bpf/sample.h describes it? Its header.size is the
 * size of the span, and a sample's counts are within their limits and add up to its size. So after
 * this, all of it can be read without further thought. The span must be aligned to 8 bytes.
 */
bool record_check(struct span record);

/* The four parts of a checked sample. */
struct sample_parts {
	const uint64_t *words, *frames, *sched_words, *sched_frames;
};

static inline struct sample_parts sample_parts(const struct sample *s)
{
	struct sample_parts p;

	p.words = s->data;
	p.frames = p.words + s->n_words;
	p.sched_words = p.frames + s->n_frames;
	p.sched_frames = p.sched_words + s->n_sched_words;
	return p;
}
