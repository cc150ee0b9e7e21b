/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/gathering.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "collector/curate/kept.h"
#include "libpprof/pprof.h"

#define DAY	   (24 * 3600 * (int64_t)NSEC_PER_SEC)
#define MAX_STORED ((size_t)128 << 20)
#define FEW	   4 /* profiles that are not worth a block */

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static int check_stop(const struct gathering *g)
{
	return g->stop && atomic_load(g->stop) ? -ECANCELED : 0;
}

/* ---- one profile ------------------------------------------------------------------------- */

static struct tally tally_of(const struct depot_row *row, const struct trim_sum *sum)
{
	return (struct tally){
		.sum = *sum, .n_profiles = (size_t)row->n, .first = row->start, .last = row->end
	};
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

static struct trim_sum room_of(const struct gathering *g, const struct tally *sofar)
{
	return (struct trim_sum){
		.cpu = TRIM_MAX_CPU - g->tally.sum.cpu - g->reserved.cpu - sofar->sum.cpu,
		.samples = TRIM_MAX_CPU - g->tally.sum.samples - g->reserved.samples -
			   sofar->sum.samples,
	};
}

/* What cannot be used is counted and passed over. @sofar: of the sum; it must not overflow either.
 */
static int add_profile(struct gathering *g, const struct depot_row *row, struct trim *to,
		       struct tally *sofar)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	struct pprof_profile *p = g->from;
	const struct trim_sum left = room_of(g, sofar);
	struct trim_sum sum;
	int r = depot_read(g->reader, row->id, &stored);

	if (r == 0)
		r = pprof_reread(p, stored.data, stored.size, NULL, NULL);
	if (r > 0)
		r = TRIM_E_NO_VALUES;
	if (r == 0)
		r = trim_measure(p, &sum);
	if (r == 0 && (sum.cpu > left.cpu || sum.samples > left.samples))
		r = TRIM_E_OVERFLOW;
	if (r > 0) {
		*left_out_of(&g->e->left_out, r) += (size_t)row->n;
		return 0;
	}
	if (r == 0)
		r = trim_next(to, p);
	if (r != 0)
		return r > 0 ? -E2BIG : r;
	struct tally one = tally_of(row, &sum);
	/* Those without notes count, too, as what they are: all taken, nothing known to be lost. */
	pgo_notes_read(p, &one.notes);
	tally_join(sofar, &one);
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

/* All instances of an hour; of one instance that would be a few profiles only, or one. */
static int64_t block_of(const struct gathering *g, const struct depot_row *row)
{
	bool alone = g->request->policy.weight == CURATE_WEIGHT_INSTANCE;

	return row->start / (alone ? DEPOT_DAY : DEPOT_HOUR);
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

static void trim_closep(struct trim **t)
{
	trim_close(*t);
}

static int add_rows(struct gathering *g, const struct item *items, size_t n,
		    struct pprof_profile *to, struct tally *t)
{
	_cleanup_(trim_closep) struct trim *trim = NULL;
	int r = trim_open(to, g->request->policy.depth, &trim);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_stop(g);
		if (r == 0)
			r = add_profile(g, items[i].row, trim, t);
	}
	return r;
}

/* One that is broken is counted, dropped, and as good as none: what it was made of is there. */
static int recall_kept(struct gathering *g, const struct item *items, const int64_t *ids, size_t n,
		       struct pprof_profile **sum, struct tally *tally, size_t *known)
{
	_cleanup_(profile_freep) struct pprof_profile *kept = NULL;
	const struct trim_sum none = { 0 };
	struct trim_sum of_all;
	int r = kept_find(g->reader, g->request->policy.depth, ids, n, known, &kept, &of_all);

	if (r == KEPT_E_BROKEN) {
		g->result->broken_sums++;
		kept_drop(g->depot, g->request->policy.depth, ids[0]);
	}
	if (r < 0 || !kept)
		return r < 0 ? r : 0;
	*tally = (struct tally){ 0 };
	for (size_t i = 0; i < *known; i++) {
		const struct tally one = tally_of(items[i].row, &none);

		tally_join(tally, &one);
	}
	tally->sum = of_all;
	pgo_notes_read(kept, &tally->notes);
	pprof_free(*sum);
	*sum = TAKE_PTR(kept);
	return 0;
}

/* What was added up of the first of the items, in *ret_sum; *ret_n: of how many. */
static int recall(struct gathering *g, const struct item *items, const int64_t *ids, size_t n,
		  struct pprof_profile **ret_sum, struct tally *ret_tally, size_t *ret_n)
{
	const struct block *block = blocks_find(g->blocks, g->request->policy.depth, ids, n);
	const struct trim_sum left = room_of(g, ret_tally);
	int r = 0;

