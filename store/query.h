/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking Grafana Pyroscope for the sum of profiles: a Connect unary call of
 * querier.v1.QuerierService/SelectMergeProfile, which servers of all versions answer with the
 * profile itself, a plain pprof message; an empty one is no profile. And, by SelectSeries, which
 * values a label of theirs has, and when. Pure.
 *
 * By its defaults a server answers for 24 hours at most (querier.max-query-length) and refuses a
 * longer time (400).
 */
#pragma once

#include "base/buf.h"
#include "store/fetch.h"

#define QUERY_PATH	     "/querier.v1.QuerierService/SelectMergeProfile"
#define QUERY_PATH_OF_VALUES "/querier.v1.QuerierService/SelectSeries"
#define QUERY_MAX_TIME	     (24 * 3600 * 1000000000ULL)

/* Numbers of samples, whatever their rate: what coverage is told by. */
#define QUERY_TYPE "process_cpu:samples:count:cpu:nanoseconds"

enum query_outcome {
	QUERY_E_VALUE = 1, /* no label has such a value: control characters, or not UTF-8 */
	QUERY_E_MALFORMED, /* not an answer to such a question */
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

/*
 * The same for the values that the label @name has. A server puts what it finds into steps of time
 * and leaves out what is after the last whole one: a minute, or more for a question over a week.
 */
int query_ask_values(const struct query_question *q, const char *name, struct buf *ret_body);

#define QUERY_MAX_ANSWER ((size_t)16 << 20) /* bytes of an answer to it that are to be read */
#define QUERY_MAX_VALUES 1000u

struct query_value {
	char *text;	      /* "" for what has no such label */
	uint64_t first, last; /* ns since the epoch, each the end of its step */
};

struct query_values {
	struct query_value *list;
	size_t n;
	size_t left_out; /* beyond QUERY_MAX_VALUES */
};

void query_values_fini(struct query_values *v);

/* Add what an answer says to @v, which has each value once. 0, QUERY_E_MALFORMED or -ENOMEM. */
int query_read_values(struct span answer, struct query_values *v);
