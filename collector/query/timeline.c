/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Totals over time, from the index.
 *
 * As in Pyroscope the points are at start, start + step and so on up to end, and each holds what
 * began in the step before it, its own moment included. Points without a profile are left out.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "collector/query/select.h"
#include "proto/querier.pb-c.h"

#define NS_PER_MS  1000000
#define MAX_GROUPS 64u /* labels to group by */

struct member {
	const struct select_entry *entry;
	size_t key; /* offset in .keys: values of the labels to group by, each with its NUL */
	size_t size;
};

struct bucket {
	double sum, n; /* of totals; profiles */
};

struct timeline {
	const struct query_call *call;
	const Querier__V1__SelectSeriesRequest *request;
	const struct selection *selection;
	struct member *members; /* in order of their keys */
	size_t n;
	struct buf keys;
	int64_t start, step; /* ms */
	size_t n_points;
	struct bucket *buckets; /* of one group */
	/* What was made. */
	Querier__V1__Series **series;
	size_t n_series;
};

static void timeline_fini(struct timeline *t)
{
	for (size_t i = 0; i < t->n_series; i++)
		querier__v1__series__free_unpacked(t->series[i], NULL);
	free(t->series);
	free(t->members);
	free(t->buckets);
	buf_fini(&t->keys);
}

/* ---- groups ------------------------------------------------------------------------------ */

static int by_key(const void *a, const void *b, void *keys)
{
	const struct member *x = a, *y = b;
	const uint8_t *text = keys;
	size_t n = x->size < y->size ? x->size : y->size;
	int r = n ? memcmp(text + x->key, text + y->key, n) : 0;

	return r ? r : (x->size > y->size) - (x->size < y->size);
}

static int make_groups(struct timeline *t)
{
	const struct selection *s = t->selection;
	struct select_labels labels;

	t->members = reallocarray(NULL, s->n + 1, sizeof(*t->members));
	if (!t->members)
		return -ENOMEM;
	for (; t->n < s->n; t->n++) {
		struct member *m = &t->members[t->n];

		*m = (struct member){ .entry = &s->entries[t->n], .key = t->keys.size };
		select_labels(s, m->entry, &labels);
		for (size_t i = 0; i < t->request->n_group_by; i++) {
			const char *value = select_value(&labels, t->request->group_by[i]);

			buf_append(&t->keys, value, strlen(value) + 1);
		}
		m->size = t->keys.size - m->key;
	}
	if (buf_error(&t->keys))
		return query_of_buf(t->call, &t->keys);
	if (t->n)
		qsort_r(t->members, t->n, sizeof(*t->members), by_key, t->keys.data);
	return 0;
}

/* ---- points ------------------------------------------------------------------------------ */

/* The point that holds @time, ms: the first one at or behind it. May be none of ours. */
static int64_t point_of(const struct timeline *t, int64_t time)
{
	int64_t after = time - t->start;

	return after > 0 ? (after + t->step - 1) / t->step : -(-after / t->step);
}

/* What was merged of many is in all the time between the first and the last of them alike. */
static void spread(struct timeline *t, const struct depot_item *item, int64_t begin, int64_t end)
{
	int64_t first = point_of(t, begin), last = point_of(t, end);

	for (int64_t i = first < 0 ? 0 : first; i <= last && i < (int64_t)t->n_points; i++) {
		int64_t to = t->start + i * t->step, from = to - t->step;
		int64_t share = (to < end ? to : end) - (from > begin ? from : begin);
		double part = (double)share / (double)(end - begin);

		t->buckets[i].sum += (double)item->total * part;
		t->buckets[i].n += (double)item->n * part;
	}
}

static int add_profile(void *context, const struct depot_item *item)
{
	int64_t begin = item->start / NS_PER_MS, end = item->end / NS_PER_MS;
	struct timeline *t = context;
	int64_t number = point_of(t, begin);

	if (item->n > 1 && end > begin) {
		spread(t, item, begin, end);
	} else if (number >= 0 && number < (int64_t)t->n_points) {
		t->buckets[number].sum += (double)item->total;
		t->buckets[number].n += (double)item->n;
	}
	return 0;
}

