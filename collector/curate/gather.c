/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/gather.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/curate/gathering.h"
#include "libpprof/pprof.h"
#include "pgo/notes.h"
#include "pgo/trim.h"

#define HOUR (3600 * (int64_t)NSEC_PER_SEC)

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static void gathering_fini(struct gathering *g)
{
	pprof_free(g->from);
	pprof_free(g->whole);
	choice_fini(&g->choice);
	free(g->items);
	free(g->used);
}

static int outcome_of_depot(int r)
{
	return r > 0 ? CURATE_E_DAMAGED : r;
}

/* ---- builds ------------------------------------------------------------------------------ */

/* decay to the @n */
static double decayed(double decay, size_t n)
{
	double factor = 1;

	while (n--)
		factor *= decay;
	return factor;
}

/*
 * Where the CPU time of all would be more than the compiler can add up, what there is is scaled,
 * and so is what comes.
 */
static int make_room(struct gathering *g, double coming)
{
	struct trim_sum sum;
	int r = trim_measure(g->whole, &sum);

	if (r != 0)
		return r < 0 ? r : -E2BIG;
	double factor = trim_fit((double)sum.cpu + coming * g->e->scale);
	if (factor == 1)
		return 0;
	g->e->scale *= factor;
	r = trim_scale(&g->whole, g->request->policy.depth, factor);
	return r > 0 ? -E2BIG : r;
}

static int add_build(struct gathering *g, uint32_t build)
{
	_cleanup_(profile_freep) struct pprof_profile *one = NULL;
	struct curate_build *b = &g->choice.builds[build];
	struct tally t = { 0 };
	size_t n = gathering_list(g, build);
	int r = trim_new(&one);

	if (r == 0)
		r = gathering_add_modes(g, n, &one, &t);
	b->fate = CURATE_UNUSABLE;
	if (r != 0 || !t.sum.cpu)
		return r;
	b->factor = decayed(g->request->policy.decay, g->e->n_builds_used);
	double factor = b->factor;
	if (g->request->policy.weight != CURATE_WEIGHT_CPU)
		factor *= (double)t.sum.cpu / (double)t.n_groups / (double)GROUP_WEIGHT;
	r = make_room(g, (double)t.sum.cpu * b->factor);
	if (r == 0)
		r = gathering_add_scaled(g, g->whole, one, factor * g->e->scale);
	if (r != 0)
		return r;
	tally_join(&g->tally, &t);
	b->fate = CURATE_USED;
	b->cpu = t.sum.cpu;
	b->samples = t.sum.samples;
	g->e->n_builds_used++;
	return 0;
}

static int add_builds(struct gathering *g)
{
	struct pgo_quality q = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->list->n_builds && !q.enough; i++) {
		struct curate_build *b = &g->choice.builds[i];

		if (b->fate != CURATE_NOT_NEEDED)
			continue;
		if (g->e->n_builds_used >= g->request->policy.max_builds) {
			b->fate = CURATE_TOO_MANY;
			continue;
		}
		r = add_build(g, (uint32_t)i);
		if (r == 0)
			r = pgo_assess(g->whole, &q, NULL);
	}
	return r > 0 ? -E2BIG : r;
}

static void tell_builds(struct gathering *g)
{
	struct curate_explain *e = g->e;

	e->n_builds = g->list->n_builds;
	for (size_t i = 0; i < g->list->n_builds; i++) {
		const struct curate_build *b = &g->choice.builds[i];

		if (b->fate != CURATE_USED && b->fate != CURATE_UNUSABLE)
			e->left_out.builds += b->profiles;
		if (i < CURATE_MAX_BUILDS)
			e->builds[i] = *b;
	}
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void tell_used(struct gathering *g)
{
	struct curate_explain *e = g->e;

	qsort(g->used, g->n_used, sizeof(*g->used), compare_numbers);
	for (size_t i = 0; i < g->n_used; i++)
		e->n_instances += i == 0 || g->used[i] != g->used[i - 1];
	e->n_profiles = g->tally.n_profiles;
	e->cpu = g->tally.sum.cpu;
	e->first = g->tally.first;
	e->last = g->tally.last;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void make_etag(const struct buf *pprof, char *to)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, pprof->size, pprof->data);
	sha256_digest(&h, sizeof(digest), digest);
	*to++ = '"';
	for (size_t i = 0; i < 16; i++)
		to += sprintf(to, "%02x", digest[i]);
	strcpy(to, "\"");
}

