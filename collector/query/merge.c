/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/merge.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "collector/query/briefed.h"
#include "collector/query/select.h"
#include "pgo/trim.h"
#include "proto/querier.pb-c.h"

#define MAX_STORED ((size_t)128 << 20)
#define ALL_DEPTH  1000000u
#define FEW	   8u /* profiles that are not worth a thread */

void merge_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

/* ---- what to merge ----------------------------------------------------------------------- */

struct ids {
	const struct query_call *call;
	int64_t *list;
	size_t n;
};

static void ids_fini(struct ids *ids)
{
	free(ids->list);
}

static int add_id(void *context, const struct depot_item *item)
{
	struct ids *ids = context;

	if (ids->n == QUERY_MAX_PROFILES)
		return refuse(ids->call->why, REFUSAL_TOO_LARGE,
			      "these are over %u profiles, ask for fewer", QUERY_MAX_PROFILES);
	if (!(ids->n & (ids->n - 1))) { /* 0, or a power of two: it is full */
		int64_t *list = reallocarray(ids->list, ids->n ? ids->n * 2 : 1, sizeof(*list));

		if (!list)
			return -ENOMEM;
		ids->list = list;
	}
	ids->list[ids->n++] = item->id;
	return 0;
}

static int list_ids(const struct query_call *c, const struct merge_input *in, struct ids *ids)
{
	_cleanup_(selection_fini) struct selection s = SELECTION_NULL;
	char *selector = (char *)in->selector;
	const struct select_input input = { .selectors = &selector,
					    .n = 1,
					    .profile_type = in->profile_type,
					    .start = in->start,
					    .end = in->end };
	int r = select_series(c, &input, &s);

	for (size_t i = 0; r == 0 && i < s.n; i++) {
		const struct depot_series *row = &s.list.rows[s.entries[i].row];

		r = depot_each_profile(c->reader, row->id, s.list.types[s.entries[i].type].id,
				       s.since, s.until, add_id, ids);
		/* A refusal of add_id() and DEPOT_E_LOCKED are one number; a reader gives no such.
		 */
		r = r == INGEST_E_REFUSED ? r : query_of_depot(c, r);
	}
	return r;
}

/* ---- merging ----------------------------------------------------------------------------- */

/* Profiles one after the other; see merge_in_two(). */
struct merging {
	struct query_call call;
	const struct merge_input *in;
	struct pprof_value_type type, period;
	pthread_mutex_t *reading; /* the reader is both halves' */
	bool aggregate;
	struct pprof_profile *from; /* read into again and again */
	struct pprof_profile *to;
	struct fold *fold; /* of from to to; or, for Go's compiler, of its samples and cpu: */
	struct trim *trim;
	const int64_t *ids;
	size_t n;
	int result;
};

static void merging_fini(struct merging *m)
{
	fold_close(m->fold);
	trim_close(m->trim);
	pprof_free(m->from);
	pprof_free(m->to);
}

static int of_pprof(const struct query_call *c, int r)
{
	return r == PPROF_E_TOO_LARGE
		       ? refuse(c->why, REFUSAL_TOO_LARGE, "the profile is too large, ask for less")
		       : r;
}

static int check_size(const struct query_call *c, const struct pprof_profile *p)
{
	if (pprof_n_samples(p) <= QUERY_MAX_STACKS && pprof_n_locations(p) <= QUERY_MAX_STACKS)
		return 0;
	return of_pprof(c, PPROF_E_TOO_LARGE);
}

static int open_sum(struct merging *m)
{
	size_t depth = m->in->fold.depth ? m->in->fold.depth : ALL_DEPTH;
	int r = 0;

	if (!m->to && m->aggregate)
		r = trim_new(&m->to);
	else if (!m->to)
		r = fold_new(&m->type, &m->period, m->in->slots, &m->to);
	if (r == 0 && m->aggregate)
		return trim_open(m->to, depth, &m->trim);
	return r ? r : fold_open(m->to, m->in->slot, &m->in->fold, &m->fold);
}