static int add_member(struct timeline *t, const struct member *m)
{
	const struct selection *s = t->selection;
	const struct depot_series *row = &s->list.rows[m->entry->row];
	int r = query_of_depot(t->call, depot_each_profile(t->call->reader, row->id,
							   s->list.types[m->entry->type].id,
							   s->since, s->until, add_profile, t));

	return r ? r : query_check_time(t->call);
}

static int put_labels(const struct timeline *t, const struct member *m, Querier__V1__Series *to)
{
	const char *value = (const char *)t->keys.data + m->key;

	to->labels = calloc(t->request->n_group_by + 1, sizeof(Querier__V1__LabelPair *));
	if (!to->labels)
		return -ENOMEM;
	for (size_t i = 0; i < t->request->n_group_by; i++, value += strlen(value) + 1) {
		Querier__V1__LabelPair *pair = malloc(sizeof(*pair));

		if (!pair)
			return -ENOMEM;
		querier__v1__label_pair__init(pair);
		to->labels[to->n_labels++] = pair;
		pair->name = strdup(t->request->group_by[i]);
		pair->value = strdup(value);
		if (!pair->name || !pair->value)
			return -ENOMEM;
	}
	return 0;
}

static int put_points(const struct timeline *t, Querier__V1__Series *to)
{
	bool average =
		t->request->aggregation ==
		QUERIER__V1__TIME_SERIES_AGGREGATION_TYPE__TIME_SERIES_AGGREGATION_TYPE_AVERAGE;
	size_t n = 0;

	for (size_t i = 0; i < t->n_points; i++)
		n += t->buckets[i].n > 0;
	to->points = calloc(n + 1, sizeof(Querier__V1__Point *));
	if (!to->points)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_points; i++) {
		const struct bucket *b = &t->buckets[i];

		if (!(b->n > 0))
			continue;
		Querier__V1__Point *point = malloc(sizeof(*point));
		if (!point)
			return -ENOMEM;
		querier__v1__point__init(point);
		point->value = average ? b->sum / b->n : b->sum;
		point->timestamp = t->start + (int64_t)i * t->step;
		to->points[to->n_points++] = point;
	}
	return 0;
}

/* Members of one group, of @members from @from to before @to. */
static int add_group(struct timeline *t, size_t from, size_t to)
{
	Querier__V1__Series *series = malloc(sizeof(*series));
	int r = series ? 0 : -ENOMEM;

	if (r != 0)
		return r;
	querier__v1__series__init(series);
	t->series[t->n_series++] = series;
	memset(t->buckets, 0, t->n_points * sizeof(*t->buckets));
	for (size_t i = from; r == 0 && i < to; i++)
		r = add_member(t, &t->members[i]);
	if (r == 0)
		r = put_labels(t, &t->members[from], series);
	return r ? r : put_points(t, series);
}

static int add_groups(struct timeline *t)
{
	size_t from = 0, points = 0;
	int r = 0;

	t->series = calloc(t->n + 1, sizeof(Querier__V1__Series *));
	t->buckets = reallocarray(NULL, t->n_points, sizeof(*t->buckets));
	if (!t->series || !t->buckets)
		return -ENOMEM;
	for (size_t to = 1; r == 0 && to <= t->n; to++) {
		if (to < t->n && !by_key(&t->members[from], &t->members[to], t->keys.data))
			continue;
		r = add_group(t, from, to);
		from = to;
		points += r == 0 ? t->series[t->n_series - 1]->n_points : 0;
		if (r == 0 && points > QUERY_MAX_SERIES_POINTS)
			r = refuse(t->call->why, REFUSAL_TOO_LARGE,
				   "the answer has over %u points, ask for a longer step",
				   QUERY_MAX_SERIES_POINTS);
	}
	return r;
}

