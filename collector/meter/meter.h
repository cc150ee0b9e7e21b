/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector counts of itself. By any thread, without locks; never reset.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/* Of a request, by its address. Whatever else is asked for is METER_OTHER: a client cannot make
 * series. */
enum meter_route {
	METER_PUSH,
	METER_INGEST,
	METER_PROFILES,
	METER_QUERY,
	METER_PGO,
	METER_METRICS,
	METER_HEALTH,
	METER_PAGES,
	METER_OTHER,
	METER_N_ROUTES,
};

struct meter_request {
	enum meter_route route;
	unsigned int status;   /* of HTTP */
	size_t received, sent; /* bytes of the bodies */
	uint64_t duration;     /* ns */
};

struct meter;

struct meter *meter_new(void); /* NULL: no memory */
struct meter *meter_free(struct meter *m);

void meter_request(struct meter *m, const struct meter_request *r);

/* Profiles that came and were kept, and of which one is there already. */
void meter_stored(struct meter *m, size_t added, size_t duplicate);

/* A request with profiles was refused. @reason: a constant, one of a few. */
void meter_refused(struct meter *m, const char *reason);

/* What came in since the start. */
#define METER_MAX_REASONS 16u
struct meter_intake {
	uint64_t stored, duplicate; /* profiles */
	struct {
		const char *reason; /* constant */
		uint64_t n;	    /* requests */
	} refused[METER_MAX_REASONS];
	size_t n_refused;
};

void meter_intake(struct meter *m, struct meter_intake *ret_intake);

/* In Prometheus' text format, all names beginning with hone_collector_. */
void meter_print(struct meter *m, struct buf *to);
