/* SPDX-License-Identifier: Apache-2.0 */
/* What a default.pgo was made of, what was left out and why: plain values, and as JSON. */
#pragma once

#include "base/buf.h"
#include "collector/curate/policy.h"
#include "pgo/quality.h"

#define CURATE_MAX_BUILDS 16u /* told by name */
#define CURATE_MAX_MODES  16u /* likewise; any more are one, "..." */
#define CURATE_MAX_EDGES  20u
#define CURATE_NAME_SIZE  256u
#define CURATE_TEXT_SIZE  64u
#define CURATE_ETAG_SIZE  36u
#define CURATE_WHY_SIZE	  512u

enum curate_fate {
	CURATE_USED,
	CURATE_NOT_NEEDED, /* newer builds suffice */
	CURATE_NOT_ASKED,  /* by ?build= */
	CURATE_CANARY,	   /* a young build of few instances */
	CURATE_TOO_MANY,   /* over max-builds */
	CURATE_UNUSABLE,   /* no profile of it could be used */
};

/* What an instance is: a set of labels that profiles came with. Numbers are of the window. */
struct curate_build {
	char id[CURATE_TEXT_SIZE];
	int64_t first, last; /* ns since the epoch: its first profile ever, the end of its last */
	size_t instances, profiles;
	int64_t cpu, samples; /* ns; of what was used, likewise below */
	double factor;	      /* of its CPU time in the result */
	enum curate_fate fate;
};

struct curate_mode {
	char name[CURATE_TEXT_SIZE]; /* "": without the label */
	size_t profiles;
	int64_t cpu;
	bool used;
};

/* Profiles in the window that are not in the result. */
struct curate_left_out {
	size_t labels;	     /* other labels were asked for */
	size_t modes;	     /* another mode was asked for, or costs more */
	size_t canary_label; /* marked as a canary */
	size_t builds;	     /* of builds with another fate than used */
	size_t too_many;     /* over CURATE_MAX_PROFILES */
	size_t unreadable;   /* broken, or too large */
	size_t negative;     /* differences of two profiles */
	size_t overflow;     /* over TRIM_MAX_CPU with what was added before */
};

struct curate_edge {
	char caller[CURATE_NAME_SIZE], callee[CURATE_NAME_SIZE]; /* cut where too long */
	int64_t offset; /* line of the call − start line of the caller */
	double share;	/* of the weight of all edges */
};

struct curate_explain {
	char name[CURATE_NAME_SIZE], package[CURATE_NAME_SIZE]; /* asked for; "" if unknown */
	char mode[CURATE_TEXT_SIZE];				/* asked for, or "" */
	struct curate_policy policy;

	char etag[CURATE_ETAG_SIZE]; /* with its quotes; "" if there is no profile */
	size_t bytes;
	struct pgo_quality quality;
	bool good;		   /* fair or good, and of instances enough: fit to be built with */
	char why[CURATE_WHY_SIZE]; /* a sentence: the verdict, or why there is none */

	struct curate_build builds[CURATE_MAX_BUILDS]; /* newest first */
	size_t n_builds, n_builds_used; /* in the window; may be more than are named */
	struct curate_mode modes[CURATE_MAX_MODES];
	size_t n_modes;
	size_t n_instances, n_profiles; /* used */
	int64_t cpu;			/* ns, before weights */
	double scale;	     /* 1, or what all weights were multiplied with: TRIM_MAX_WEIGHT */
	int64_t first, last; /* ns since the epoch: start of the first one used, end of the last */
	struct curate_left_out left_out;

	struct curate_edge edges[CURATE_MAX_EDGES]; /* the hottest */
	size_t n_edges;
	size_t cold_functions; /* on the cold list and called */
	double cold_share;     /* of the weight of all edges, taken out */

	/* Hysteresis. What is above is about the profile that is given. */
	struct {
		int64_t time; /* when it was published, ns since the epoch; 0: it was not */
		bool held;    /* it was published before; now another one would be made: */
		char fresh_etag[CURATE_ETAG_SIZE];
		double overlap; /* of the hot edges of that one and this; or of this and previous */
		char previous_etag[CURATE_ETAG_SIZE]; /* the one that this one replaced; "": none */
		int64_t previous_time;
	} published;
};

#define CURATE_TIME_SIZE 32u

/* "2026-11-20T08:15:00Z", of ns since the epoch. False where there is no such year. */
bool curate_time_text(int64_t ns, char ret_text[CURATE_TIME_SIZE]);

/* "used", "not needed", ... */
const char *curate_fate_name(enum curate_fate fate);

/*
 * Read back what curate_explain_json() wrote, as far as it is about the profile itself; what is not
 * there stays 0. 0, CURATE_EXPLAIN_E_MALFORMED or -ENOMEM.
 */
int curate_explain_read(struct span json, struct curate_explain *ret);

#define CURATE_EXPLAIN_E_MALFORMED 1

/* Append it as JSON (docs/collector.md). @now is for ages. 0 or -ENOMEM, -E2BIG. */
int curate_explain_json(const struct curate_explain *e, int64_t now, struct buf *to);
