/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was counted in a window: one set of stacks for each executable in each group. A tally keeps
 * both from being forgotten until it is freed.
 */
#pragma once

#include "agent/aggregate/stacks.h"
#include "agent/builds/builds.h"
#include "agent/recorder/group.h"

struct tally {
	struct build *build;
	struct group *group; /* NULL: not told apart, or not known */
	struct stacks stacks;
	uint64_t truncated, external;
	uint64_t taken; /* samples; each may stand for several in .stacks */
	uint32_t max_weight;
	uint32_t pid; /* the latest process that ran it */
};

struct tallies {
	struct tally **items; /* addresses of tallies stay the same */
	uint32_t n, capacity;
	struct index index;
};

#define TALLIES_NULL \
	{            \
		0    \
	}

/* All that were not taken out (NULL in .items) are freed. */
void tallies_fini(struct tallies *t);

/* Find it, or begin it, with room for @max_bytes of stacks. 0 or -ENOMEM. */
int tallies_get(struct tallies *t, struct build *build, struct group *group, size_t max_bytes,
		struct tally **ret_tally);

/* Takes NULL, gives NULL. Before its build's and its group's owners end. */
struct tally *tally_free(struct tally *t);
