/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a profile good enough to build with?
 *
 * One answer for recording, checking, pulling and serving. The thresholds are starting points that
 * were measured on one mixed service (HTTP, JSON, templates, regexp, gzip): there 1 000 samples
 * gave 77 % coverage and 28 % of the inlining decisions that 19 000 samples gave; 5 000 gave 91 and
 * 63 %; 10 000 gave 94 %; 20 000 gave 97 %.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "libpprof/pprof.h"
#include "pgo/edges.h"
#include "pgo/notes.h"

/* Below either: thin. */
#define PGO_THIN_SAMPLES  1000
#define PGO_THIN_COVERAGE 0.75
/* Below either, a reason is given, and the profile is not good by its number of samples. */
#define PGO_FAIR_SAMPLES  10000
#define PGO_FAIR_COVERAGE 0.94
/* Good: this coverage from PGO_THIN_SAMPLES on, or this many samples with PGO_FAIR_COVERAGE. */
#define PGO_GOOD_SAMPLES  20000
#define PGO_GOOD_COVERAGE 0.96
/* Flaws, which take "good" away. */
#define PGO_UNSYMBOLIZED_MAX 0.02
#define PGO_START_LINES_MIN  0.99
#define PGO_BROKEN_MAX	     0.05 /* lost and truncated together */
#define PGO_GENERICS_CUT_MAX 0.02
#define PGO_INLINING_SAMPLES 200 /* from so many on, no inlined call at all is a flaw */
/* Worth a word, no more. */
#define PGO_TOP_EDGE_MAX   0.60
#define PGO_CALLERLESS_MAX 0.10

enum pgo_verdict {
	PGO_REFUSED, /* the compiler rejects it, or would do nothing with it */
	PGO_THIN,    /* of use, but most of what the program does is not in it */
	PGO_FAIR,
	PGO_GOOD,
};

enum pgo_reason_kind {
	PGO_REASON_SAMPLES,  /* few samples: value and limit are numbers of samples */
	PGO_REASON_COVERAGE, /* low coverage; here and below value and limit are shares, 0 to 1 */
	PGO_REASON_BROKEN,   /* samples lost or truncated */
	PGO_REASON_UNSYMBOLIZED, /* frames without names */
	PGO_REASON_START_LINES,	 /* weight of callers without start line: their calls never match */
	PGO_REASON_GENERICS_CUT, /* weight of names with [...]: generics that never match */
	PGO_REASON_NO_INLINING,	 /* no inlined call anywhere: what was inlined is not seen */
	PGO_REASON_TOP_EDGE,	 /* one call has most of the weight */
	PGO_REASON_CALLERLESS,	 /* stacks of one frame: no call for the compiler */
	PGO_REASON_NEGATIVE,	 /* negative values: a difference of two profiles */
	PGO_N_REASONS,
};

struct pgo_reason {
	enum pgo_reason_kind kind;
	double value, limit;
};

struct pgo_quality {
	enum pgo_verdict verdict;
	/* Enough samples for a good profile, flaws or not: more recording would add little. */
	bool enough;
	int outcome; /* when refused: enum pgo_outcome; otherwise 0 */

	/* What follows is 0 when refused, but for samples. */
	int64_t samples; /* of any kind */
	/* Of these, those really taken, if one may stand for several; by the notes, or all. */
	int64_t taken;
	size_t tips; /* distinct innermost pairs of locations */
	size_t edges, hot_edges;
	int64_t weight;	 /* of all edges */
	double coverage; /* pgo_coverage() */

	/* Shares of samples. */
	double lost;	     /* of those taken; from the notes */
	double truncated;    /* from the notes */
	double unsymbolized; /* in the two innermost locations, or in the notes if more */
	double callerless;
	double inlined; /* with an inlined call in the two innermost locations */
	bool notes_known;

	/* Shares of weight. */
	double start_lines; /* edges whose caller has a start line */
	double generics_cut;
	double top_edge;

	struct pgo_reason reasons[PGO_N_REASONS]; /* what decided first */
	size_t n_reasons;
};

/*
 * 0, PGO_E_TOO_LARGE or -ENOMEM; other outcomes are in *ret_quality. *ret_edges (may be NULL)
 * becomes the caller's to free: the edges, or NULL when the outcome leaves none.
 */
int pgo_assess(struct pprof_profile *p, struct pgo_quality *ret_quality,
	       struct pgo_edges **ret_edges);

/* "refused", "thin", "fair", "good" */
const char *pgo_verdict_name(enum pgo_verdict verdict);

/* "samples", "coverage", ...: for machines. */
const char *pgo_reason_name(enum pgo_reason_kind kind);

/* Would `go build` fail with this outcome? With PGO_E_ALL_ZERO some versions do: true. */
bool pgo_outcome_fails_build(int outcome);

/* What is wrong, and what to do: a clause without capital or full stop. */
const char *pgo_outcome_text(int outcome);

/* Append the verdict in one sentence, without a newline. */
void pgo_quality_print(const struct pgo_quality *q, struct buf *out);

/* Append the reason as a clause: what is, what should be, what to do. */
void pgo_reason_print(const struct pgo_reason *reason, struct buf *out);
