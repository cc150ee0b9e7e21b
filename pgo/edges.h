/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call edges of a profile, exactly as the Go compiler computes them.
 *
 * What `go build -pgo` reads of a CPU profile is a list of weighted call edges: (caller, callee,
 * line of the call relative to the caller's first line). The rules are those of Go 1.26
 * (cmd/internal/pgo/pprof.go and internal/profile/graph.go); 1.23 and 1.27 give the same edges:
 *
 *  - Value: the first sample type that is samples/count or cpu/nanoseconds. Samples of value 0 are
 *    passed over.
 *  - Only the two innermost locations of a stack count. Their lines, outermost to innermost, form
 *    a path of nodes; each step of the path is an edge, counted once per sample.
 *  - A node is (function name, address of the location, start line, line). A step from a node to
 *    itself is no edge; so recursion counts from another address only. A location without lines
 *    is a node without a name.
 *  - A node whose values cancel out to 0 (negative values, that is) is dropped with all edges out
 *    of it.
 *  - Edges of the same names and the same offset (line − start line) are added up. Sums wrap
 *    around at 64 bits, as Go's do.
 *
 * Two samples with equal two innermost locations are one to the compiler, so they are folded into
 * one "tip" first: that makes the computation cheap, and tips are what comparisons resample.
 *
 * Two things are lost before a profile comes here. A pprof_profile holds equal stacks once, values
 * added up; so where negative values cancel out within one stack, the compiler lists an edge of
 * weight 0 and we list none. And pprof_decode() refuses, as google/pprof does, some files that the
 * compiler takes: lines without function, locations that do not exist beyond the two innermost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "libpprof/pprof.h"
#include "pgo/names.h"

/* Why the compiler makes nothing of a profile. */
enum pgo_outcome {
	/* Rejected: the build fails. */
	PGO_E_MALFORMED = 1,  /* not a pprof profile; pgo_edges_new() never says so, decoders do */
	PGO_E_NO_SAMPLE_TYPE, /* neither samples/count nor cpu/nanoseconds */
	PGO_E_NO_START_LINES, /* no function of the two innermost locations has a start line */
	/* Rejected by Go 1.23 to 1.26, without effect in others: no sample has both value and
	   stack. */
	PGO_E_ALL_ZERO,
	/* Accepted without effect. */
	PGO_E_EMPTY,	/* no sample at all */
	PGO_E_NO_EDGES, /* no call in it: the weights of all edges add up to 0 */
	PGO_E_NO_NAMES, /* no call between two functions that have names; pgo_assess() says so */
	/* Ours. */
	PGO_E_TOO_LARGE, /* over PGO_STEPS_MAX, or too many names */
	PGO_E_NEGATIVE,	 /* negative values; pgo_compare() says so */
};

/* Most steps on all paths together, each walked twice. Real profiles have some 6 a tip. */
#define PGO_STEPS_MAX (32U << 20)

struct pgo_edge {
	uint32_t caller, callee; /* pgo_names_text() */
	int64_t offset;		 /* line of the call − start line of the caller */
	int64_t weight;		 /* as the compiler sees it */
	int64_t count;		 /* samples that showed it; once for each step on their path */
};

/* All samples that share their two innermost locations. */
struct pgo_tip {
	uint32_t caller, leaf; /* locations; caller is PPROF_NONE in stacks of one location */
	int64_t weight;
	int64_t count;	   /* samples, never negative */
	uint32_t first, n; /* its edges: tip_edges[first .. first + n), doubles included */
	bool unsymbolized; /* some location without lines, or a function without name */
	bool inlined;	   /* some location has several lines */
};

struct pgo_edges {
	struct pgo_names names;
	struct pgo_edge *edges; /* in the compiler's order: heaviest first, then by names, offset */
	size_t n_edges;
	struct pgo_tip *tips;
	size_t n_tips;
	uint32_t *tip_edges;
	size_t n_tip_edges;
	int64_t total;		/* weight of all edges, never 0 */
	double with_start_line; /* weight of edges whose caller has a start line */
	int64_t samples;	/* number of samples of any kind, those without stack included */
	bool negative;		/* some value is negative */
};

/*
 * The edges of @p. 0, a positive enum pgo_outcome, or -ENOMEM; *ret_edges is set for 0 only.
 * Nothing in it is borrowed from @p. Takes about 1 µs a distinct stack, so it may well be called
 * once a second while a profile grows.
 */
int pgo_edges_new(struct pprof_profile *p, struct pgo_edges **ret_edges);
struct pgo_edges *pgo_edges_free(struct pgo_edges *edges);
void pgo_edges_freep(struct pgo_edges **edges);

/*
 * Append the text that `go tool preprofile` (Go 1.23 and later) prints: a first line, then three
 * lines an edge. With @edges NULL that of a profile without effect, the first line alone.
 */
void pgo_edges_print(const struct pgo_edges *edges, struct buf *out);

/*
 * The sample type the compiler uses: *ret_number. PGO_E_NO_SAMPLE_TYPE when there is none.
 */
int pgo_sample_type(const struct pprof_profile *p, size_t *ret_number);
