/* SPDX-License-Identifier: Apache-2.0 */
/* From counted stacks to a profile, and what it is worth. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/recorder/recorder.h"
#include "libpprof/pprof.h"
#include "pgo/quality.h"

struct record_result {
	const struct tally *tally; /* what the profile is of */
	struct pprof_profile *profile;
	struct pgo_quality quality;
	struct pgo_notes notes;
	uint64_t start;	   /* ns since the epoch */
	uint64_t duration; /* ns */
	uint32_t frequency;
	bool unjudged;	/* too large for that: .quality says nothing */
	bool rewritten; /* the executable's file holds something else now: .profile is of neither */
	bool idle;	/* no sample shows anything but Go's own runtime */
};

#define RECORD_RESULT_NULL \
	{                  \
		0          \
	}

void record_result_fini(struct record_result *result);

/*
 * Symbolize and judge what @result.tally holds; its tally and times are set. 0, also when it could
 * not be judged, or -ENOMEM.
 */
int record_result_make(struct record_result *result, const struct recorder *r);

/* Is there a profile, and would the compiler take it and do something with it, as far as known? */
bool record_result_is_useful(const struct record_result *result);
