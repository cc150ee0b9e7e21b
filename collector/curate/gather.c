/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build by build, newest first, until the samples suffice. The profiles of one build are added up
 * mode by mode, and within that, where each instance or day is to weigh the same, group by group:
 * a group's profiles make one profile, which is scaled to GROUP_WEIGHT. At last the build is scaled
 * as a whole, so that it has the CPU time that it really took, times the decay. All sums are of
 * integers, and each is rounded by itself, so that nothing hangs on the order of arrival.
 */
#include "collector/curate/gather.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/curate/choose.h"
#include "libpprof/pprof.h"
#include "pgo/notes.h"
#include "pgo/trim.h"

#define HOUR	     (3600 * (int64_t)NSEC_PER_SEC)
#define DAY	     (24 * HOUR)
#define MAX_STORED   ((size_t)128 << 20)
#define GROUP_WEIGHT ((int64_t)1 << 40) /* ns, 18 minutes: room for rounding */

/* What profiles that were added up have in common. */
struct tally {
	struct trim_sum sum;
	struct pgo_notes notes;
	size_t n_profiles, n_groups;
	int64_t first, last;
};

/* A profile that may be used. */
struct item {
	const struct depot_row *row;
	uint32_t mode;
	int64_t group;
};

struct gathering {
	struct depot_reader *reader;
	const struct depot_list *list;
	const struct curate_request *request;
	struct choice choice;
	struct pprof_profile *whole;
	struct tally tally;
	struct curate_result *result;
	struct curate_explain *e;
	struct item *items; /* of one build */
	int64_t *used;	    /* series of the profiles used */
	size_t n_used;
	size_t n_read;	 /* profiles, merged or not */
	bool mode_known; /* by CURATE_MODES_LARGEST */
	uint32_t mode;
};

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static void gathering_fini(struct gathering *g)
{
	pprof_free(g->whole);
	choice_fini(&g->choice);
	free(g->items);
	free(g->used);
}

static int outcome_of_depot(int r)
{
	return r > 0 ? CURATE_E_DAMAGED : r;
}

/* ---- one profile ------------------------------------------------------------------------- */

static void join(struct tally *to, const struct tally *from)
{
	if (!from->n_profiles)
		return;
	if (!to->n_profiles || from->first < to->first)
		to->first = from->first;
	if (!to->n_profiles || from->last > to->last)
		to->last = from->last;
	to->n_profiles += from->n_profiles;
	to->n_groups += from->n_groups;
	to->sum.cpu += from->sum.cpu;
	to->sum.samples += from->sum.samples;
	to->notes.known |= from->notes.known;
	to->notes.samples += from->notes.samples;
	to->notes.lost += from->notes.lost;
	to->notes.truncated += from->notes.truncated;
	to->notes.unsymbolized += from->notes.unsymbolized;
	to->notes.unwatched += from->notes.unwatched;
	to->notes.taken += from->notes.taken;
	if (from->notes.max_weight > to->notes.max_weight)
		to->notes.max_weight = from->notes.max_weight;
}

/* Those without notes count, too, as what they are: all taken, nothing known to be lost. */
static struct tally tally_of(const struct pprof_profile *p, const struct depot_row *row,
			     const struct trim_sum *sum)
{
	struct tally t = {
		.sum = *sum, .n_profiles = (size_t)row->n, .first = row->start, .last = row->end
	};

	pgo_notes_read(p, &t.notes);
	return t;
}

static size_t *left_out_of(struct curate_left_out *l, int outcome)
{
	switch (outcome) {
	case TRIM_E_NEGATIVE:
		return &l->negative;
	case TRIM_E_OVERFLOW:
		return &l->overflow;
	default:
		return &l->unreadable;
	}
}