static void judge(struct curate_explain *e)
{
	struct buf text = BUF_INIT(CURATE_WHY_SIZE * 4);

	e->good = e->quality.verdict >= PGO_FAIR;
	if (e->quality.verdict == PGO_REFUSED)
		buf_append_text(&text, pgo_outcome_text(e->quality.outcome));
	else
		pgo_quality_print(&e->quality, &text);
	buf_append_u8(&text, 0);
	if (!buf_error(&text))
		snprintf(e->why, sizeof(e->why), "%s", (const char *)text.data);
	buf_fini(&text);
	if (e->good && e->n_instances < e->policy.min_instances) {
		e->good = false;
		snprintf(e->why, sizeof(e->why), "it is of %zu instances, and min-instances is %u",
			 e->n_instances, e->policy.min_instances);
	}
}

static void tell_edges(struct curate_explain *e, const struct pgo_edges *edges)
{
	for (size_t i = 0; edges && i < edges->n_edges && i < CURATE_MAX_EDGES; i++) {
		const struct pgo_edge *from = &edges->edges[i];
		struct curate_edge *to = &e->edges[e->n_edges++];

		snprintf(to->caller, sizeof(to->caller), "%s",
			 pgo_names_text(&edges->names, from->caller));
		snprintf(to->callee, sizeof(to->callee), "%s",
			 pgo_names_text(&edges->names, from->callee));
		to->offset = from->offset;
		to->share = (double)from->weight / (double)edges->total;
	}
}

static int chill(struct gathering *g, const struct cold_list *cold, struct cold_effect *effect)
{
	struct pprof_profile *without = NULL;

	*effect = (struct cold_effect){ 0 };
	if (!cold || !g->request->policy.cold)
		return 0;
	int r = cold_apply(cold, g->whole, &without, effect);
	if (without) {
		pprof_free(g->whole);
		g->whole = without;
	}
	return r;
}

static int add_notes(struct gathering *g)
{
	_cleanup_(buf_fini) struct buf comment = BUF_INIT(1024);

	if (!g->tally.notes.known)
		return 0;
	pgo_notes_print(&g->tally.notes, &comment);
	buf_append_u8(&comment, 0);
	int r = buf_error(&comment);
	return r ? r : pprof_add_comment(g->whole, (const char *)comment.data);
}

static int encode(struct gathering *g, const struct cold_list *cold)
{
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = NULL;
	_cleanup_(freep) uint8_t *data = NULL;
	struct cold_effect effect;
	size_t size;
	int r = chill(g, cold, &effect);

	if (r == 0)
		r = add_notes(g);
	if (r == 0)
		r = pgo_assess(g->whole, &g->e->quality, &edges);
	if (r == 0)
		r = pprof_encode(g->whole, PPROF_GZIP, &data, &size);
	if (r != 0)
		return r < 0 ? r : -E2BIG;
	tell_edges(g->e, edges);
	g->e->cold_functions = effect.functions;
	g->e->cold_share = edges ? (double)effect.weight / (double)edges->total : 0;
	buf_append(&g->result->pprof, data, size);
	return buf_error(&g->result->pprof);
}

/* The one main package of all profiles that may be used. */
static int find_package(const struct gathering *g)
{
	const struct depot_list *l = g->list;
	const char *package = "";

	for (size_t i = 0; i < l->n_rows; i++) {
		const char *other = depot_list_text(l, l->rows[i].package);

		if (choice_find(&g->choice, l->rows[i].series)->left != CHOICE_TAKEN)
			continue;
		if (*package && *other && strcmp(package, other) != 0) {
			snprintf(g->e->why, sizeof(g->e->why),
				 "Service %.100s runs several main packages, %.150s and %.150s "
				 "among them: ask for one of these.",
				 g->request->name, package, other);
			return CURATE_E_AMBIGUOUS;
		}
		package = *other ? other : package;
	}
	snprintf(g->e->package, sizeof(g->e->package), "%s", package);
	return 0;
}

/* Are there older ones? Then that is what to say. */
static int tell_nothing(struct depot_reader *reader, const struct curate_request *request,
			char *why)
{
	const struct depot_query ever = { request->tenant, request->name, INT64_MIN, INT64_MAX };
	struct depot_state state;
	int r = depot_state(reader, &ever, &state);

	if (r != 0)
		return outcome_of_depot(r);
	snprintf(why, CURATE_WHY_SIZE,
		 state.n ? "All CPU profiles of %.300s are older than %lld hours."
			 : "There is no CPU profile of %.300s.",
		 request->name, (long long)(request->policy.window / HOUR));
	return CURATE_E_NONE;
}

