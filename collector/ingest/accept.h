/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a profile and its labels to what the depot keeps: everything is checked by
 * libpprof's decoder, within its limits, and what the index wants to know is taken from it.
 *
 * Names of generic functions that were escaped for Grafana Pyroscope (pgo/shapes.h) are put back,
 * so that what is kept is what the linker wrote. Nothing else is changed: a profile that needs no
 * change and is gzip already is kept byte for byte.
 */
#pragma once

#include "collector/brief/brief.h"
#include "collector/ingest/labels.h"
#include "collector/ingest/turn.h"
#include "libpprof/pprof.h"

/* Bytes of a profile before compression, and samples in it. */
#define ACCEPT_MAX_RAW	   ((size_t)64 << 20)
#define ACCEPT_MAX_SAMPLES 1000000u
/* Sample types of a profile, and bytes of one's name in the depot. */
#define ACCEPT_MAX_TYPES     16u
#define ACCEPT_MAX_TYPE_NAME 256u
/* How far ahead of our clock a profile may be, as Pyroscope has it. */
#define ACCEPT_MAX_FUTURE (600 * (int64_t)1000000000)

/* What is taken, each at most what is above and in labels.h. */
struct accept_limits {
	size_t raw;			/* bytes of a profile before compression */
	size_t samples;			/* in it */
	size_t labels;			/* of a series */
	size_t label_name, label_value; /* bytes */
};

#define ACCEPT_LIMITS_MOST                                                             \
	{                                                                              \
		ACCEPT_MAX_RAW, ACCEPT_MAX_SAMPLES, LABEL_SET_MAX, LABEL_SET_MAX_NAME, \
			LABEL_SET_MAX_VALUE                                            \
	}

struct accept_input {
	const struct accept_limits *limits;
	const char *tenant;
	struct label_set *labels; /* finished; those that are missing are added to it */
	bool name_profile;	  /* add __name__ where it is missing; otherwise it is refused */
	const char *id;		  /* a UUID, or anything else for none */
	struct span pprof;	  /* gzip or plain */
	int64_t from;		  /* start where the profile has none, ns; 0: now */
	int64_t now;		  /* ns since the epoch */
	struct briefs *briefs;	  /* to put it in brief, too; or NULL */
	struct turn *turn;	  /* of the request */
};

/* .row borrows from the input and from what is here. */
struct accepted {
	struct depot_profile row;
	char build[LABEL_SET_MAX_VALUE + 1];
	struct depot_type types[ACCEPT_MAX_TYPES];
	char *type_names; /* of .types */
	uint8_t *pprof;	  /* where it is not the input's own */
	struct briefs *briefs;
	struct brief brief;
	bool stored; /* .row is on disk, with its brief */
};

#define ACCEPTED_NULL \
	{             \
		0     \
	}

void accepted_fini(struct accepted *a);

/* 0, INGEST_E_REFUSED or -ENOMEM. */
int accept_profile(const struct accept_input *in, struct accepted *ret, struct refusal *why);

/* The sample types of a profile, into @ret's .types and .row. 0, INGEST_E_REFUSED or -ENOMEM. */
int accept_types(struct pprof_profile *p, struct accepted *ret, struct refusal *why);

/* Undo a Content-Encoding of gzip: *ret_body is malloc'd, and for a large one @turn is taken. */
int accept_gunzip(struct span body, size_t limit, struct turn *turn, uint8_t **ret_body,
		  size_t *ret_size, struct refusal *why);