/* ---- the answer -------------------------------------------------------------------------- */

static double sum_of(const Querier__V1__Series *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->n_points; i++)
		sum += s->points[i]->value;
	return sum;
}

static int compare_labels(const Querier__V1__Series *a, const Querier__V1__Series *b)
{
	for (size_t i = 0; i < a->n_labels; i++) {
		int r = strcmp(a->labels[i]->value, b->labels[i]->value);

		if (r != 0)
			return r;
	}
	return 0;
}

/* The largest first. */
static int by_sum(const void *a, const void *b)
{
	const Querier__V1__Series *x = *(Querier__V1__Series *const *)a;
	const Querier__V1__Series *y = *(Querier__V1__Series *const *)b;
	double left = sum_of(x), right = sum_of(y);

	if (left != right)
		return left > right ? -1 : 1;
	return compare_labels(x, y);
}

static void put_answer(struct timeline *t, struct query_call *c)
{
	size_t n = t->n_series;
	struct codec_list list;

	qsort(t->series, n, sizeof(*t->series), by_sum);
	if (t->request->limit > 0 && (uint64_t)t->request->limit < n)
		n = (size_t)t->request->limit;
	codec_list_begin(&list, &querier__v1__select_series_response__descriptor, c->request->codec,
			 c->answer);
	for (size_t i = 0; i < n; i++)
		if (t->series[i]->n_points)
			codec_list_add(&list, &t->series[i]->base);
	codec_list_end(&list);
}

/* What the clients may ask for; the window begins one step earlier than they say. */
static int read_steps(struct timeline *t, struct select_input *in)
{
	const Querier__V1__SelectSeriesRequest *request = t->request;
	struct refusal *why = t->call->why;

	if (!(request->step >= 0.001) || !(request->step < 1e10))
		return refuse(why, REFUSAL_INVALID, "step is at least a millisecond");
	if (request->start <= 0 || request->end < request->start)
		return refuse(why, REFUSAL_INVALID,
			      "the window is missing, or ends before it begins");
	if (request->end > INT64_MAX / NS_PER_MS)
		return refuse(why, REFUSAL_INVALID, "the window ends after all times");
	if (request->n_group_by > MAX_GROUPS)
		return refuse(why, REFUSAL_INVALID, "there are over %u labels to group by",
			      MAX_GROUPS);
	if (request->stack_trace_selector && request->stack_trace_selector->n_call_site)
		return refuse(why, REFUSAL_UNIMPLEMENTED,
			      "a series of a call site is not supported");
	t->start = request->start;
	t->step = (int64_t)(request->step * 1000);
	uint64_t n = (uint64_t)(request->end - request->start) / (uint64_t)t->step + 1;
	if (n > QUERY_MAX_POINTS)
		return refuse(why, REFUSAL_INVALID, "over %u points are asked for",
			      QUERY_MAX_POINTS);
	t->n_points = (size_t)n;
	in->start = request->start > t->step ? request->start - t->step + 1 : 1;
	return 0;
}

int answer_select_series(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__SelectSeriesRequest *request = (const void *)m;
	char *selector = request->label_selector;
	struct select_input in = { .selectors = &selector,
				   .n = 1,
				   .profile_type = request->profile_typeid,
				   .end = request->end };
	_cleanup_(selection_fini) struct selection s = SELECTION_NULL;
	_cleanup_(timeline_fini) struct timeline t = {
		.call = c, .request = request, .selection = &s, .keys = BUF_INIT((size_t)64 << 20)
	};
	int r = read_steps(&t, &in);

	if (r == 0)
		r = select_series(c, &in, &s);
	if (r == 0)
		r = make_groups(&t);
	if (r == 0)
		r = add_groups(&t);
	if (r != 0)
		return r;
	put_answer(&t, c);
	return 0;
}
