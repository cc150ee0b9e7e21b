/* SPDX-License-Identifier: Apache-2.0 */
/* What the two sides of agent/courier.h share, and the thread's side. */
#pragma once

#include <pthread.h>
#include <sys/queue.h>

#include "agent/courier.h"
#include "agent/outbox.h"

struct parcel {
	STAILQ_ENTRY(parcel) next;
	struct harvested profile;
	struct labels labels;
	uint8_t *pprof;
	uint64_t since; /* CLOCK_MONOTONIC, ns */
};

STAILQ_HEAD(parcels, parcel);

enum wish { WISH_NONE, WISH_WANTED, WISH_UNDER_WAY, WISH_DONE };

struct courier {
	/* the thread's, once it runs */
	struct outbox outbox;
	struct loop loop;
	struct loop_source orders;
	struct log log;

	/* the owner's */
	pthread_t thread;
	bool runs;
	bool told;    /* that it is stuck */
	bool gave_up; /* waiting for it, at the end */
	struct loop_source answers;
	struct loop_timer patience; /* with a flush */
	uint64_t max_bytes;
	courier_reloaded on_reloaded;
	void *reload_context;
	courier_flushed on_flushed; /* NULL: none under way */
	void *flush_context;
	struct log owners; /* a log for what the owner's side tells */

	pthread_mutex_t lock;
	pthread_cond_t counted;
	/* under it */
	struct parcels parcels; /* the one in hand included */
	uint64_t n_parcels, bytes, refused;
	bool count_wanted;
	struct deliver_counters deliver; /* as counted last */
	struct deliver_store_counters *stores;
	uint64_t log_dropped;
	enum wish reload, flush;
	const struct agent_config *config; /* to be reloaded */
	struct log config_log;
	int reload_outcome;
	uint64_t flush_until;
	struct courier_rest rest;
	bool end;
	int failure; /* of the thread's loop */
};

static inline struct parcel *parcel_free(struct parcel *p)
{
	if (!p)
		return NULL;
	free(p->pprof);
	labels_fini(&p->labels);
	free(p);
	return NULL;
}

static inline uint64_t parcel_bytes(const struct parcel *p)
{
	return sizeof(*p) + p->profile.pprof.size + p->labels.text.size;
}

/* To the other side: there is something for you; and: heard. */
void courier_ring(const struct loop_source *bell);
void courier_silence(const struct loop_source *bell);

/* The thread's, to its end. @context is the struct courier. */
void *courier_run(void *context);

/* Of .orders. */
int courier_on_order(struct loop_source *source, uint32_t events);

/* Take the numbers of delivery down. */
void courier_take_count(struct courier *c);
