/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/meter/meter.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exposition.h"

#define PREFIX	   "hone_collector_"
#define MIN_STATUS 100u
#define MAX_STATUS 599u

static const char *const routes[METER_N_ROUTES] = {
	[METER_PUSH] = "push",	   [METER_INGEST] = "ingest", [METER_PROFILES] = "profiles",
	[METER_QUERY] = "query",   [METER_PGO] = "pgo",	      [METER_METRICS] = "metrics",
	[METER_HEALTH] = "health", [METER_PAGES] = "pages",   [METER_OTHER] = "other",
};

/* Upper bounds of the classes of durations. */
static const uint64_t bounds[] = {
	NSEC_PER_MSEC,	    5 * NSEC_PER_MSEC,	 10 * NSEC_PER_MSEC,
	50 * NSEC_PER_MSEC, 100 * NSEC_PER_MSEC, NSEC_PER_SEC / 2,
	NSEC_PER_SEC,	    5 * NSEC_PER_SEC,	 30 * NSEC_PER_SEC,
};

struct route_counts {
	atomic_uint_fast64_t received, sent, duration;
	atomic_uint_fast64_t statuses[MAX_STATUS - MIN_STATUS + 1];
	atomic_uint_fast64_t classes[ARRAY_SIZE(bounds) + 1];
};

struct meter {
	struct route_counts routes[METER_N_ROUTES];
	atomic_uint_fast64_t stored, duplicate;
	struct {
		_Atomic(const char *) name;
		atomic_uint_fast64_t n;
	} refused[METER_MAX_REASONS];
};

struct meter *meter_new(void)
{
	return calloc(1, sizeof(struct meter));
}

struct meter *meter_free(struct meter *m)
{
	free(m);
	return NULL;
}

static void add(atomic_uint_fast64_t *to, uint64_t n)
{
	atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static uint64_t get(atomic_uint_fast64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

void meter_request(struct meter *m, const struct meter_request *r)
{
	struct route_counts *c = &m->routes[r->route];
	size_t class = 0;

	while (class < ARRAY_SIZE(bounds) && r->duration > bounds[class])
		class ++;
	add(&c->classes[class], 1);
	add(&c->received, r->received);
	add(&c->sent, r->sent);
	add(&c->duration, r->duration);
	if (r->status >= MIN_STATUS && r->status <= MAX_STATUS)
		add(&c->statuses[r->status - MIN_STATUS], 1);
}

void meter_stored(struct meter *m, size_t added, size_t duplicate)
{
	add(&m->stored, added);
	add(&m->duplicate, duplicate);
}

void meter_refused(struct meter *m, const char *reason)
{
	for (size_t i = 0; i < METER_MAX_REASONS; i++) {
		const char *free_one = NULL;

		if (atomic_compare_exchange_strong(&m->refused[i].name, &free_one, reason) ||
		    !strcmp(free_one, reason)) {
			add(&m->refused[i].n, 1);
			return;
		}
	}
}

void meter_intake(struct meter *m, struct meter_intake *ret_intake)
{
	*ret_intake = (struct meter_intake){ get(&m->stored), get(&m->duplicate) };
	for (size_t i = 0; i < METER_MAX_REASONS; i++) {
		const char *reason = atomic_load(&m->refused[i].name);

		if (!reason)
			return;
		ret_intake->refused[i].reason = reason;
		ret_intake->refused[i].n = get(&m->refused[i].n);
		ret_intake->n_refused = i + 1;
	}
}

/* ---- as text ----------------------------------------------------------------------------- */

static void put_statuses(struct meter *m, struct buf *to)
{
	exposition_head(to, PREFIX "requests_total", "counter", "Requests answered.");
	for (size_t i = 0; i < METER_N_ROUTES; i++)
		for (unsigned int s = MIN_STATUS; s <= MAX_STATUS; s++) {
			uint64_t n = get(&m->routes[i].statuses[s - MIN_STATUS]);

			if (n)
				buf_printf(to,
					   PREFIX
					   "requests_total{route=\"%s\",code=\"%u\"} %" PRIu64 "\n",
					   routes[i], s, n);
		}
}

static void put_sizes(struct meter *m, struct buf *to)
{
	exposition_head(to, PREFIX "request_bytes_total", "counter",
			"Bytes of the bodies of requests.");
	for (size_t i = 0; i < METER_N_ROUTES; i++)
		buf_printf(to, PREFIX "request_bytes_total{route=\"%s\"} %" PRIu64 "\n", routes[i],
			   get(&m->routes[i].received));
	exposition_head(to, PREFIX "answer_bytes_total", "counter",
			"Bytes of the bodies of answers.");
	for (size_t i = 0; i < METER_N_ROUTES; i++)
		buf_printf(to, PREFIX "answer_bytes_total{route=\"%s\"} %" PRIu64 "\n", routes[i],
			   get(&m->routes[i].sent));
}

static void put_duration(struct route_counts *c, const char *route, struct buf *to)
{
	uint64_t n = 0;

	for (size_t k = 0; k <= ARRAY_SIZE(bounds); k++) {
		n += get(&c->classes[k]);
		buf_printf(to, PREFIX "request_duration_seconds_bucket{route=\"%s\",le=\"", route);
		if (k < ARRAY_SIZE(bounds))
			buf_printf(to, "%g", (double)bounds[k] / (double)NSEC_PER_SEC);
		else
			buf_append_text(to, "+Inf");
		buf_printf(to, "\"} %" PRIu64 "\n", n);
	}
	buf_printf(to, PREFIX "request_duration_seconds_sum{route=\"%s\"} %.9f\n", route,
		   (double)get(&c->duration) / (double)NSEC_PER_SEC);
	buf_printf(to, PREFIX "request_duration_seconds_count{route=\"%s\"} %" PRIu64 "\n", route,
		   n);
}

static void put_profiles(struct meter *m, struct buf *to)
{
	exposition_head(to, PREFIX "profiles_total", "counter",
			"Profiles that came and were valid, by what became of them.");
	buf_printf(to, PREFIX "profiles_total{result=\"stored\"} %" PRIu64 "\n", get(&m->stored));
	buf_printf(to, PREFIX "profiles_total{result=\"duplicate\"} %" PRIu64 "\n",
		   get(&m->duplicate));
	exposition_head(to, PREFIX "refused_total", "counter",
			"Requests with profiles that were refused, nothing of them being kept.");
	for (size_t i = 0; i < METER_MAX_REASONS; i++) {
		const char *name = atomic_load(&m->refused[i].name);

		if (name)
			buf_printf(to, PREFIX "refused_total{reason=\"%s\"} %" PRIu64 "\n", name,
				   get(&m->refused[i].n));
	}
}

void meter_print(struct meter *m, struct buf *to)
{
	put_statuses(m, to);
	put_sizes(m, to);
	exposition_head(to, PREFIX "request_duration_seconds", "histogram",
			"From the end of a request's header to the end of its answer.");
	for (size_t i = 0; i < METER_N_ROUTES; i++)
		put_duration(&m->routes[i], routes[i], to);
	put_profiles(m, to);
}
