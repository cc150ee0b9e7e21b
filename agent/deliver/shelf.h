/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where profiles wait: on disk, or in memory where the disk does not take them, within the caps of
 * space, number and age. Joins the table (queue.h) to the folder (spool.h).
 */
#pragma once

#include "agent/deliver/image.h"
#include "agent/deliver/queue.h"
#include "agent/deliver/report.h"
#include "agent/deliver/spool.h"

/* Stores, and folders of stores that are not configured any more. */
#define SHELF_MAX_LANES 32u

struct shelf {
	char *path; /* of the spool; NULL: in memory only */
	struct spool spool;
	struct queue queue;
	struct lane *lanes[SHELF_MAX_LANES]; /* all there are */
	uint32_t n_lanes;
	uint64_t next_sequence;
	uint64_t max_bytes, max_memory, max_age;
	uint32_t max_items;
	bool failing;	   /* the disk does not take profiles */
	uint64_t retry_at; /* boot clock: not to be asked before, when failing */
	const struct report *report;
	struct report_limits limits;
	struct deliver_counters counters; /* those that only grow */
};

enum shelf_outcome {
	SHELF_E_MEMORY = 1, /* added, but to memory only, as the disk failed */
	SHELF_E_NO_ROOM,    /* not added */
	SHELF_E_DAMAGED,    /* the file is not what was written */
	SHELF_E_LOST,	    /* the file is gone or cannot be read */
};

/* Fill in the caps, then open. A disk that fails is no error. 0; a spool_outcome; -errno. */
int shelf_open(struct shelf *s, const char *path, const struct report *report);
void shelf_close(struct shelf *s);

/* Have @lane as one that profiles can wait in; borrowed until the shelf is closed. 0,
 * SHELF_E_NO_ROOM when there are too many. */
int shelf_attach(struct shelf *s, struct lane *lane);

/* No longer; nothing waits in it. Its folder goes if it is empty, and something was ever in it:
 * else it may be somebody else's. */
void shelf_detach(struct shelf *s, struct lane *lane);

/* Take up what the attached lanes have on disk. Once, before anything is added. 0 or -ENOMEM. */
int shelf_recover(struct shelf *s);

/*
 * Keep @image for these lanes. @sequence 0: the next one. 0, SHELF_E_MEMORY, SHELF_E_NO_ROOM,
 * -E2BIG, -EINVAL, -ENOMEM.
 */
int shelf_add(struct shelf *s, const struct image *image, uint64_t sequence,
	      struct lane *const *lanes, uint32_t n_lanes);

/*
 * The image of what @copy stands for, checked: in @file, which it is read to, or in the item's own
 * memory. Good while @copy is busy and @file stays. 0, SHELF_E_DAMAGED,
 * SHELF_E_LOST, or -errno for what may be better the next time.
 */
int shelf_load(const struct shelf *s, const struct copy *copy, struct buf *file,
	       struct image *ret_image);

/* The store has it. */
void shelf_done(struct shelf *s, struct copy *copy);

/* Pieces that were added stand for it from now on, also after a power cut. */
void shelf_replaced(struct shelf *s, struct copy *copy);

/* The store never will have it: count it, tell the owner. @answer may be NULL. */
void shelf_drop(struct shelf *s, struct copy *copy, enum deliver_reason reason,
		const struct store_result *answer);

/* Drop the whole item: its copies for all stores. It must be idle. */
void shelf_drop_item(struct shelf *s, struct item *item, enum deliver_reason reason);

/* Drop what is too old, bring to disk what waits in memory: some of it. Whether there is more to be
 * done right now. */
bool shelf_tend(struct shelf *s);

/* Bring what waits in memory to disk, as much as the disk takes; stop after @budget ns. */
void shelf_settle(struct shelf *s, uint64_t budget);

/* For how long it waits already, in ns. */
uint64_t shelf_age(const struct shelf *s, const struct item *item);
