/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered to which request. Called by several threads at once. */
#pragma once

#include "collector/collector.h"
#include "collector/ingest/refusal.h"

/* struct http_handlers, .answer: @context is a struct collector. */
void routes_answer(void *context, const struct http_request *r, struct http_answer *ret_answer);

/* .admit: may it be asked at all? Keeps the tenant. */
bool routes_admit(void *context, struct http_request *r, struct http_answer *ret_refusal);

/* .refuse: as Connect has it, where its clients ask. */
void routes_refuse(void *context, const struct http_request *r, unsigned int status,
		   const char *why, struct http_answer *ret_refusal);

/* The tenant of a request, that of its token or its X-Scope-OrgID. Without one "anonymous". */
const char *route_tenant(const struct http_request *r);

/* Ways in: push.v1.PusherService/Push, /ingest, /profiles. */
void route_push(struct collector *c, const struct http_request *r, struct http_answer *a);
void route_ingest(struct collector *c, const struct http_request *r, struct http_answer *a);
void route_profiles(struct collector *c, const struct http_request *r, struct http_answer *a);

/* The way out: /pgo/NAME, with any method. */
void route_pgo(struct collector *c, const struct http_request *r, const char *name,
	       struct http_answer *a);

/* querier.v1.QuerierService. */
void route_query(struct collector *c, const struct http_request *r, const char *call,
		 struct http_answer *a);

/* /metrics */
void route_metrics(struct collector *c, const struct http_request *r, struct http_answer *a);
enum meter_route route_meter(const char *method, const char *path);

/* A refusal as Connect has it: JSON with a code and a message. */
void route_refuse(struct http_answer *a, const struct refusal *why);

/* 405; the two methods that there are. */
void route_refuse_method(const struct http_request *r, const char *one, const char *other,
			 struct http_answer *a);

/* The answer to a failure of ours; the log says which. */
void route_fail(struct collector *c, struct http_answer *a, const char *what, int error);

/* Pages and what belongs to them. False: @r asks for something else. */
bool route_web(struct collector *c, const struct http_request *r, struct http_answer *a);

/* Is it of this Content-Type? Parameters behind it, as ;charset=utf-8, make no difference. */
bool route_has_type(const struct http_request *r, const char *type);

/* Is it of a version that is known? Here and below: 0, INGEST_E_REFUSED or -errno. */
int route_check_protocol(const struct http_request *r, struct refusal *why);

/*
 * Its body, uncompressed: then of @limit bytes at most and in *ret_memory, which is the caller's,
 * and @turn is taken where it is large. Otherwise it is the request's.
 */
int route_read_body(const struct http_request *r, size_t limit, struct turn *turn,
		    uint8_t **ret_memory, struct span *ret_body, struct refusal *why);

/* Compress the body, if it is worth it and the client takes it so. */
bool route_takes_gzip(const struct http_request *r);
void route_compress(const struct http_request *r, struct http_answer *a);
