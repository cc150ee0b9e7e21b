/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "collector/compact/compact.h"

/* Not lower: who commits does so for all that wait with it (depot.c). */
#define NICE 10

struct compactor {
	struct depot *depot;
	struct compact_options options;
	uint64_t interval;
	compactor_done done;
	void *context;
	pthread_t thread;
	atomic_bool stop;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t stopping;
	struct compact_counts counts;
};

/* A thread's own, as Linux has it: setpriority(2), "C library/kernel differences". */
static void step_back(void)
{
	const struct sched_param none = { 0 };

	sched_setscheduler(0, SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
}

static void pass(struct compactor *c)
{
	struct compact_counts counts;

	compactor_read(c, &counts);
	int r = compact_pass(c->depot, &c->options, (int64_t)clock_realtime(), &c->stop, &counts);
	pthread_mutex_lock(&c->mutex);
	c->counts = counts;
	pthread_mutex_unlock(&c->mutex);
	if (c->done)
		c->done(c->context, &counts, r);
}

static void wait_for_next(struct compactor *c)
{
	const uint64_t until = clock_now(CLOCK_MONOTONIC) + c->interval;
	const struct timespec at = { .tv_sec = (time_t)(until / NSEC_PER_SEC),
				     .tv_nsec = (long)(until % NSEC_PER_SEC) };

	pthread_mutex_lock(&c->mutex);
	while (!atomic_load(&c->stop) &&
	       pthread_cond_timedwait(&c->stopping, &c->mutex, &at) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&c->mutex);
}

static void *run(void *context)
{
	struct compactor *c = context;

	step_back();
	while (!atomic_load(&c->stop)) {
		pass(c);
		wait_for_next(c);
	}
	return NULL;
}

int compactor_start(struct depot *d, const struct compact_options *options, uint64_t interval,
		    compactor_done done, void *context, struct compactor **ret_compactor)
{
	struct compactor *c = calloc(1, sizeof(*c));
	pthread_condattr_t attributes;

	if (!c)
		return -ENOMEM;
	c->depot = d;
	c->options = *options;
	c->interval = interval;
	c->done = done;
	c->context = context;
	pthread_mutex_init(&c->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&c->stopping, &attributes);
	pthread_condattr_destroy(&attributes);
	int r = pthread_create(&c->thread, NULL, run, c);
	if (r != 0) {
		free(c);
		return -r;
	}
	*ret_compactor = c;
	return 0;
}

struct compactor *compactor_stop(struct compactor *c)
{
	if (!c)
		return NULL;
	pthread_mutex_lock(&c->mutex);
	atomic_store(&c->stop, true);
	pthread_cond_broadcast(&c->stopping);
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->stopping);
	pthread_mutex_destroy(&c->mutex);
	free(c);
	return NULL;
}

void compactor_read(struct compactor *c, struct compact_counts *ret_counts)
{
	pthread_mutex_lock(&c->mutex);
	*ret_counts = c->counts;
	pthread_mutex_unlock(&c->mutex);
}
