/* SPDX-License-Identifier: Apache-2.0 */
/* What the routes of /pgo/ share. */
#pragma once

#include "collector/routes.h"

/*
 * What curate_make() gives, if it is good enough or @any. False: the answer says why not.
 */
bool route_pgo_make(struct collector *c, const struct curate_request *request, bool any,
		    struct curate_result *ret_result, struct http_answer *a);

/*
 * ?mode=; "" is none. What is longer than the name that is kept of a mode would be a line of its
 * own (collector/depot/shelf.h) for each of its endings: *ret_why, of 64 bytes at least, says no.
 */
void route_pgo_mode(struct curate_request *r, const char *value, char *ret_why);

/* The profile with its provenance, or 304. @now: ns since the epoch. */
void route_pgo_give(const struct http_request *r, const struct curate_result *result, int64_t now,
		    struct http_answer *a);

void route_pgo_explain(struct collector *c, const struct curate_explain *e, int64_t now,
		       unsigned int status, struct http_answer *a);

/* @tag NULL: the list of them. */
void route_tags(struct collector *c, const struct http_request *r, const char *name,
		const char *tag, struct http_answer *a);
