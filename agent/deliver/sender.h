/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pushes what waits in a lane to its store, some profiles at once, and does with each what the
 * store answers. Every push begins in the timer's handler: so it is never within another call, and
 * one turn of the loop does a bounded amount of work.
 */
#pragma once

#include <sys/queue.h>

#include "agent/deliver/backoff.h"
#include "agent/deliver/shelf.h"
#include "base/loop.h"

/* Under way at once, as far as the store has room. */
#define SENDER_PUSHES 4u

struct sender_rules {
	struct backoff backoff;
	uint32_t max_tries;
};

/* A push under way. */
struct push {
	struct sender *sender;
	struct copy *copy; /* NULL: none */
	struct buf file;
	struct image image;
	char id[UUID_TEXT_SIZE];
	uint8_t *adapted; /* the pprof that is pushed, where it is not the image's */
	uint64_t started;
	uint32_t round; /* the sender's when it began */
};

struct sender {
	TAILQ_ENTRY(sender) in_list;
	struct lane lane;
	struct store *store; /* NULL: not configured any more */
	enum deliver_old old;
	uint64_t max_future;
	struct shelf *shelf;
	const struct sender_rules *rules;
	struct loop_timer timer;
	uint64_t random; /* state of the generator */

	struct push pushes[SENDER_PUSHES];

	bool waiting; /* for the next try */
	bool asked;   /* to wait by the store */
	uint64_t wait_until;
	uint32_t turn;
	uint32_t round; /* ends with a failure */

	bool flushing, stopped;
	bool at_rest; /* flushing, and nothing more to be done */
	void (*on_rest)(void *context);
	void *context;
};

/* 0 or -errno; fine to end in both cases. */
int sender_init(struct sender *s, const char *key, struct shelf *shelf,
		const struct sender_rules *rules, struct loop *loop);
void sender_fini(struct sender *s);

/* Push there from now on; the store before is closed. NULL: nowhere. */
void sender_set_store(struct sender *s, const struct deliver_store *to);

/* There is something in the lane. */
void sender_wake(struct sender *s);

/* Push without waiting, until the lane is empty or the store fails; then, from within the loop,
 * @on_rest. */
void sender_flush(struct sender *s, void (*on_rest)(void *context), void *context);

/* Push no more. */
void sender_stop(struct sender *s);

void sender_counters(const struct sender *s, struct deliver_store_counters *ret);