	*ret_n = 0;
	if (block) {
		r = pprof_decode(block->pprof.data, block->pprof.size, NULL, ret_sum, NULL);
		*ret_tally = block->tally;
		*ret_n = block->n;
	}
	if (r == 0 && *ret_n < n)
		r = recall_kept(g, items, ids, n, ret_sum, ret_tally, ret_n);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	if (ret_tally->sum.cpu > left.cpu || ret_tally->sum.samples > left.samples) {
		*ret_sum = pprof_free(*ret_sum);
		*ret_tally = (struct tally){ 0 };
		*ret_n = 0;
	}
	for (size_t i = 0; i < *ret_n; i++)
		g->used[g->n_used++] = items[i].row->series;
	return *ret_sum ? 0 : trim_new(ret_sum);
}

static int keep(struct gathering *g, const int64_t *ids, size_t n, struct pprof_profile *sum,
		const struct tally *t)
{
	size_t depth = g->request->policy.depth;
	int r = blocks_put(g->blocks, depth, ids, n, sum, t);

	if (r == 0 && g->keeps)
		r = kept_put(g->depot, depth, ids, n, sum, &t->notes);
	return r;
}

/* Items of one block, by id. */
static int add_block(struct gathering *g, const struct item *items, const int64_t *ids, size_t n,
		     struct pprof_profile *to, struct tally *t)
{
	_cleanup_(profile_freep) struct pprof_profile *sum = NULL;
	size_t known = 0, used = g->n_used;
	struct tally own = { 0 };

	g->reserved = t->sum;
	int r = recall(g, items, ids, n, &sum, &own, &known);
	if (r == 0)
		r = add_rows(g, items + known, n - known, sum, &own);
	g->reserved = (struct trim_sum){ 0 };
	/* With something in it that could not be used it is looked at again each time. */
	if (r == 0 && known < n && g->n_used - used == n)
		r = keep(g, ids, n, sum, &own);
	if (r == 0)
		r = trim_add(to, sum, g->request->policy.depth);
	tally_join(t, &own);
	return r > 0 ? -E2BIG : r;
}

static int by_block(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->block != y->block)
		return x->block > y->block ? 1 : -1;
	return (x->row->id > y->row->id) - (x->row->id < y->row->id);
}

static int add_items(struct gathering *g, struct item *items, size_t n, struct pprof_profile *to,
		     struct tally *t)
{
	_cleanup_(freep) int64_t *ids = reallocarray(NULL, n + 1, sizeof(*ids));
	int r = ids ? 0 : -ENOMEM;

	qsort(items, n, sizeof(*items), by_block);
	for (size_t i = 0; r == 0 && i < n; i++)
		ids[i] = items[i].row->id;
	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		for (end = i; end < n && items[end].block == items[i].block; end++)
			;
		r = check_stop(g);
		if (r == 0)
			r = end - i < FEW ? add_rows(g, items + i, end - i, to, t)
					  : add_block(g, items + i, ids + i, end - i, to, t);
	}
	return r;
}

int gathering_add_scaled(struct gathering *g, struct pprof_profile *to, struct pprof_profile *from,
			 double factor)
{
	int r = trim_add_scaled(to, from, g->request->policy.depth, factor);

	return r > 0 ? -E2BIG : r;
}

static int add_group(struct gathering *g, struct item *items, size_t n, struct pprof_profile *to,
		     struct tally *t)
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
	return gathering_add_scaled(g, to, group, (double)GROUP_WEIGHT / (double)cpu);
}

/* The items of one mode. */
static int add_mode(struct gathering *g, struct item *items, size_t n, struct pprof_profile *to,
		    struct tally *t)
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
static int add_largest(struct gathering *g, struct item *items, size_t n,
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

int gathering_add_modes(struct gathering *g, size_t n, struct pprof_profile **to, struct tally *t)
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

/* The newest profiles first, until there are too many; then by mode and group. */
size_t gathering_list(struct gathering *g, uint32_t build)
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
		g->items[n++] = (struct item){ row, s->mode, group_of(g, row), block_of(g, row) };
	}
	qsort(g->items, n, sizeof(*g->items), by_group);
	return n;
}
