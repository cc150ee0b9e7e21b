/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/merge.h"

#include <errno.h>
#include <string.h>

#include "collector/query/select.h"
#include "pgo/trim.h"
#include "proto/querier.pb-c.h"

#define MAX_STORED ((size_t)128 << 20)
#define ALL_DEPTH  1000000u

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

struct merging {
	const struct query_call *call;
	const struct merge_input *in;
	struct pprof_value_type type, period;
	struct pprof_profile **profile;
	struct pprof_profile *trimmed; /* for Go's compiler: samples and cpu */
};

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

/* What /pgo passes over, as negative values, is passed over here. */
static int add_trimmed(struct merging *m, struct pprof_profile *p)
{
	int r = trim_add(m->trimmed, p, m->in->fold.depth ? m->in->fold.depth : ALL_DEPTH);

	if (r == TRIM_E_TOO_LARGE)
		return PPROF_E_TOO_LARGE;
	return r > 0 ? 0 : r;
}

static int add(struct merging *m, struct pprof_profile *p, size_t type)
{
	int r = 0;

	if (m->trimmed) {
		r = add_trimmed(m, p);
	} else {
		if (!*m->profile)
			r = fold_new(&m->type, &m->period, m->in->slots, m->profile);
		if (r == 0)
			r = fold_add(*m->profile, m->in->slot, p, type, &m->in->fold);
	}
	r = of_pprof(m->call, r);
	return r ? r : check_size(m->call, m->trimmed ? m->trimmed : *m->profile);
}

/* What cannot be read, or went since the list was made, is passed over. */
static int add_profile(struct merging *m, int64_t id)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	_cleanup_(merge_freep) struct pprof_profile *p = NULL;
	int r = depot_read(m->call->reader, id, &stored);
	size_t type;

	if (r == DEPOT_E_NONE)
		return 0;
	r = query_of_depot(m->call, r);
	if (r == 0)
		r = query_check_time(m->call);
	if (r != 0)
		return r;
	r = pprof_decode(stored.data, stored.size, NULL, &p, NULL);
	if (r != 0)
		return r > 0 ? 0 : r;
	return fold_find_type(p, &m->type, &m->period, &type) ? add(m, p, type) : 0;
}

/* Of the two sample types that Go's compiler reads, the one that was asked for. */
static int take_trimmed(struct merging *m)
{
	const struct fold_options whole = { .shape = FOLD_WHOLE };
	size_t type;

	if (!pprof_n_samples(m->trimmed))
		return 0;
	if (!fold_find_type(m->trimmed, &m->type, &m->period, &type))
		return -EINVAL;
	int r = fold_new(&m->type, &m->period, m->in->slots, m->profile);
	if (r == 0)
		r = fold_add(*m->profile, m->in->slot, m->trimmed, type, &whole);
	return of_pprof(m->call, r);
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
	_cleanup_(merge_freep) struct pprof_profile *trimmed = NULL;
	_cleanup_(ids_fini) struct ids ids = { .call = c };
	char parts[SELECT_TYPE_SIZE];
	const char *of_type[5];
	int r = select_parse_type(c, in->profile_type, parts, of_type);

	if (r == 0)
		r = list_ids(c, in, &ids);
	if (r == 0 && in->aggregate && is_for_compiler(of_type))
		r = trim_new(&trimmed);
	if (r != 0)
		return r;
	struct merging m = { .call = c,
			     .in = in,
			     .type = { of_type[1], of_type[2] },
			     .period = { of_type[3], of_type[4] },
			     .profile = profile,
			     .trimmed = trimmed };
	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = add_profile(&m, ids.list[i]);
	return r || !trimmed ? r : take_trimmed(&m);
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
