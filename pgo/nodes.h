/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of the compiler's graph, and the paths that tips make through it. Inside of
 * pgo_edges_new(). */
#pragma once

#include "pgo/edges.h"

/* Node identity is the first four members: NodeInfo of internal/profile/graph.go. */
struct node {
	uint32_t name;
	uint64_t address;
	int64_t start_line, line;
	int64_t flat, cum; /* of samples ending here; of samples passing here */
	uint32_t last_tip; /* number + 1 of the last tip that passed here */
};

struct nodes {
	struct pprof_profile *profile;
	struct pgo_names *names;
	struct node *nodes;
	size_t n, capacity;
	struct index index;
	uint32_t *first_of; /* location to its first item in of_lines, or PPROF_NONE */
	uint32_t *of_lines; /* the nodes of locations' lines, innermost first */
	size_t n_of_lines, of_lines_capacity;
	uint32_t *name_of; /* function to name, or PPROF_NONE */
	uint32_t unnamed;  /* the name "" */
	uint32_t *path;	   /* of the last tip asked for: outermost first */
	size_t n_path, path_capacity;
	size_t steps; /* on all paths so far */
};

#define NODES_NULL \
	{          \
		0  \
	}

int nodes_init(struct nodes *n, struct pprof_profile *p, struct pgo_names *names);
void nodes_fini(struct nodes *n);

/* Set n->path, and the tip's flags. 0, PGO_E_TOO_LARGE or -ENOMEM. */
int nodes_walk(struct nodes *n, struct pgo_tip *tip);

/* Dropped with all its edges: it has no value. */
static inline bool node_is_dropped(const struct node *n)
{
	return n->flat == 0 && n->cum == 0;
}
