/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An empty CPU profile of one build, with all that is known of it but the stacks: sample types,
 * period and times as runtime/pprof writes them, and what was lost, in its comments.
 *
 * The comments are lines of the form `hone: key=value key=value…`, values without spaces; the
 * counts are those of pgo/notes.h.
 */
#pragma once

#include <stdint.h>

#include "agent/binary/binary.h"
#include "libpprof/pprof.h"
#include "pgo/notes.h"

struct profile_facts {
	uint64_t start;	   /* ns since the epoch */
	uint64_t duration; /* ns */
	uint64_t period;   /* ns of CPU time for a sample */
};

/* *ret_profile is the caller's. 0 or -ENOMEM. */
int profile_new(const struct binary *binary, const struct profile_facts *facts,
		struct pprof_profile **ret_profile);

/* What was lost or is not whole. 0 or -ENOMEM. */
int profile_note(struct pprof_profile *profile, const struct pgo_notes *notes);
