/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few profiles on their way from the depot to another store at the same time. Grafana Pyroscope
 * answers when the segment is written that a profile went into, twice a second, so that one after
 * the other would be two profiles a second.
 */
#pragma once

#include "base/buf.h"
#include "collector/depot/replay.h"
#include "store/store.h"

#define EXPORT_BATCH STORE_MAX_PUSHES

enum export_batch_outcome {
	EXPORT_BATCH_E_BROKEN = 1, /* this is no profile */
};

struct export_item {
	int64_t row; /* id in the depot */
	struct store_profile profile;
	struct store_result result;
	/* what .profile points to */
	char id[40];
	struct store_label labels[DEPOT_MAX_LABELS];
	struct buf text;
	uint8_t *pprof;
	char service[64]; /* to be told of, as much as there is room for */
};

struct export_batch {
	struct export_item items[EXPORT_BATCH];
	size_t n;
	struct loop *loop;  /* borrowed */
	uint32_t under_way; /* while they are pushed */
};

/*
 * One more, as stores take it: a profile that does not say when it began says so, for a store would
 * take the time of the push; and with @escape names of generic functions are escaped (store.h).
 * There is room. 0, EXPORT_BATCH_E_BROKEN or -errno; but for 0 the batch is as it was.
 */
int export_batch_add(struct export_batch *b, const struct depot_replayed *one, bool escape);

/*
 * Push all to @s, as many at once as it takes: a directory takes one. What it cannot take now is
 * tried again, each time after twice the time, for a minute. 0, and each .result tells, or -errno.
 */
int export_batch_push(struct export_batch *b, struct store *s);

/* None is in it. */
void export_batch_clear(struct export_batch *b);
