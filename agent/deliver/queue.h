/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in the spool, as a table in memory: profiles (items), and for each store a lane of
 * references to those that it has not got (copies), both in the order of their sequence numbers. No
 * disk, no clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/deliver/deliver.h"
#include "agent/deliver/report.h"
#include "agent/deliver/spool.h"

struct copy;
TAILQ_HEAD(copy_list, copy);

/* A profile that some store has not got. */
struct item {
	TAILQ_ENTRY(item) in_queue;
	struct copy_list copies; /* never empty while it is in the queue */
	struct spool_name name;
	struct uuid parent; /* nil: not a piece */
	int64_t born;	    /* when it was accepted, on the boot clock; below 0: before the boot */
	uint64_t time;	    /* of the profile, since the epoch */
	uint64_t raw_size;
	uint32_t n_samples;
	uint32_t size;	 /* of the image */
	uint8_t *memory; /* the image; NULL: it is on disk */
};

/* That one store has not got one profile. */
struct copy {
	TAILQ_ENTRY(copy) of_item, in_lane;
	struct item *item;
	struct lane *lane;
	bool busy;		   /* is being pushed, and not to be dropped */
	uint32_t tries;		   /* that the store failed at */
	uint64_t delivered_before; /* by the lane, at the first of these tries */
};

/* What one store has not got. */
struct lane {
	struct copy_list copies;
	char folder[SPOOL_FOLDER_SIZE];
	int dir; /* the folder; -1: none */
	struct deliver_store_counters counters;
	struct report_limits limits;
};

struct queue {
	TAILQ_HEAD(item_list, item) items;
	uint32_t n_items, n_copies;
	uint64_t files, files_bytes;
	uint64_t in_memory, memory_bytes;
};

void queue_init(struct queue *q);
/* Forget all; files stay. */
void queue_fini(struct queue *q);

void lane_init(struct lane *lane, const char *key);

/* Put @item, which becomes the queue's, in its place, for the lanes given. 0 or -ENOMEM: it is
 * still the caller's. */
int queue_add(struct queue *q, struct item *item, struct lane *const *lanes, uint32_t n_lanes);

/* One more lane for an item that is in the queue. */
int queue_add_copy(struct queue *q, struct item *item, struct lane *lane);

/* The store has it, or never will. The item goes with its last copy. */
void queue_remove(struct queue *q, struct copy *copy);

/* The item's image is in @memory (from malloc()) from now on, or, NULL, on disk. */
void queue_move(struct queue *q, struct item *item, uint8_t *memory);

/* Whether none of its copies is being pushed. */
bool item_is_idle(const struct item *item);

enum queue_place {
	QUEUE_ANYWHERE,
	QUEUE_ON_DISK,
	QUEUE_IN_MEMORY,
};

/* The first in order that is there and idle; or NULL. */
struct item *queue_oldest(const struct queue *q, enum queue_place place);

struct item *item_free(struct item *item);