/* What /pgo passes over, as negative values, is passed over here. */
static int add_trimmed(struct merging *m)
{
	int r = trim_next(m->trim, m->from);

	if (r == TRIM_E_TOO_LARGE)
		return PPROF_E_TOO_LARGE;
	return r > 0 ? 0 : r;
}

static int add(struct merging *m, size_t type)
{
	int r = m->fold || m->trim ? 0 : open_sum(m);

	if (r == 0)
		r = m->aggregate ? add_trimmed(m) : fold_next(m->fold, m->from, type);
	r = of_pprof(&m->call, r);
	return r ? r : check_size(&m->call, m->to);
}

static int read_stored(struct merging *m, int64_t id, struct buf *stored)
{
	pthread_mutex_lock(m->reading);
	int r = depot_read(m->call.reader, id, stored);
	pthread_mutex_unlock(m->reading);
	return r;
}

/* What cannot be read, or went since the list was made, is passed over. */
static int add_profile(struct merging *m, int64_t id)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	int r = read_stored(m, id, &stored);
	size_t type;

	if (r == DEPOT_E_NONE)
		return 0;
	r = query_of_depot(&m->call, r);
	if (r == 0)
		r = query_check_time(&m->call);
	if (r != 0)
		return r;
	r = pprof_reread(m->from, stored.data, stored.size, NULL, NULL);
	if (r != 0)
		return r > 0 ? 0 : r;
	return fold_find_type(m->from, &m->type, &m->period, &type) ? add(m, type) : 0;
}

static int add_profiles(struct merging *m)
{
	int r = m->from ? 0 : pprof_new(&m->from);

	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = add_profile(m, m->ids[i]);
	return r;
}

/* ---- two halves -------------------------------------------------------------------------- */

static void *add_half(void *merging)
{
	struct merging *m = merging;

	m->result = add_profiles(m);
	return NULL;
}

/* Stacks in the order of the profiles, as if these had been added one by one. */
static int join(struct merging *m, struct merging *half)
{
	if (half->result == INGEST_E_REFUSED)
		*m->call.why = *half->call.why;
	if (half->result != 0 || !half->to)
		return half->result;
	if (!m->to) {
		m->to = TAKE_PTR(half->to);
		return 0;
	}
	int r = of_pprof(&m->call, pprof_merge(m->to, half->to));
	return r ? r : check_size(&m->call, m->to);
}

/*
 * The second half of many profiles is added up by a thread of its own, which costs the memory of
 * two sums. There is one merge at a time (query_enter()), so there is one such thread.
 */
static int merge_in_two(struct merging *m)
{
	_cleanup_(merging_fini) struct merging half = *m;
	struct refusal why = { 0 };
	pthread_t thread;

	half.to = half.from = NULL;
	half.fold = NULL;
	half.trim = NULL;
	half.call.why = &why;
	half.ids += m->n / 2;
	half.n -= m->n / 2;
	if (m->n < FEW || pthread_create(&thread, NULL, add_half, &half) != 0)
		return add_profiles(m);
	m->n /= 2;
	int r = add_profiles(m);
	pthread_join(thread, NULL);
	return r ? r : join(m, &half);
}

/* ---- in brief ---------------------------------------------------------------------------- */

static int add_sum(void *merging)
{
	struct merging *m = merging;
	size_t type;

	return fold_find_type(m->from, &m->type, &m->period, &type) ? add(m, type) : 0;
}

