/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of querier.v1.QuerierService (proto/querier.proto), as Grafana's Pyroscope data source
 * and profilecli make them: bytes of a request to bytes of an answer. Knows no HTTP.
 *
 * A profile belongs to a window by its start. Where profiles may have been merged the window is
 * widened to whole hours or days (depot_query_align()), and totals over time are spread evenly over
 * them. A series, here, is a set of labels with one sample
 * type: to the labels that were pushed come __profile_type__ (name:type:unit:type of the
 * period:its unit), __type__, __unit__, __period_type__ and __period_unit__, as in Pyroscope.
 *
 * What is merged keeps its functions, files, lines, addresses and mappings, and loses the labels of
 * samples; its time is that of the first profile, its duration that of all. One merge is made at a
 * time, a few wait, and more are sent away: a merge takes memory in proportion to the distinct
 * stacks, which are bounded.
 *
 * Where it differs from Pyroscope v2.2: there is no limit on the length of a window; start and end
 * of 0 are all times; max_nodes does not cut pprof; PROFILE_FORMAT_DOT, profile_id_selector and
 * SelectHeatmap are unimplemented.
 */
#pragma once

#include <stdbool.h>

#include "collector/depot/depot.h"
#include "collector/query/codec.h"

#define QUERY_MAX_PROFILES	50000u	 /* merged in one call */
#define QUERY_MAX_STACKS	1000000u /* distinct, and as many locations */
#define QUERY_MAX_POINTS	11000u	 /* of a series */
#define QUERY_MAX_SERIES_POINTS 1000000u /* of all series */
#define QUERY_MAX_ANSWER	((size_t)256 << 20)
#define QUERY_MAX_WAITING	4u
#define QUERY_DEFAULT_NODES	8192 /* of a flame graph, Pyroscope's */

struct query_request {
	const char *call; /* "LabelNames" */
	enum query_codec codec;
	const char *tenant;
	struct span body;
	uint64_t deadline; /* clock_monotonic() */
	int64_t now;	   /* ns since the epoch */
};

struct query;

int query_new(struct depot *d, struct query **ret_query);
struct query *query_free(struct query *q);

bool query_has_call(const char *call);

/* In any thread. 0, INGEST_E_REFUSED or -errno. */
int query_answer(struct query *q, const struct query_request *request, struct buf *ret_body,
		 struct refusal *why);
