/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default.pgo of a main package or service, out of the profiles in the depot.
 *
 * Those of the newest build in the window are taken first, then those of the build before it, and
 * so on until the samples suffice (struct pgo_quality, .enough). Newest is what appeared last: the
 * build whose first profile is the youngest. All are trimmed and added up (pgo/trim.h), judged
 * (pgo/quality.h) and encoded: the same profiles give the same bytes, whatever the order in which
 * they came and whenever it is asked.
 *
 * Answers are kept, and one is made anew only when the depot holds other profiles in its window.
 * Each is made by one thread, others that want one wait; too many waiting are sent away.
 */
#pragma once

#include "collector/depot/depot.h"
#include "pgo/quality.h"

#define CURATE_MAX_PROFILES 10000u /* more are left out, the oldest of the oldest builds first */
#define CURATE_MAX_BUILDS   16u	   /* told by name */
#define CURATE_MAX_WAITING  4u
#define CURATE_DEPTH	    2u /* what Go 1.21 to 1.27 read */
#define CURATE_WHY_SIZE	    512u

enum curate_outcome {
	CURATE_E_NONE = 1,  /* there is no profile, ret->why says what there is */
	CURATE_E_AMBIGUOUS, /* a service of several main packages; likewise */
	CURATE_E_BUSY,	    /* too many wait already */
	CURATE_E_DAMAGED,   /* the database is broken */
};

struct curate_request {
	const char *tenant, *name;
	int64_t now, window; /* ns */
	unsigned int depth;  /* locations of a stack that are kept; 0: all */
};

struct curate_result {
	struct buf pprof; /* gzip */
	char etag[36];	  /* with its quotes */
	struct pgo_quality quality;
	char package[256];		    /* main package, "" if no profile says so */
	char builds[CURATE_MAX_BUILDS][64]; /* newest first */
	size_t n_builds;		    /* used; may be more than are named */
	size_t n_series, n_profiles;	    /* used */
	size_t left_out, unreadable;	    /* profiles over CURATE_MAX_PROFILES; broken ones */
	int64_t first, last; /* ns since the epoch: start of the first one used, end of the last */
	char why[CURATE_WHY_SIZE]; /* a sentence: with an outcome, or why it is not good enough */
	bool good;		   /* fair or good: fit to be built with */
};

#define CURATE_RESULT_NULL                           \
	{                                            \
		.pprof = BUF_INIT((size_t)256 << 20) \
	}

void curate_result_fini(struct curate_result *r);

struct curate;

int curate_new(struct depot *d, struct curate **ret_curate);
struct curate *curate_free(struct curate *c);

/* In any thread. 0, an outcome or -errno. */
int curate_make(struct curate *c, const struct curate_request *request,
		struct curate_result *ret_result);
