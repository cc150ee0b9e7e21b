/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "collector/query/inside.h"
#include "proto/querier.pb-c.h"

struct query {
	struct depot *depot; /* borrowed */
	pthread_mutex_t mutex;
	pthread_cond_t free;
	bool merging;
	unsigned int waiting;
};

int query_new(struct depot *d, struct query **ret_query)
{
	struct query *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->depot = d;
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->free, NULL);
	*ret_query = q;
	return 0;
}

struct query *query_free(struct query *q)
{
	if (!q)
		return NULL;
	pthread_mutex_destroy(&q->mutex);
	pthread_cond_destroy(&q->free);
	free(q);
	return NULL;
}

/* Called with the mutex held. */
static int wait_turn(const struct query_call *c)
{
	struct query *q = c->query;
	const struct timespec end = { (time_t)(c->request->deadline / NSEC_PER_SEC),
				      (long)(c->request->deadline % NSEC_PER_SEC) };

	while (q->merging)
		if (pthread_cond_clockwait(&q->free, &q->mutex, CLOCK_MONOTONIC, &end) != 0)
			return refuse(c->why, REFUSAL_TIMEOUT,
				      "others are being answered first, try again");
	return 0;
}

static int enter(const struct query_call *c)
{
	struct query *q = c->query;
	int r = 0;

	pthread_mutex_lock(&q->mutex);
	if (q->merging && q->waiting == QUERY_MAX_WAITING)
		r = refuse(c->why, REFUSAL_BUSY, "too many profiles are being merged, try again");
	else
		q->waiting++;
	if (r == 0) {
		r = wait_turn(c);
		q->waiting--;
		q->merging |= r == 0;
	}
	pthread_mutex_unlock(&q->mutex);
	return r;
}

int query_enter(struct query_call *c)
{
	int r = enter(c);

	if (r != 0)
		return r;
	/* Who waits has none: a view keeps the database's log from being emptied. */
	r = query_of_depot(c, depot_reader_open(c->query->depot, &c->reader));
	if (r != 0)
		query_leave(c);
	return r;
}

void query_leave(struct query_call *c)
{
	struct query *q = c->query;

	depot_reader_closep(&c->reader);
	c->reader = NULL;
	pthread_mutex_lock(&q->mutex);
	q->merging = false;
	pthread_cond_signal(&q->free);
	pthread_mutex_unlock(&q->mutex);
}

int query_check_time(const struct query_call *c)
{
	if (clock_monotonic() < c->request->deadline)
		return 0;
	return refuse(c->why, REFUSAL_TIMEOUT, "the query takes too long, ask for less");
}

int query_of_depot(const struct query_call *c, int r)
{
	if (r == -E2BIG)
		return refuse(c->why, REFUSAL_TOO_LARGE,
			      "there are too many series, ask for fewer");
	if (r == DEPOT_E_DAMAGED)
		return refuse(c->why, REFUSAL_INTERNAL, "the database is damaged");
	return r > 0 ? -EIO : r;
}

int query_of_buf(const struct query_call *c, const struct buf *b)
{
	if (buf_error(b) == -E2BIG)
		return refuse(c->why, REFUSAL_TOO_LARGE, "the answer is too large, ask for less");
	return buf_error(b);
}

/* To what cuts through nothing that may be merged; a depot_query ends before its end. */
static void align(int64_t now, int64_t *since, int64_t *until)
{
	struct depot_query q = { .since = *since, .until = *until };

	if (q.until < INT64_MAX)
		q.until++;
	depot_query_align(&q, now);
	*since = q.since;
	*until = q.until < INT64_MAX ? q.until - 1 : q.until;
}

int query_window(const struct query_call *c, int64_t start, int64_t end, int64_t *ret_since,
		 int64_t *ret_until)
{
	const int64_t ms = 1000000;

	if (start > end)
		return refuse(c->why, REFUSAL_INVALID, "the window ends before it begins");
	if (start == 0 && end == 0) {
		*ret_since = INT64_MIN;
		*ret_until = INT64_MAX;
		return 0;
	}
	/* The millisecond of the end is in the window. */
	if (__builtin_mul_overflow(start, ms, ret_since))
		*ret_since = start < 0 ? INT64_MIN : INT64_MAX;
	if (__builtin_mul_overflow(end, ms, ret_until) ||
	    __builtin_add_overflow(*ret_until, ms - 1, ret_until))
		*ret_until = end < 0 ? INT64_MIN : INT64_MAX;
	align(c->request->now, ret_since, ret_until);
	return 0;
}

/* ---- calls ------------------------------------------------------------------------------- */

static const struct call {
	const char *name;
	const ProtobufCMessageDescriptor *request;
	int (*answer)(struct query_call *c, const ProtobufCMessage *m);
	bool merges; /* and has a view of the depot when it is its turn */
} calls[] = {
	{ "ProfileTypes", &querier__v1__profile_types_request__descriptor, answer_profile_types },
	{ "LabelNames", &querier__v1__label_names_request__descriptor, answer_label_names },
	{ "LabelValues", &querier__v1__label_values_request__descriptor, answer_label_values },
	{ "Series", &querier__v1__series_request__descriptor, answer_series },
	{ "SelectMergeProfile", &querier__v1__select_merge_profile_request__descriptor,
	  answer_select_merge_profile, true },
	{ "SelectMergeStacktraces", &querier__v1__select_merge_stacktraces_request__descriptor,
	  answer_select_merge_stacktraces, true },
	{ "SelectMergeSpanProfile", &querier__v1__select_merge_span_profile_request__descriptor,
	  answer_select_merge_span_profile, true },
	{ "SelectSeries", &querier__v1__select_series_request__descriptor, answer_select_series },
	{ "Diff", &querier__v1__diff_request__descriptor, answer_diff, true },
	{ "GetProfileStats", &querier__v1__get_profile_stats_request__descriptor,
	  answer_get_profile_stats },
	{ "AnalyzeQuery", &querier__v1__analyze_query_request__descriptor, answer_analyze_query },
};

static const struct call *find_call(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	return NULL;
}

bool query_has_call(const char *call)
{
	return find_call(call);
}

int query_answer(struct query *q, const struct query_request *request, struct buf *ret_body,
		 struct refusal *why)
{
	_cleanup_(codec_freep) ProtobufCMessage *m = NULL;
	const struct call *call = find_call(request->call);

	if (!call)
		return refuse(why, REFUSAL_UNIMPLEMENTED, "there is no such call");
	int r = codec_unpack(request->codec, call->request, request->body, &m, why);
	if (r != 0)
		return r;
	struct query_call c = { .query = q, .request = request, .answer = ret_body, .why = why };
	if (!call->merges)
		r = query_of_depot(&c, depot_reader_open(q->depot, &c.reader));
	if (r == 0)
		r = call->answer(&c, m);
	depot_reader_closep(&c.reader);
	return r ? r : query_of_buf(&c, ret_body);
}
