/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks as a tree of names, and the tree as what viewers draw. Pure.
 *
 * Made of a profile of FOLD_NAMES with one sample type, or two of which the second is the other
 * side of a difference. Node 0 is the root; children of a node are in order of their names.
 */
#pragma once

#include "base/buf.h"
#include "libpprof/pprof.h"

#define TREE_MAX_NODES 4000000
#define TREE_SIDES     2u
#define TREE_NONE      UINT32_MAX

struct tree_node {
	uint32_t name; /* of .names; of no use in the root */
	int64_t self[TREE_SIDES], total[TREE_SIDES];
	uint32_t first, next; /* child, sibling; or TREE_NONE */
	uint32_t parent;
};

struct tree {
	struct tree_node *nodes;
	size_t n, capacity;
	size_t sides;
	char **names; /* the last one is "other" */
	size_t n_names;
	char *text; /* of .names */
};

#define TREE_NULL \
	{         \
		0 \
	}

/* As two values of a profile are added up: they wrap around. */
static inline int64_t tree_plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* @p may be NULL, for nothing. 0, -E2BIG over TREE_MAX_NODES, or -ENOMEM. */
int tree_make(struct pprof_profile *p, size_t sides, struct tree *ret_tree);
void tree_fini(struct tree *t);

/*
 * Keep nodes that are not smaller than the @max_nodes largest, and put what is under a node and is
 * not kept into one child of it, called other; as Pyroscope does. 0 or -ENOMEM.
 */
int tree_cut(struct tree *t, int64_t max_nodes);

/* Pyroscope's serialization of a tree (pkg/model/tree.go of v2.2), of the first side: of each node,
 * parents first, its name with its length, its own value, and how many children it has. */
void tree_write(const struct tree *t, struct buf *to);

struct Querier__V1__Level;

/*
 * Level by level, from left to right, as Pyroscope's FlameGraph has it: of each node for each side
 * its distance from the end of the one before, total, own value; and then the number of its name.
 */
struct flame {
	char **names; /* of the tree */
	size_t n_names;
	struct Querier__V1__Level **levels;
	size_t n_levels;
	int64_t max_self;
};

#define FLAME_NULL \
	{          \
		0  \
	}

/* 0 or -ENOMEM. */
int flame_make(const struct tree *t, struct flame *ret_flame);
void flame_fini(struct flame *f);

/* The node after @at, children before siblings; TREE_NONE at the end. *@level, if given, follows.
 */
uint32_t tree_next(const struct tree *t, uint32_t at, size_t *level);
