/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads, one lock, two eventfds. The owner leaves orders (profiles, "other stores", "flush",
 * "count", "end") and rings; the thread leaves answers and rings back. Nothing that may wait for a
 * disk is done with the lock held.
 *
 * The thread takes one order in a turn of its loop, so that pushes get their turns, too.
 */
#include "agent/courier_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/clock.h"

/* How long the owner waits for numbers; the ring holds the samples of seconds. */
#define COUNT_PATIENCE (100 * NSEC_PER_MSEC)
/* For the thread to come to its end when no disk holds it. */
#define END_PATIENCE NSEC_PER_SEC
/* Of the time for a flush: what the thread leaves, so that it is heard before the owner gives up.
 */
#define FLUSH_MARGIN (200 * NSEC_PER_MSEC)
/* A disk that takes this long for a profile is told of. */
#define STUCK_AFTER (5 * NSEC_PER_SEC)

/* As agent/deliver has it, where the configuration does not say. */
#define DEFAULT_MEMORY (8u << 20)

static uint64_t oldest(const struct courier *c)
{
	const struct parcel *p = STAILQ_FIRST(&c->parcels);

	return p ? clock_monotonic() - p->since : 0;
}

/* Once for each time that it hangs. */
static void tell_if_stuck(struct courier *c, uint64_t age, uint64_t waiting)
{
	if (age > STUCK_AFTER && !c->told)
		log_warning(&c->owners, "the disk hangs: profiles wait in memory",
			    log_u64("waiting", waiting), log_seconds("since", age));
	else if (!age && c->told)
		log_info(&c->owners, "the disk takes profiles again");
	if (!age || age > STUCK_AFTER)
		c->told = age != 0;
}

static bool add(struct courier *c, struct parcel *p)
{
	pthread_mutex_lock(&c->lock);
	uint64_t age = oldest(c), waiting = c->n_parcels;
	bool fits = parcel_bytes(p) <= c->max_bytes - c->bytes;
	if (fits) {
		STAILQ_INSERT_TAIL(&c->parcels, p, next);
		c->n_parcels++;
		c->bytes += parcel_bytes(p);
	} else {
		c->refused++;
	}
	pthread_mutex_unlock(&c->lock);
	tell_if_stuck(c, age, waiting);
	return fits;
}

int courier_submit(struct courier *c, const struct harvested *profile, uint8_t **pprof,
		   struct labels *labels)
{
	struct parcel *p = malloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	*p = (struct parcel){
		.profile = *profile,
		.labels = *labels,
		.pprof = TAKE_PTR(*pprof),
		.since = clock_monotonic(),
	};
	*labels = (struct labels)LABELS_NULL;
	p->profile.labels = &p->labels;
	if (add(c, p))
		courier_ring(&c->orders);
	else
		parcel_free(p);
	return 0;
}

void courier_reload(struct courier *c, const struct agent_config *config, const struct log *log,
		    courier_reloaded done, void *context)
{
	c->on_reloaded = done;
	c->reload_context = context;
	c->owners.format = log->format;
	c->owners.level = log->level;
	pthread_mutex_lock(&c->lock);
	c->config = config;
	c->config_log = *log;
	c->reload = WISH_WANTED;
	pthread_mutex_unlock(&c->lock);
	courier_ring(&c->orders);
}

int courier_flush(struct courier *c, uint64_t timeout, courier_flushed done, void *context)
{
	uint64_t margin = timeout > 2 * FLUSH_MARGIN ? FLUSH_MARGIN : 0;

	c->on_flushed = done;
	c->flush_context = context;
	pthread_mutex_lock(&c->lock);
	c->flush_until = clock_monotonic() + timeout - margin;
	c->flush = WISH_WANTED;
	pthread_mutex_unlock(&c->lock);
	courier_ring(&c->orders);
	return loop_timer_set(&c->patience, timeout ? timeout : 1, 0);
}

static void end_flush(struct courier *c, const struct courier_rest *rest)
{
	courier_flushed done = c->on_flushed;

	c->on_flushed = NULL;
	loop_timer_set(&c->patience, 0, 0);
	if (done)
		done(c->flush_context, rest);
}

/* It did not answer in time. */
static int on_patience(struct loop_timer *timer)
{
	struct courier *c = container_of(timer, struct courier, patience);
	struct courier_rest rest = { .stuck = true };

	c->gave_up = true;
	pthread_mutex_lock(&c->lock);
	rest.lost = c->n_parcels;
	pthread_mutex_unlock(&c->lock);
	end_flush(c, &rest);
	return 0;
}

static int on_answer(struct loop_source *source, uint32_t events)
{
	struct courier *c = container_of(source, struct courier, answers);

	(void)events;
	courier_silence(&c->answers);
	pthread_mutex_lock(&c->lock);
	int failure = c->failure, outcome = c->reload_outcome;
	bool reloaded = c->reload == WISH_DONE, flushed = c->flush == WISH_DONE;
	struct courier_rest rest = c->rest;
	if (reloaded)
		c->reload = WISH_NONE;
	if (flushed)
		c->flush = WISH_NONE;
	pthread_mutex_unlock(&c->lock);
	if (failure == 0 && flushed)
		end_flush(c, &rest);
	if (failure == 0 && reloaded)
		failure = c->on_reloaded(c->reload_context, outcome);
	return failure;
}

