/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU time of a service or main package as a tree of names, for the collector's own pages: one
 * side, or two to be compared, each of certain builds and a window.
 *
 * Profiles without the sample type cpu/nanoseconds are passed over. Where adding up all takes
 * longer than a page may take, as many are added as there is time for, evenly chosen: each is as
 * likely as any other, merged or not, so that shares are those of all but for chance.
 */
#pragma once

#include "collector/ingest/refusal.h"
#include "collector/query/query.h"
#include "collector/query/tree.h"

struct cpu_side {
	const char *build;    /* "" for all */
	int64_t since, until; /* ns since the epoch; widened as depot_query_align() does */
};

struct cpu_request {
	const char *tenant, *name;
	struct cpu_side sides[TREE_SIDES];
	size_t n_sides;
	int64_t max_nodes; /* tree_cut() */
	int64_t now;	   /* ns since the epoch */
	uint64_t deadline; /* clock_monotonic(): what is not done by then fails */
	uint64_t patience; /* ns for adding up a side */
};

struct cpu_answer {
	struct tree tree;
	int64_t profiles[TREE_SIDES]; /* pushed, that are in it */
	int64_t skipped[TREE_SIDES];  /* pushed, for which there was no time */
	size_t nodes;		      /* of the tree before it was cut */
};

#define CPU_ANSWER_NULL \
	{               \
		0       \
	}

void cpu_answer_fini(struct cpu_answer *a);

/* In any thread. 0, INGEST_E_REFUSED or -errno. */
int query_cpu(struct query *q, const struct cpu_request *request, struct cpu_answer *ret_answer,
	      struct refusal *why);