struct depot_query gather_query(const struct curate_request *request)
{
	struct depot_query q = { .tenant = request->tenant,
				 .name = request->name,
				 .since = request->now - request->policy.window,
				 .until = INT64_MAX };

	depot_query_align(&q, request->now);
	return q;
}

static int prepare(struct gathering *g, const struct depot_query *query)
{
	g->items = calloc(g->list->n_rows + 1, sizeof(*g->items));
	g->used = calloc(g->list->n_rows + 1, sizeof(*g->used));
	if (!g->items || !g->used)
		return -ENOMEM;
	int r = choose(g->reader, query, g->request, g->list, g->e, &g->choice);
	if (r == 0)
		r = find_package(g);
	if (r == 0)
		r = pprof_new(&g->from);
	return r ? r : trim_new(&g->whole);
}

static void begin_explain(struct curate_explain *e, const struct curate_request *request)
{
	snprintf(e->name, sizeof(e->name), "%s", request->name);
	snprintf(e->mode, sizeof(e->mode), "%s", request->mode ? request->mode : "");
	e->policy = request->policy;
	e->scale = 1;
}

int gather_ahead(struct depot *d, struct depot_reader *reader, const struct curate_request *request,
		 const atomic_bool *stop, size_t *ret_broken)
{
	_cleanup_(depot_list_fini) struct depot_list list = DEPOT_LIST_NULL;
	_cleanup_(blocks_fini) struct blocks blocks = { 0 };
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;
	const struct depot_query query = gather_query(request);
	_cleanup_(gathering_fini) struct gathering g = { .reader = reader,
							 .blocks = &blocks,
							 .depot = d,
							 .keeps = true,
							 .stop = stop,
							 .list = &list,
							 .request = request,
							 .result = &result,
							 .e = &result.explain };
	begin_explain(g.e, request);
	int r = outcome_of_depot(depot_list(reader, &query, &list));
	if (r == 0 && list.n_rows)
		r = prepare(&g, &query);
	if (r == 0 && list.n_rows)
		r = add_builds(&g);
	*ret_broken = result.broken_sums;
	return r;
}

/* That of most of them; the rest is in the explanation. */
static void tell_unused(struct curate_explain *e)
{
	const struct curate_left_out *l = &e->left_out;
	const struct {
		size_t n;
		const char *why;
	} reasons[] = {
		{ l->labels, "with other labels than asked for" },
		{ l->modes, "of another mode" },
		{ l->builds, "of builds that are not used" },
		{ l->canary_label, "marked as a canary" },
		{ l->unreadable, "broken or too large" },
		{ l->negative, "with negative values" },
	};
	size_t most = 0;

	for (size_t i = 1; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].n > reasons[most].n)
			most = i;
	int n = snprintf(e->why, sizeof(e->why), "None of its CPU profiles could be used");
	if (reasons[most].n)
		n += snprintf(e->why + n, sizeof(e->why) - (size_t)n, " (%zu %s)", reasons[most].n,
			      reasons[most].why);
	snprintf(e->why + n, sizeof(e->why) - (size_t)n, ": ?explain says more.");
}

int gather(struct depot *d, struct depot_reader *reader, const struct curate_request *request,
	   const struct cold_list *cold, struct blocks *blocks, struct curate_result *ret_result)
{
	_cleanup_(depot_list_fini) struct depot_list list = DEPOT_LIST_NULL;
	const struct depot_query query = gather_query(request);
	struct curate_explain *e = &ret_result->explain;
	_cleanup_(gathering_fini) struct gathering g = { .reader = reader,
							 .blocks = blocks,
							 .depot = d,
							 .list = &list,
							 .request = request,
							 .result = ret_result,
							 .e = e };
	begin_explain(e, request);
	int r = outcome_of_depot(depot_list(reader, &query, &list));
	if (r == 0 && !list.n_rows)
		return tell_nothing(reader, request, e->why);
	if (r == 0)
		r = prepare(&g, &query);
	if (r == 0)
		r = add_builds(&g);
	if (r != 0)
		return r;
	tell_builds(&g);
	if (!g.tally.n_profiles) {
		tell_unused(e);
		return CURATE_E_NONE;
	}
	tell_used(&g);
	r = encode(&g, cold);
	if (r != 0)
		return r;
	make_etag(&ret_result->pprof, e->etag);
	e->bytes = ret_result->pprof.size;
	judge(e);
	return 0;
}
