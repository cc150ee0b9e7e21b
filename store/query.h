/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking Grafana Pyroscope for the sum of profiles: a Connect unary call of
 * querier.v1.QuerierService/SelectMergeProfile, which servers of all versions answer with the
 * profile itself, a plain pprof message; an empty one is no profile. Pure.
 *
 * By its defaults a server answers for 24 hours at most (querier.max-query-length) and refuses a
 * longer time (400).
 */
#pragma once

#include "base/buf.h"
#include "store/fetch.h"

#define QUERY_PATH     "/querier.v1.QuerierService/SelectMergeProfile"
#define QUERY_MAX_TIME (24 * 3600 * 1000000000ULL)

/* Numbers of samples, whatever their rate: what coverage is told by. */
#define QUERY_TYPE "process_cpu:samples:count:cpu:nanoseconds"

enum query_outcome {
	QUERY_E_VALUE = 1, /* no label has such a value: control characters, or not UTF-8 */
};

struct query_question {
	const struct store_label *labels; /* all series that have all of these */
	size_t n_labels;
	uint64_t from, until; /* ns since the epoch */
	/*
	 * Locations of a stack that are kept, 0: all. Never aggregating callees, at which a server
	 * damages other stacks (grafana/pyroscope pull request 5637).
	 */
	unsigned int depth;
};

/* The header of such a question, for struct fetch. */
extern const char *const query_headers[2];

/* Append the body of the POST. 0, QUERY_E_VALUE or -ENOMEM. */
int query_ask(const struct query_question *q, struct buf *ret_body);
