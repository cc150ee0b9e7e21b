/* SPDX-License-Identifier: Apache-2.0 */
/* Samples folded by their two innermost locations. Inside of pgo_edges_new(). */
#pragma once

#include "pgo/edges.h"

struct tips {
	struct pgo_tip *tips;
	size_t n, capacity;
	struct index index;
	uint64_t seed; /* pp_hash_seed() */
	int64_t samples;
	bool negative;
};

#define TIPS_NULL \
	{         \
		0 \
	}

void tips_fini(struct tips *t);

/* 0, PGO_E_EMPTY, PGO_E_NO_SAMPLE_TYPE or -ENOMEM. Edges and flags of the tips are not yet set. */
int tips_collect(struct tips *t, struct pprof_profile *p);
