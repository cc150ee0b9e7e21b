/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was published: the profiles that were given out for a name, and tags that hold some of them.
 *
 * Of each line, a name and a mode, the last DEPOT_MAX_EDITIONS are kept, and those that a tag holds
 * or held. A tag is a history of pins; the last one counts, and without it the one before does.
 */
#pragma once

#include "collector/depot/depot.h"

#define DEPOT_MAX_EDITIONS 20u
#define DEPOT_MAX_PINS	   20u	/* of a tag; the oldest go */
#define DEPOT_MAX_TAGS	   200u /* of a line */
#define DEPOT_ETAG_SIZE	   64u
#define DEPOT_TAG_SIZE	   101u

/* All borrowed. */
struct depot_line {
	const char *tenant, *name, *mode; /* mode "" for none */
};

struct depot_edition {
	int64_t id;
	int64_t time; /* when it was published, ns since the epoch */
	char etag[DEPOT_ETAG_SIZE];
	struct buf policy; /* text: what it was made by */
	struct buf note;   /* text: what is said of it */
	struct buf pprof;
};

#define DEPOT_EDITION_NULL                                                              \
	{                                                                               \
		.policy = BUF_INIT((size_t)1 << 16), .note = BUF_INIT((size_t)1 << 20), \
		.pprof = BUF_INIT((size_t)256 << 20)                                    \
	}

void depot_edition_fini(struct depot_edition *e);

/* Add one to its line; .id is not looked at. 0, DEPOT_E_FULL, DEPOT_E_DAMAGED or -errno. */
int depot_publish(struct depot *d, const struct depot_line *line, const struct depot_edition *e);

/* The last of a line, or the last with @etag. 0, DEPOT_E_NONE, DEPOT_E_DAMAGED or -errno. */
int depot_edition(struct depot_reader *r, const struct depot_line *line, const char *etag,
		  struct depot_edition *ret_edition);

/* Call @each for those of a line, the last first; without .pprof. */
int depot_editions(struct depot_reader *r, const struct depot_line *line,
		   int (*each)(void *context, const struct depot_edition *e), void *context);

/* ---- tags -------------------------------------------------------------------------------- */

struct depot_pin {
	char tag[DEPOT_TAG_SIZE], etag[DEPOT_ETAG_SIZE];
	int64_t time;	   /* when it was pinned */
	int64_t published; /* when what it holds was published */
};

#define DEPOT_E_TAGS 60 /* apart from enum depot_outcome: over DEPOT_MAX_TAGS */

/*
 * Let @tag hold the last edition with @etag. Once more the same: nothing changes. 0, DEPOT_E_NONE:
 * there is no such edition, DEPOT_E_TAGS, DEPOT_E_FULL, DEPOT_E_DAMAGED or -errno.
 */
int depot_pin(struct depot *d, const struct depot_line *line, const char *tag, const char *etag,
	      int64_t now);

/* Take back the last pin of @tag, or @all. 0, DEPOT_E_NONE: there is no such tag, or as above. */
int depot_unpin(struct depot *d, const struct depot_line *line, const char *tag, bool all);

/* What @tag holds. 0, DEPOT_E_NONE, DEPOT_E_DAMAGED or -errno. */
int depot_tagged(struct depot_reader *r, const struct depot_line *line, const char *tag,
		 struct depot_edition *ret_edition);

/* Call @each with what each tag of a line holds, by name. */
int depot_tags(struct depot_reader *r, const struct depot_line *line,
	       int (*each)(void *context, const struct depot_pin *pin), void *context);