/* What cannot be used is counted and passed over. @sofar: of @to; it must not overflow either. */
static int add_profile(struct gathering *g, const struct depot_row *row, struct pprof_profile *to,
		       struct tally *sofar)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	const int64_t left = TRIM_MAX_CPU - g->tally.sum.cpu - sofar->sum.cpu;
	const int64_t left_samples = TRIM_MAX_CPU - g->tally.sum.samples - sofar->sum.samples;
	struct trim_sum sum;
	int r = depot_read(g->reader, row->id, &stored);

	if (r == 0)
		r = pprof_decode(stored.data, stored.size, NULL, &p, NULL);
	if (r > 0)
		r = TRIM_E_NO_VALUES;
	if (r == 0)
		r = trim_measure(p, &sum);
	if (r == 0 && (sum.cpu > left || sum.samples > left_samples))
		r = TRIM_E_OVERFLOW;
	if (r > 0) {
		*left_out_of(&g->e->left_out, r) += (size_t)row->n;
		return 0;
	}
	if (r == 0)
		r = trim_add(to, p, g->request->policy.depth);
	if (r != 0)
		return r > 0 ? -E2BIG : r;
	const struct tally one = tally_of(p, row, &sum);
	join(sofar, &one);
	g->used[g->n_used++] = row->series;
	return 0;
}

/* ---- groups and modes -------------------------------------------------------------------- */

static int64_t group_of(const struct gathering *g, const struct depot_row *row)
{
	int64_t days = row->start / DAY;

	switch (g->request->policy.weight) {
	case CURATE_WEIGHT_INSTANCE:
		return row->series;
	case CURATE_WEIGHT_TIME:
		return row->start < 0 ? days - 1 : days;
	default:
		return 0;
	}
}

static int by_group(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->mode != y->mode)
		return x->mode > y->mode ? 1 : -1;
	if (x->group != y->group)
		return x->group > y->group ? 1 : -1;
	return (x->row > y->row) - (x->row < y->row);
}

static int add_items(struct gathering *g, const struct item *items, size_t n,
		     struct pprof_profile *to, struct tally *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_profile(g, items[i].row, to, t);
	return r;
}

static int add_scaled(struct gathering *g, struct pprof_profile *to, struct pprof_profile *from,
		      double factor)
{
	int r = trim_add_scaled(to, from, g->request->policy.depth, factor);

	return r > 0 ? -E2BIG : r;
}

static int add_group(struct gathering *g, const struct item *items, size_t n,
		     struct pprof_profile *to, struct tally *t)
{
	_cleanup_(profile_freep) struct pprof_profile *group = NULL;
	struct tally own = *t;
	int r = trim_new(&group);

	own.n_groups++;
	if (r == 0)
		r = add_items(g, items, n, group, &own);
	int64_t cpu = own.sum.cpu - t->sum.cpu;
	if (r != 0 || !cpu)
		return r;
	*t = own;
	return add_scaled(g, to, group, (double)GROUP_WEIGHT / (double)cpu);
}

/* The items of one mode. */
static int add_mode(struct gathering *g, const struct item *items, size_t n,
		    struct pprof_profile *to, struct tally *t)
{
	int r = 0;

	if (g->request->policy.weight == CURATE_WEIGHT_CPU)
		return add_items(g, items, n, to, t);
	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		for (end = i; end < n && items[end].group == items[i].group; end++)
			;
		r = add_group(g, items + i, end - i, to, t);
	}
	return r;
}

static size_t count_profiles(const struct item *items, size_t n)
{
	size_t profiles = 0;

	for (size_t i = 0; i < n; i++)
		profiles += (size_t)items[i].row->n;
	return profiles;
}

/* Keep the larger one of the newest build, and of other builds that mode. */
static int add_largest(struct gathering *g, const struct item *items, size_t n,
		       struct pprof_profile **best, struct tally *best_tally)
{
	_cleanup_(profile_freep) struct pprof_profile *one = NULL;
	struct tally t = { 0 };
	uint32_t mode = items->mode;
	size_t used = g->n_used;
	int r = 0;

