/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How good a profile a recording under way would give now.
 *
 * What the compiler looks at is made of it and nothing else, two frames of each stack, in a profile
 * that stays: each time it is only brought up to date.
 */
#pragma once

#include "agent/recorder/tallies.h"
#include "agent/symbolize/symbolize.h"
#include "libpprof/pprof.h"
#include "pgo/quality.h"

struct preview {
	const struct tally *tally; /* what it is of */
	struct pprof_profile *profile;
	struct symbolizer *symbolizer;
};

#define PREVIEW_NULL \
	{            \
		0    \
	}

void preview_fini(struct preview *v);

/*
 * Judge the tally; borrowed until the end, or until another one is judged. 0, PGO_E_TOO_LARGE or
 * -errno.
 */
int preview_judge(struct preview *v, const struct tally *tally, struct pgo_quality *ret_quality);
