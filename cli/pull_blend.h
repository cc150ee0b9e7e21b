/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One profile out of many, for sources that do not do it themselves: each is trimmed to what the
 * compiler reads (pgo/trim.h) and added, the builds one by one, newest first, until the samples
 * suffice, an older one with half the weight of the next newer one, and calls of cold functions are
 * taken out (pgo/cold.h). As hone-collector does it unless told otherwise; the same profiles in the
 * same order give the same bytes.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "libpprof/pprof.h"
#include "pgo/cold.h"
#include "pgo/notes.h"

#define BLEND_MAX_BUILDS 16
#define BLEND_MAX_USED	 5
#define BLEND_DECAY	 0.5
#define BLEND_ID_SIZE	 96
#define BLEND_DEPTH	 2 /* what Go 1.21 to 1.27 read */

enum blend_outcome {
	BLEND_E_MALFORMED = 1, /* not a CPU profile */
	BLEND_E_TOO_LARGE,
	BLEND_E_EMPTY, /* nothing was added */
};

struct blend_build {
	char id[BLEND_ID_SIZE];
	struct pprof_profile *sum;
	struct pgo_notes notes;
	size_t n_profiles;
	uint64_t since; /* begin of the oldest, ns since the epoch; 0: not known */
	uint64_t until; /* end of the newest */
};

struct blend {
	struct blend_build builds[BLEND_MAX_BUILDS]; /* as they came, or as ordered */
	size_t n_builds;
	size_t left_out; /* profiles of further builds */
	int64_t cpu;	 /* ns, of all */
};

#define BLEND_NULL \
	{          \
		0  \
	}

void blend_fini(struct blend *b);

/*
 * Add a profile of @build, "" for not known. 0, an outcome, after which the blend is as it was (but
 * for BLEND_E_TOO_LARGE), or -ENOMEM.
 */
int blend_add(struct blend *b, const char *build, struct pprof_profile *p);

/* The builds by when they appeared, the youngest first: those of one time stay as they came. */
void blend_order(struct blend *b);

struct blend_result {
	struct buf pprof;	     /* gzip */
	size_t n_builds, n_profiles; /* that were needed */
	uint64_t until;
	bool enough; /* its samples suffice: an older build would not be used */
};

#define BLEND_RESULT_NULL                            \
	{                                            \
		.pprof = BUF_INIT((size_t)256 << 20) \
	}

void blend_result_fini(struct blend_result *r);

/* Of what was added so far; more may follow. 0, BLEND_E_EMPTY, BLEND_E_TOO_LARGE or -errno. */
int blend_make(const struct blend *b, const struct cold_list *cold,
	       struct blend_result *ret_result);

/* What hone's comments in @p say of the program; "" where they do not. */
struct blend_origin {
	char main_package[512], build[BLEND_ID_SIZE];
};
void blend_origin(const struct pprof_profile *p, struct blend_origin *ret_origin);
