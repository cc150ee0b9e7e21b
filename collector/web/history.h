/* SPDX-License-Identifier: Apache-2.0 */
/* What builds were given so far, and which tags hold some of it. */
#pragma once

#include "base/buf.h"
#include "collector/curate/explain.h"
#include "collector/depot/shelf.h"

#define HISTORY_MAX_TAGS 50u /* shown */

/* Of an edition's note, what a line of the table has. */
struct history_edition {
	int64_t time;
	char etag[DEPOT_ETAG_SIZE];
	bool told; /* what follows is known */
	enum pgo_verdict verdict;
	double coverage;
	int64_t samples;
	size_t bytes;
	double overlap;		      /* of hot calls with the one before; 0: not known */
	char build[CURATE_TEXT_SIZE]; /* the newest in it */
	size_t n_builds;
};

struct history {
	struct history_edition editions[DEPOT_MAX_EDITIONS]; /* the last is first */
	size_t n_editions, more_editions;
	struct depot_pin tags[HISTORY_MAX_TAGS];
	size_t n_tags, more_tags;
};

/* Fill in, edition by edition and tag by tag. 0 or -ENOMEM. */
int history_add_edition(struct history *h, const struct depot_edition *e);
void history_add_tag(struct history *h, const struct depot_pin *pin);

/* @key is what the profile is asked for by. */
void history_write(struct buf *to, const struct history *h, const char *key, int64_t now);
