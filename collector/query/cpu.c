/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/cpu.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "collector/query/fold.h"
#include "collector/query/inside.h"

#define MAX_STORED ((size_t)128 << 20)

static const struct pprof_value_type cpu_type = { "cpu", "nanoseconds" };

struct adding {
	const struct query_call *call;
	const struct cpu_request *request;
	struct pprof_profile *sum, *from; /* the latter is read into again and again */
	struct fold *fold;		  /* of from to sum, of this side: */
	struct cpu_answer *answer;
	size_t side;
};

void cpu_answer_fini(struct cpu_answer *a)
{
	tree_fini(&a->tree);
}

static int check_size(const struct query_call *c, const struct pprof_profile *p, int r)
{
	if (r == PPROF_E_TOO_LARGE || pprof_n_samples(p) > QUERY_MAX_STACKS)
		return refuse(c->why, REFUSAL_TOO_LARGE, "these are too many stacks, ask for less");
	return r;
}

/* What cannot be read, or went since the list was made, is passed over. */
static int add_profile(struct adding *a, const struct depot_row *row)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	int r = depot_read(a->call->reader, row->id, &stored);
	size_t type;

	if (r == DEPOT_E_NONE)
		return 0;
	r = query_of_depot(a->call, r);
	if (r == 0)
		r = query_check_time(a->call);
	if (r != 0)
		return r;
	r = pprof_reread(a->from, stored.data, stored.size, NULL, NULL);
	if (r != 0)
		return r > 0 ? 0 : r;
	if (!fold_find_type(a->from, &cpu_type, &cpu_type, &type))
		return 0;
	a->answer->profiles[a->side] += row->n;
	return check_size(a->call, a->sum, fold_next(a->fold, a->from, type));
}

/* Those of the build that is asked for, in place. */
static void choose_build(struct depot_list *list, const char *build)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n_rows; i++) {
		const char *of = depot_list_text(list, list->builds[list->rows[i].build].id);

		if (!*build || !strcmp(build, of))
			list->rows[n++] = list->rows[i];
	}
	list->n_rows = n;
}

static size_t common_divisor(size_t a, size_t b)
{
	while (b) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Steps of about n / 1.618 that have no divisor with n in common come to all of n, and wherever
 * they end, what they came to lies evenly. */
static size_t even_step(size_t n)
{
	size_t step = (size_t)((double)n * 0.6180339887);

	while (step > 1 && common_divisor(n, step) != 1)
		step--;
	return step ? step : 1;
}

static int add_rows(struct adding *a, const struct depot_list *list)
{
	const uint64_t until = clock_monotonic() + a->request->patience;
	size_t step = even_step(list->n_rows), at = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n_rows; i++, at = (at + step) % list->n_rows) {
		const struct depot_row *row = &list->rows[at];

		if (i && clock_monotonic() > until)
			a->answer->skipped[a->side] += row->n;
		else
			r = add_profile(a, row);
	}
	return r;
}

static int add_side(struct adding *a)
{
	static const struct fold_options names = { .shape = FOLD_NAMES };
	_cleanup_(depot_list_fini) struct depot_list list = DEPOT_LIST_NULL;
	const struct cpu_side *side = &a->request->sides[a->side];
	struct depot_query query = { .tenant = a->request->tenant,
				     .name = a->request->name,
				     .since = side->since,
				     .until = side->until };

	depot_query_align(&query, a->request->now);
	int r = query_of_depot(a->call, depot_list(a->call->reader, &query, &list));
	if (r != 0)
		return r;
	choose_build(&list, side->build);
	r = fold_open(a->sum, a->side, &names, &a->fold);
	if (r == 0)
		r = add_rows(a, &list);
	a->fold = fold_close(a->fold);
	return r;
}

static int add_sides(struct adding *a)
{
	int r = fold_new(&cpu_type, &cpu_type, a->request->n_sides, &a->sum);

	if (r == 0)
		r = pprof_new(&a->from);
	for (; r == 0 && a->side < a->request->n_sides; a->side++)
		r = add_side(a);
	if (r == 0)
		r = tree_make(a->sum, a->request->n_sides, &a->answer->tree);
	if (r == -E2BIG)
		r = refuse(a->call->why, REFUSAL_TOO_LARGE, "the tree is too large, ask for less");
	a->answer->nodes = a->answer->tree.n;
	return r ? r : tree_cut(&a->answer->tree, a->request->max_nodes);
}

int query_cpu(struct query *q, const struct cpu_request *request, struct cpu_answer *ret_answer,
	      struct refusal *why)
{
	const struct query_request of_call = { .tenant = request->tenant,
					       .deadline = request->deadline };
	struct query_call c = { .query = q, .request = &of_call, .why = why };
	int r = query_enter(&c);

	if (r != 0)
		return r;
	struct adding a = { .call = &c, .request = request, .answer = ret_answer };
	r = add_sides(&a);
	pprof_free(a.sum);
	pprof_free(a.from);
	query_leave(&c);
	return r;
}