static int merge_all(struct merging *m, struct ids *ids)
{
	int r = pprof_new(&m->from);

	if (r == 0)
		r = briefed_add(&m->call, ids->list, &ids->n, m->from, add_sum, m);
	m->ids = ids->list;
	m->n = ids->n;
	return r ? r : merge_in_two(m);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* Of the two sample types that Go's compiler reads, the one that was asked for. */
static int take_trimmed(struct merging *m, struct pprof_profile **profile)
{
	const struct fold_options whole = { .shape = FOLD_WHOLE };
	size_t type;

	if (!m->to || !pprof_n_samples(m->to))
		return 0;
	if (!fold_find_type(m->to, &m->type, &m->period, &type))
		return -EINVAL;
	int r = *profile ? 0 : fold_new(&m->type, &m->period, m->in->slots, profile);
	if (r == 0)
		r = fold_add(*profile, m->in->slot, m->to, type, &whole);
	return of_pprof(&m->call, r);
}

/* What Go's compiler reads; leaves of other types keep their lines. */
static bool is_for_compiler(const char *const of_type[5])
{
	bool cpu = !strcmp(of_type[1], "cpu") && !strcmp(of_type[2], "nanoseconds");
	bool samples = !strcmp(of_type[1], "samples") && !strcmp(of_type[2], "count");

	return (cpu || samples) && !strcmp(of_type[3], "cpu") && !strcmp(of_type[4], "nanoseconds");
}

int merge(const struct query_call *c, const struct merge_input *in, struct pprof_profile **profile)
{
	_cleanup_(merging_fini) struct merging m = { .call = *c, .in = in };
	_cleanup_(ids_fini) struct ids ids = { .call = c };
	pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
	char parts[SELECT_TYPE_SIZE];
	const char *of_type[5];
	int r = select_parse_type(c, in->profile_type, parts, of_type);

	if (r == 0)
		r = list_ids(c, in, &ids);
	if (r != 0)
		return r;
	m.type = (struct pprof_value_type){ of_type[1], of_type[2] };
	m.period = (struct pprof_value_type){ of_type[3], of_type[4] };
	m.aggregate = in->aggregate && is_for_compiler(of_type);
	m.reading = &reading;
	if (!m.aggregate)
		m.to = TAKE_PTR(*profile);
	r = merge_all(&m, &ids);
	if (r == 0 && m.aggregate)
		return take_trimmed(&m, profile);
	if (!m.aggregate)
		*profile = TAKE_PTR(m.to);
	return r;
}

/* ---- selectors --------------------------------------------------------------------------- */

static int read_call_site(const struct query_call *c, const Querier__V1__StackTraceSelector *stack,
			  const char **ret_names, struct merge_input *ret_in)
{
	if (stack->n_call_site > MERGE_MAX_CALL_SITE)
		return refuse(c->why, REFUSAL_INVALID, "the call site is deeper than %u",
			      MERGE_MAX_CALL_SITE);
	for (size_t i = 0; i < stack->n_call_site; i++)
		ret_names[i] = stack->call_site[i]->name;
	ret_in->fold.call_site = ret_names;
	ret_in->fold.n_call_site = stack->n_call_site;
	return 0;
}

/* Labels of samples that Pyroscope's clients write (pkg/pprof of v2.2): a span is its profile_id.
 */
static void read_filter(const struct merge_selectors *from, struct merge_input *ret_in)
{
	if (from->n_spans)
		ret_in->fold.filter =
			(struct fold_filter){ "profile_id", from->spans, from->n_spans };
	else if (from->n_traces)
		ret_in->fold.filter =
			(struct fold_filter){ "trace_id", from->traces, from->n_traces };
}

int merge_read_selectors(const struct query_call *c, const struct merge_selectors *from,
			 const char **ret_names, struct merge_input *ret_in)
{
	const Querier__V1__StackTraceSelector *stack = from->stack;

	ret_in->slots = 1;
	if (from->n_spans > MERGE_MAX_SPANS || from->n_traces > MERGE_MAX_SPANS)
		return refuse(c->why, REFUSAL_INVALID, "over %u spans or traces are asked for",
			      MERGE_MAX_SPANS);
	if (from->n_ids)
		return refuse(c->why, REFUSAL_UNIMPLEMENTED,
			      "profile_id_selector is not supported");
	if (from->n_spans && from->n_traces)
		return refuse(c->why, REFUSAL_INVALID,
			      "span_selector and trace_id_selector cannot be combined");
	read_filter(from, ret_in);
	if (!stack)
		return 0;
	if (!stack->go_pgo)
		return read_call_site(c, stack, ret_names, ret_in);
	ret_in->aggregate = stack->go_pgo->aggregate_callees;
	ret_in->fold.depth = stack->go_pgo->keep_locations;
	return 0;
}