/* Not again where an answer is still out: it hangs. */
static void wait_for_count(struct courier *c)
{
	uint64_t until = clock_monotonic() + COUNT_PATIENCE;
	const struct timespec at = { .tv_sec = (time_t)(until / NSEC_PER_SEC),
				     .tv_nsec = (long)(until % NSEC_PER_SEC) };

	if (c->count_wanted || !c->runs)
		return;
	c->count_wanted = true;
	courier_ring(&c->orders);
	while (c->count_wanted && pthread_cond_timedwait(&c->counted, &c->lock, &at) == 0)
		;
}

int courier_count(struct courier *c, struct courier_counters *ret,
		  struct deliver_counters *ret_deliver, struct deliver_store_counters **ret_stores)
{
	pthread_mutex_lock(&c->lock);
	wait_for_count(c);
	size_t size = c->deliver.n_stores * sizeof(**ret_stores);
	*ret = (struct courier_counters){
		.waiting = c->n_parcels,
		.waiting_bytes = c->bytes,
		.oldest = oldest(c),
		.refused = c->refused,
		.log_dropped = c->log_dropped + c->owners.dropped,
	};
	*ret_deliver = c->deliver;
	*ret_stores = malloc(size);
	if (*ret_stores && size)
		memcpy(*ret_stores, c->stores, size);
	pthread_mutex_unlock(&c->lock);
	return *ret_stores ? 0 : -ENOMEM;
}

/* ---- beginning and end -------------------------------------------------------------------- */

static int open_bell(struct loop *loop, struct loop_source *bell, loop_handler handler)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	int r = loop_add(loop, bell, fd, EPOLLIN, handler);
	bell->fd = fd; /* to be closed in any case */
	return r;
}

static void close_bell(struct loop_source *bell)
{
	int fd = bell->fd;

	loop_remove(bell);
	closep(&fd);
}

static int open_lock(struct courier *c)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	int r = -pthread_cond_init(&c->counted, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return r;
}

static int open_all(struct courier *c, const struct agent_config *config, struct loop *loop)
{
	int r = open_lock(c);

	if (r == 0)
		r = loop_init(&c->loop);
	if (r == 0)
		r = open_bell(&c->loop, &c->orders, courier_on_order);
	if (r == 0)
		r = open_bell(loop, &c->answers, on_answer);
	if (r == 0)
		r = loop_timer_init(&c->patience, loop, on_patience);
	if (r == 0)
		r = outbox_open(&c->outbox, config, &c->loop, &c->log);
	if (r == 0)
		courier_take_count(c);
	return r;
}

int courier_open(const struct agent_config *config, struct loop *loop, const struct log *log,
		 struct courier **ret_courier)
{
	struct courier *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct courier){
		.loop = LOOP_NULL,
		.orders = LOOP_SOURCE_NULL,
		.answers = LOOP_SOURCE_NULL,
		.patience = LOOP_TIMER_NULL,
		.log = *log,
		.owners = *log,
		.max_bytes = config->spool.memory ? config->spool.memory : DEFAULT_MEMORY,
	};
	STAILQ_INIT(&c->parcels);
	int r = open_all(c, config, loop);
	if (r == 0)
		*ret_courier = c;
	else
		courier_close(c);
	return r;
}

int courier_start(struct courier *c)
{
	int r = -pthread_create(&c->thread, NULL, courier_run, c);

	c->runs = r == 0;
	if (c->runs)
		pthread_setname_np(c->thread, "deliver");
	return r;
}

/* Whether it came to its end. */
static bool end(struct courier *c)
{
	uint64_t until = clock_realtime() + (c->gave_up ? 0 : END_PATIENCE);
	const struct timespec at = { .tv_sec = (time_t)(until / NSEC_PER_SEC),
				     .tv_nsec = (long)(until % NSEC_PER_SEC) };

	if (!c->runs)
		return true;
	pthread_mutex_lock(&c->lock);
	c->end = true;
	pthread_mutex_unlock(&c->lock);
	courier_ring(&c->orders);
	return pthread_timedjoin_np(c->thread, NULL, &at) == 0;
}

struct courier *courier_close(struct courier *c)
{
	struct parcel *p;

	if (!c)
		return NULL;
	loop_timer_fini(&c->patience);
	if (!end(c)) {
		loop_remove(&c->answers);
		return NULL;
	}
	close_bell(&c->answers);
	outbox_close(&c->outbox);
	close_bell(&c->orders);
	loop_fini(&c->loop);
	while ((p = STAILQ_FIRST(&c->parcels))) {
		STAILQ_REMOVE_HEAD(&c->parcels, next);
		parcel_free(p);
	}
	free(c->stores);
	pthread_cond_destroy(&c->counted);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}