	if (g->mode_known && mode != g->mode) {
		g->e->left_out.modes += count_profiles(items, n);
		g->e->modes[mode].used = false;
		return 0;
	}
	r = trim_new(&one);
	if (r == 0)
		r = add_mode(g, items, n, one, &t);
	if (r != 0)
		return r;
	g->e->modes[mode].cpu += t.sum.cpu;
	bool larger = t.sum.cpu > best_tally->sum.cpu;
	if (best_tally->n_profiles && larger) {
		g->e->left_out.modes += best_tally->n_profiles;
		memmove(g->used, g->used + used, (g->n_used - used) * sizeof(*g->used));
		g->n_used -= used;
	} else if (best_tally->n_profiles) {
		g->e->left_out.modes += t.n_profiles;
		g->n_used = used;
	}
	if (!larger)
		return 0;
	if (best_tally->n_profiles)
		g->e->modes[g->mode].used = false;
	g->mode = mode;
	g->e->modes[mode].used = true;
	pprof_free(*best);
	*best = TAKE_PTR(one);
	*best_tally = t;
	return 0;
}

static int add_modes(struct gathering *g, size_t n, struct pprof_profile **to, struct tally *t)
{
	bool largest = g->request->policy.modes == CURATE_MODES_LARGEST;
	int r = 0;

	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		struct curate_mode *mode = &g->e->modes[g->items[i].mode];
		int64_t before = t->sum.cpu;

		for (end = i; end < n && g->items[end].mode == g->items[i].mode; end++)
			;
		if (largest) {
			r = add_largest(g, g->items + i, end - i, to, t);
			continue;
		}
		r = add_mode(g, g->items + i, end - i, *to, t);
		mode->cpu += t->sum.cpu - before;
		mode->used |= t->sum.cpu > before;
	}
	g->mode_known |= largest && t->n_profiles;
	return r;
}

/* ---- builds ------------------------------------------------------------------------------ */

/* The newest profiles first, until there are too many; then by mode and group. */
static size_t list_items(struct gathering *g, uint32_t build)
{
	size_t n = 0;

	for (size_t i = g->list->n_rows; i-- > 0;) {
		const struct depot_row *row = &g->list->rows[i];
		const struct choice_series *s = choice_find(&g->choice, row->series);

		if (row->build != build || s->left != CHOICE_TAKEN)
			continue;
		if (g->n_read == CURATE_MAX_PROFILES) {
			g->e->left_out.too_many += (size_t)row->n;
			continue;
		}
		g->n_read++;
		g->items[n++] = (struct item){ row, s->mode, group_of(g, row) };
	}
	qsort(g->items, n, sizeof(*g->items), by_group);
	return n;
}

/* decay to the @n */
static double decayed(double decay, size_t n)
{
	double factor = 1;

	while (n--)
		factor *= decay;
	return factor;
}

static int add_build(struct gathering *g, uint32_t build)
{
	_cleanup_(profile_freep) struct pprof_profile *one = NULL;
	struct curate_build *b = &g->choice.builds[build];
	struct tally t = { 0 };
	size_t n = list_items(g, build);
	int r = trim_new(&one);

	if (r == 0)
		r = add_modes(g, n, &one, &t);
	b->fate = CURATE_UNUSABLE;
	if (r != 0 || !t.sum.cpu)
		return r;
	b->factor = decayed(g->request->policy.decay, g->e->n_builds_used);
	double factor = b->factor;
	if (g->request->policy.weight != CURATE_WEIGHT_CPU)
		factor *= (double)t.sum.cpu / (double)t.n_groups / (double)GROUP_WEIGHT;
	r = add_scaled(g, g->whole, one, factor);
	if (r != 0)
		return r;
	join(&g->tally, &t);
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
	return r ? r : trim_new(&g->whole);
}

static void begin_explain(struct curate_explain *e, const struct curate_request *request)
{
	snprintf(e->name, sizeof(e->name), "%s", request->name);
	snprintf(e->mode, sizeof(e->mode), "%s", request->mode ? request->mode : "");
	e->policy = request->policy;
}

int gather(struct depot_reader *reader, const struct curate_request *request,
	   const struct cold_list *cold, struct curate_result *ret_result)
{
	_cleanup_(depot_list_fini) struct depot_list list = DEPOT_LIST_NULL;
	const struct depot_query query = gather_query(request);
	struct curate_explain *e = &ret_result->explain;
	_cleanup_(gathering_fini) struct gathering g = {
		.reader = reader, .list = &list, .request = request, .result = ret_result, .e = e
	};
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
		snprintf(e->why, sizeof(e->why),
			 "None of its CPU profiles could be used: ?explain says why.");
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
