/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default.pgo of a main package or service, out of the profiles in the depot.
 *
 * Those of the newest build in the window are taken first, then those of the build before it, and
 * so on until the samples suffice (struct pgo_quality, .enough). Newest is what appeared last: the
 * build whose first profile is the youngest. Which of them, and with which weights, says a policy
 * (policy.h). All are trimmed and added up (pgo/trim.h), calls of cold functions are taken out
 * (pgo/cold.h), and the whole is judged (pgo/quality.h) and encoded: the same profiles and policy
 * give the same bytes, whatever the order in which they came and whenever it is asked.
 *
 * What a standing request gives is published: kept in the depot, given again while what is hot
 * stays the same, also after a restart, and held by tags (collector/depot/shelf.h).
 *
 * Answers are kept, and one is made anew only when the depot holds other profiles in its window.
 * Each is made by one thread, others that want one wait; too many waiting are sent away.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "collector/curate/explain.h"
#include "collector/curate/policy.h"
#include "collector/depot/depot.h"
#include "pgo/cold.h"

#define CURATE_MAX_PROFILES  10000u /* more are left out, the oldest of the oldest builds first */
#define CURATE_MAX_WAITING   4u
#define CURATE_MAX_SELECTORS 8u

enum curate_outcome {
	CURATE_E_NONE = 1,  /* there is no profile, ret->explain.why says what there is */
	CURATE_E_AMBIGUOUS, /* of several main packages, or modes; likewise */
	CURATE_E_BUSY,	    /* too many wait already */
	CURATE_E_DAMAGED,   /* the database is broken */
	CURATE_E_FULL,
};

/* All borrowed. */
struct curate_request {
	const char *tenant, *name;
	int64_t now; /* ns */
	struct curate_policy policy;
	const char *mode;			  /* this one only, or NULL */
	const char *builds[CURATE_MAX_SELECTORS]; /* these only, or any */
	size_t n_builds;
	struct depot_label labels[CURATE_MAX_SELECTORS]; /* with all of these */
	size_t n_labels;
	/* The operator's policy, no builds and no labels: what it gives is published, and stays
	   until what is hot changes (policy.h, hold). */
	bool standing;
};

struct curate_result {
	struct buf pprof;   /* gzip */
	size_t broken_sums; /* kept ones that could not be read, so that their profiles were */
	struct curate_explain explain;
};

#define CURATE_RESULT_NULL                           \
	{                                            \
		.pprof = BUF_INIT((size_t)256 << 20) \
	}

void curate_result_fini(struct curate_result *r);

struct curate;

/* @cold, which may be NULL, is taken over, @rules, which may be NULL, as well. */
int curate_new(struct depot *d, struct cold_list *cold, struct curate_rules *rules,
	       struct curate **ret_curate);
struct curate *curate_free(struct curate *c);

/* The operator's policy for @name. */
void curate_policy_of(const struct curate *c, const char *name, struct curate_policy *ret_policy);

/* In any thread. 0, an outcome or -errno. */
int curate_make(struct curate *c, const struct curate_request *request,
		struct curate_result *ret_result);

/* The same if it was made already, without making anything; CURATE_E_BUSY if it would have to be.
 */
int curate_peek(struct curate *c, const struct curate_request *request,
		struct curate_result *ret_result);

/*
 * Add up what will be asked for of all that got new profiles since, and keep it in the depot: what
 * comes between is then all that curate_make() has to read. The first time, and after a sum that
 * could not be read, it is of all there is. To be called every now and then, by one thread; most
 * calls do nothing. Ends early when *@stop becomes true. 0, or CURATE_E_DAMAGED or -errno of the
 * first that could not be added up; the others are, and next time all are looked at again.
 */
int curate_add_up(struct curate *c, int64_t now, const atomic_bool *stop);

/* What it did since it was opened, and holds now. In any thread. */
struct curate_counts {
	uint64_t cached, made, none, busy; /* answers: kept, made, of nothing, sent away */
	uint64_t make_time;		   /* ns, of those made and of nothing */
	uint64_t cache_bytes;
	uint64_t added_up;    /* times that a program was looked at ahead */
	uint64_t broken_sums; /* kept in the depot, could not be read, and were dropped */
};

void curate_read(struct curate *c, struct curate_counts *ret_counts);

/* ---- tags and history -------------------------------------------------------------------- */

/* Of a tag: 1 to 100 of [A-Za-z0-9._-], and no dot first. */
bool curate_tag_valid(const char *tag);

/* Is there a profile of exactly this name, ever? 0, CURATE_E_NONE, CURATE_E_DAMAGED or -errno. */
int curate_knows(struct depot *d, const char *tenant, const char *name);

/*
 * Of a request only tenant, name, mode and now are looked at. Below, CURATE_E_NONE: there is no
 * such tag, or nothing published with this ETag.
 */

/* What a tag holds. 0, CURATE_E_NONE, CURATE_E_DAMAGED or -errno. */
int curate_tagged(struct depot *d, const struct curate_request *request, const char *tag,
		  struct curate_result *ret_result);

/* Let it hold what was published with @etag. And CURATE_E_FULL: no disk, or no more tags. */
int curate_pin(struct depot *d, const struct curate_request *request, const char *tag,
	       const char *etag);

/* Let it hold what it held before, if anything; or @all: remove it. Likewise. */
int curate_unpin(struct depot *d, const struct curate_request *request, const char *tag, bool all);

/* Append a JSON array: of tags by name; of what was published, the last first. */
int curate_list_tags(struct depot *d, const struct curate_request *request, struct buf *to);
int curate_list_history(struct depot *d, const struct curate_request *request, struct buf *to);
