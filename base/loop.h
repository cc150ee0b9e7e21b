/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoll event loop. Sources, timers and signals are embedded in their owners, who get
 * back to themselves with container_of(); nothing is allocated, nothing is global.
 *
 *	static int on_pipe(struct loop_source *source, uint32_t events)
 *	{
 *		struct owner *o = container_of(source, struct owner, pipe);
 *		...
 *	}
 *
 * A handler answers 0, or a negative errno that ends loop_run() with that error. It may add and
 * remove any source, its own included, and free the owner of what it removed: events are fetched
 * one at a time, so none can be pending for a source that is gone.
 *
 * An owner that closes its fd removes the source first.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct loop {
	int fd;
	bool quit;
};

#define LOOP_NULL        \
	{                \
		.fd = -1 \
	}

int loop_init(struct loop *l);
void loop_fini(struct loop *l);

/* Dispatch until loop_quit(). 0, or what a handler failed with. Can be run again. */
int loop_run(struct loop *l);

/* Make loop_run() return 0 once the current handler is done. */
static inline void loop_quit(struct loop *l)
{
	l->quit = true;
}

struct loop_source;

/* @events: EPOLLIN, EPOLLHUP and so on. */
typedef int (*loop_handler)(struct loop_source *source, uint32_t events);

struct loop_source {
	struct loop *loop; /* NULL: not added */
	int fd;		   /* the owner's */
	loop_handler handler;
};

#define LOOP_SOURCE_NULL \
	{                \
		.fd = -1 \
	}

/* Watch @fd for @events (level-triggered). 0, or -errno of epoll_ctl(2). */
int loop_add(struct loop *l, struct loop_source *source, int fd, uint32_t events,
	     loop_handler handler);

/* Watch no longer. Does nothing for a source that was not added. */
void loop_remove(struct loop_source *source);

struct loop_timer;
typedef int (*loop_timer_handler)(struct loop_timer *timer);

struct loop_timer {
	struct loop_source source;
	loop_timer_handler handler;
};

#define LOOP_TIMER_NULL                    \
	{                                  \
		.source = LOOP_SOURCE_NULL \
	}

/* A timer on CLOCK_MONOTONIC, not yet running. */
int loop_timer_init(struct loop_timer *timer, struct loop *l, loop_timer_handler handler);
void loop_timer_fini(struct loop_timer *timer);

/*
 * Fire @first ns from now and then every @interval ns. @first 0 stops the timer, @interval 0 fires
 * once. Expirations that were missed count as one.
 */
int loop_timer_set(struct loop_timer *timer, uint64_t first, uint64_t interval);

struct loop_signals;
typedef int (*loop_signals_handler)(struct loop_signals *signals, int number);

struct loop_signals {
	struct loop_source source;
	sigset_t before; /* the thread's mask before loop_signals_init() */
	loop_signals_handler handler;
};

#define LOOP_SIGNALS_NULL                  \
	{                                  \
		.source = LOOP_SOURCE_NULL \
	}

/*
 * Take the signals of @set as events: they are blocked in this thread (and in threads and children
 * it starts from now on) until loop_signals_fini() puts the mask back.
 */
int loop_signals_init(struct loop_signals *signals, struct loop *l, const sigset_t *set,
		      loop_signals_handler handler);
void loop_signals_fini(struct loop_signals *signals);
