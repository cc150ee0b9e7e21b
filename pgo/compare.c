/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pgo/hotset.h"
#include "pgo/pairing.h"
#include "pgo/split.h"

/* Sums over the callees, and which of them count. */
struct form {
	const struct pairing *pairing;
	double *callee[2];
	uint32_t left_out; /* a name */
};

static double total(const double *weights, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += weights[i];
	return sum;
}

static double overlap(const double *x, const double *y, size_t n)
{
	double of_x = total(x, n), of_y = total(y, n), sum = 0;

	if (of_x <= 0 || of_y <= 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		sum += fmin(x[i] / of_x, y[i] / of_y);
	return sum;
}

static double form_overlap(struct form *f, const double *x, const double *reference)
{
	double sum = 0, all = 0;

	memset(f->callee[0], 0, f->pairing->names.n * sizeof(double));
	memset(f->callee[1], 0, f->pairing->names.n * sizeof(double));
	for (size_t i = 0; i < f->pairing->n; i++) {
		uint32_t callee = f->pairing->edges[i].callee;

		f->callee[0][callee] += x[i];
		f->callee[1][callee] += reference[i];
		all += callee == f->left_out ? 0 : reference[i];
	}
	for (size_t i = 0; i < f->pairing->n; i++) {
		uint32_t callee = f->pairing->edges[i].callee;
		double of_x = f->callee[0][callee], of_reference = f->callee[1][callee];

		if (callee == f->left_out || of_x <= 0 || of_reference <= 0)
			continue;
		sum += fmin(x[i] / of_x, reference[i] / of_reference) * of_reference;
	}
	return all > 0 ? sum / all : 0;
}

static int form_init(struct form *f, struct pairing *pairing)
{
	int r = pgo_names_add(&pairing->names, "runtime.asyncPreempt", &f->left_out);

	if (r < 0)
		return r == -E2BIG ? PGO_E_TOO_LARGE : r;
	f->pairing = pairing;
	f->callee[0] = calloc(pairing->names.n, sizeof(double));
	f->callee[1] = calloc(pairing->names.n, sizeof(double));
	return f->callee[0] && f->callee[1] ? 0 : -ENOMEM;
}

static void form_fini(struct form *f)
{
	free(f->callee[0]);
	free(f->callee[1]);
}

/* Weight of each of the pairing's edges in one profile. */
static double *weights_of(const struct pairing *pairing, const struct pgo_edges *edges, int which)
{
	double *weights = calloc(pairing->n + 1, sizeof(*weights));

	for (size_t i = 0; weights && i < edges->n_edges; i++)
		weights[pairing->number_of[which][i]] = edges->edges[i].weight;
	return weights;
}

static void find_ceilings(struct pgo_comparison *c, struct form *form, struct split *split,
			  unsigned int splits)
{
	size_t n = form->pairing->n;
	double edges = 0, forms = 0;

	for (unsigned int i = 0; i < splits; i++) {
		split_deal(split);
		edges += overlap(split->part[0], split->part[1], n);
		forms += form_overlap(form, split->part[0], split->part[1]);
	}
	c->edges.ceiling = edges / splits;
	c->form.ceiling = forms / splits;
	c->edges.ratio = c->edges.ceiling > 0 ? c->edges.overlap / c->edges.ceiling : NAN;
	c->form.ratio = c->form.ceiling > 0 ? c->form.overlap / c->form.ceiling : NAN;
	c->pooled = split->pooled;
	c->splits = splits;
}

static int by_difference(const void *a, const void *b)
{
	const struct pgo_difference *x = a, *y = b;
	double dx = fabs(x->a - x->b), dy = fabs(y->a - y->b);

	if (dx != dy)
		return dx > dy ? -1 : 1;
	if (x->caller != y->caller)
		return x->caller < y->caller ? -1 : 1;
	if (x->callee != y->callee)
		return x->callee < y->callee ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static int list_differences(struct pgo_comparison *c, const struct pairing *pairing,
			    const double *a, const double *b)
{
	double of_a = total(a, pairing->n), of_b = total(b, pairing->n);

	c->differences = calloc(pairing->n + 1, sizeof(*c->differences));
	if (!c->differences)
		return -ENOMEM;
	for (size_t i = 0; i < pairing->n; i++) {
		const struct paired_edge *e = &pairing->edges[i];

		c->differences[i] = (struct pgo_difference){
			.caller = e->caller,
			.callee = e->callee,
			.offset = e->offset,
			.a = of_a > 0 ? a[i] / of_a : 0,
			.b = of_b > 0 ? b[i] / of_b : 0,
		};
		c->only_a += b[i] == 0 ? c->differences[i].a : 0;
		c->only_b += a[i] == 0 ? c->differences[i].b : 0;
	}
	c->n_differences = pairing->n;
	qsort(c->differences, c->n_differences, sizeof(*c->differences), by_difference);
	return 0;
}

/* The hot edges are the first of each profile's, and so have known numbers. */
static int count_hot(struct pgo_comparison *c, const struct pairing *pairing,
		     const struct pgo_edges *a, const struct pgo_edges *b)
{
	_cleanup_(freep) bool *hot = calloc(pairing->n + 1, sizeof(*hot));

	if (!hot)
		return -ENOMEM;
	c->hot_a = pgo_hot_edges(a);
	c->hot_b = pgo_hot_edges(b);
	for (size_t i = 0; i < c->hot_a; i++)
		hot[pairing->number_of[0][i]] = true;
	for (size_t i = 0; i < c->hot_b; i++)
		c->hot_both += hot[pairing->number_of[1][i]];
	return 0;
}

static int compare(struct pgo_comparison *c, struct pairing *pairing, const struct pgo_edges *a,
		   const struct pgo_edges *b, const struct pgo_compare_options *options)
{
	_cleanup_(freep) double *of_a = weights_of(pairing, a, 0);
	_cleanup_(freep) double *of_b = weights_of(pairing, b, 1);
	_cleanup_(form_fini) struct form form = { 0 };
	_cleanup_(split_fini) struct split split = { 0 };
	int r = of_a && of_b ? form_init(&form, pairing) : -ENOMEM;

	if (r)
		return r;
	c->edges.overlap = overlap(of_a, of_b, pairing->n);
	c->form.overlap = form_overlap(&form, of_a, of_b);
	r = split_init(&split, pairing, a, b, options->seed);
	if (r)
		return r;
	find_ceilings(c, &form, &split, options->splits ? options->splits : PGO_SPLITS_DEFAULT);
	r = list_differences(c, pairing, of_a, of_b);
	if (r)
		return r;
	return count_hot(c, pairing, a, b);
}

int pgo_compare(const struct pgo_edges *a, const struct pgo_edges *b,
		const struct pgo_compare_options *options, struct pgo_comparison *ret_comparison)
{
	_cleanup_(pairing_fini) struct pairing pairing = { .names = PGO_NAMES_NULL };
	struct pgo_compare_options defaults = { .seed = 1 };
	struct pgo_comparison c = { .names = PGO_NAMES_NULL };
	int r;

	if (a->negative || b->negative)
		return PGO_E_NEGATIVE;
	r = pairing_init(&pairing, a, b);
	if (r)
		return r;
	r = compare(&c, &pairing, a, b, options ? options : &defaults);
	if (r) {
		pgo_comparison_fini(&c);
		return r;
	}
	c.names = pairing.names;
	pairing.names = (struct pgo_names)PGO_NAMES_NULL;
	*ret_comparison = c;
	return 0;
}

void pgo_comparison_fini(struct pgo_comparison *c)
{
	pgo_names_fini(&c->names);
	free(c->differences);
	c->differences = NULL;
}
