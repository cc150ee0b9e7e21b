/* SPDX-License-Identifier: Apache-2.0 */
/* What most tests of the room need: a loop, a folder, clocks that are set, a store, and deliver. */
#pragma once

#include "agent/deliver/deliver.h"
#include "base/clock.h"
#include "base/loop.h"
#include "fake-store.h"

#define WORLD_WALL (1700000000 * NSEC_PER_SEC) /* the time of day at the start */

struct world {
	struct loop loop;
	struct loop_timer guard;
	char folder[64]; /* the spool's is below it */
	char spool[96];
	uint64_t boot, wall; /* what the clocks say */
	struct deliver *deliver;
	struct store *stores[3]; /* of deliver */
	uint32_t n_stores;
	struct deliver_options options; /* for the next world_open() */
	enum deliver_old old;
	uint64_t max_future;
	uint32_t n_events[DELIVER_EVENT_N];
	struct deliver_event event; /* the last, .text and so on in: */
	char event_text[256], event_store[64], event_id[40];
};

int world_setup(void **state);
int world_teardown(void **state);

/* Open with @n stores, "a", "b" and "c". Answers what deliver_open() does. */
int world_try_open(struct world *w, uint32_t n);
void world_open(struct world *w, uint32_t n);

/* As when the process is killed: nothing is written any more. */
void world_kill(struct world *w);

/* Profile number @n has the id of that number and the pprof "profile N". */
int world_submit(struct world *w, uint32_t n);
const char *world_id(uint32_t n); /* good until the next call */

/* Run the loop until @holds does. What never does is ended by a guard, and the test fails. */
void world_run_until(struct world *w, bool (*holds)(struct world *w));

/* Conditions. */
bool world_is_idle(struct world *w);	/* no store has anything pending */
bool world_has_failed(struct world *w); /* store a has failed since the last success */

struct deliver_counters world_counters(const struct world *w);
/* Of the store @key; checks that the sum is right. */
struct deliver_store_counters world_store(const struct world *w, const char *key);

/* Files in the spool's folder of the store @key. */
uint32_t world_files(const struct world *w, const char *key);
/* Path of the one file there. */
const char *world_file(const struct world *w, const char *key);
