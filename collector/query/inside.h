/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#pragma once

#include "collector/query/query.h"

/* One call under way. */
struct query_call {
	struct query *query;
	const struct query_request *request;
	struct depot_reader *reader;
	struct buf *answer;
	struct refusal *why;
};

/* The sum of many: refuses what costs too much time. 0 or INGEST_E_REFUSED. */
int query_check_time(const struct query_call *c);

/* What the depot answered as what a call answers: 0, INGEST_E_REFUSED or -errno. */
int query_of_depot(const struct query_call *c, int r);

/* 0, or what went wrong with a buf. */
int query_of_buf(const struct query_call *c, const struct buf *b);

/* @milliseconds of [start, end] in ns; 0 and 0 are all times. 0 or INGEST_E_REFUSED. */
int query_window(const struct query_call *c, int64_t start, int64_t end, int64_t *ret_since,
		 int64_t *ret_until);

/*
 * Only one merge at a time: wait for the turn until the deadline, and have a .reader. 0,
 * INGEST_E_REFUSED or -errno; query_leave() after 0, which takes the reader back.
 */
int query_enter(struct query_call *c);
void query_leave(struct query_call *c);

/* The answers; each of the message that its name says. 0, INGEST_E_REFUSED or -errno. */
int answer_profile_types(struct query_call *c, const ProtobufCMessage *m);
int answer_label_names(struct query_call *c, const ProtobufCMessage *m);
int answer_label_values(struct query_call *c, const ProtobufCMessage *m);
int answer_series(struct query_call *c, const ProtobufCMessage *m);
int answer_select_merge_profile(struct query_call *c, const ProtobufCMessage *m);
int answer_select_merge_stacktraces(struct query_call *c, const ProtobufCMessage *m);
int answer_select_merge_span_profile(struct query_call *c, const ProtobufCMessage *m);
int answer_select_series(struct query_call *c, const ProtobufCMessage *m);
int answer_diff(struct query_call *c, const ProtobufCMessage *m);
int answer_get_profile_stats(struct query_call *c, const ProtobufCMessage *m);
int answer_analyze_query(struct query_call *c, const ProtobufCMessage *m);
