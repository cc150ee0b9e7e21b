/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct order {
	const struct pprof_profile *p;
	uint32_t *text_ranks; /* by number, as are all */
	uint32_t *mapping_ranks, *function_ranks, *location_ranks;
};

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

static int compare_texts(const void *a, const void *b, void *order)
{
	const struct order *o = order;

	return strcmp(pp_text(o->p, *(uint32_t *)a), pp_text(o->p, *(uint32_t *)b));
}

/*
 * Each text takes part in one sorting: two that are long and alike may stand in any number of rows.
 */
static int compare_ranks(const struct order *o, uint32_t a, uint32_t b)
{
	return COMPARE(o->text_ranks[a], o->text_ranks[b]);
}

static int compare_mappings(const void *a, const void *b, void *order)
{
	const struct order *o = order;
	const struct pp_mapping *x =
		pp_array_at(&o->p->mappings, struct pp_mapping, *(uint32_t *)a);
	const struct pp_mapping *y =
		pp_array_at(&o->p->mappings, struct pp_mapping, *(uint32_t *)b);

	return compare_ranks(o, x->file, y->file)
		       ?: compare_ranks(o, x->build_id, y->build_id)
		       ?: COMPARE(x->start, y->start)
		       ?: COMPARE(x->limit, y->limit)
		       ?: COMPARE(x->offset, y->offset)
		       ?: COMPARE(x->has_functions, y->has_functions)
		       ?: COMPARE(x->has_filenames, y->has_filenames)
		       ?: COMPARE(x->has_line_numbers, y->has_line_numbers)
		       ?: COMPARE(x->has_inline_frames, y->has_inline_frames);
}

static int compare_functions(const void *a, const void *b, void *order)
{
	const struct order *o = order;
	const struct pp_function *x =
		pp_array_at(&o->p->functions, struct pp_function, *(uint32_t *)a);
	const struct pp_function *y =
		pp_array_at(&o->p->functions, struct pp_function, *(uint32_t *)b);

	return compare_ranks(o, x->name, y->name)
		       ?: compare_ranks(o, x->system_name, y->system_name)
		       ?: compare_ranks(o, x->file, y->file)
		       ?: COMPARE(x->start_line, y->start_line);
}

static int compare_lines(const struct order *o, const struct pp_location *x,
			 const struct pp_location *y)
{
	const struct pprof_line *xs = pp_array_at(&o->p->lines, struct pprof_line, x->first_line);
	const struct pprof_line *ys = pp_array_at(&o->p->lines, struct pprof_line, y->first_line);
	uint32_t n = x->n_lines < y->n_lines ? x->n_lines : y->n_lines;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t x_rank = o->function_ranks[xs[i].function];
		uint32_t y_rank = o->function_ranks[ys[i].function];
		int r = COMPARE(x_rank, y_rank)
				?: COMPARE(xs[i].line, ys[i].line)
				?: COMPARE(xs[i].column, ys[i].column);

		if (r)
			return r;
	}
	return COMPARE(x->n_lines, y->n_lines);
}

static uint32_t mapping_rank(const struct order *o, uint32_t mapping)
{
	return mapping == PPROF_NONE ? PPROF_NONE : o->mapping_ranks[mapping];
}

static int compare_locations(const void *a, const void *b, void *order)
{
	const struct order *o = order;
	const struct pp_location *x =
		pp_array_at(&o->p->locations, struct pp_location, *(uint32_t *)a);
	const struct pp_location *y =
		pp_array_at(&o->p->locations, struct pp_location, *(uint32_t *)b);

	return compare_lines(o, x, y)
		       ?: COMPARE(mapping_rank(o, x->mapping), mapping_rank(o, y->mapping))
		       ?: COMPARE(x->address, y->address)
		       ?: COMPARE(x->is_folded, y->is_folded);
}

static int compare_labels(const struct order *o, const struct pp_sample *x,
			  const struct pp_sample *y)
{
	const struct pprof_profile *p = o->p;
	const struct pp_label *xs = pp_array_at(&p->sample_labels, struct pp_label, x->first_label);
	const struct pp_label *ys = pp_array_at(&p->sample_labels, struct pp_label, y->first_label);
	uint32_t n = x->n_labels < y->n_labels ? x->n_labels : y->n_labels;

	for (uint32_t i = 0; i < n; i++) {
		bool x_numeric = xs[i].text == PPROF_NONE, y_numeric = ys[i].text == PPROF_NONE;
		int r = compare_ranks(o, xs[i].key, ys[i].key) ?: COMPARE(x_numeric, y_numeric);

		if (!r && !x_numeric)
			r = compare_ranks(o, xs[i].text, ys[i].text);
		r = r ?: COMPARE(xs[i].number, ys[i].number)
				?: compare_ranks(o, xs[i].unit, ys[i].unit);
		if (r)
			return r;
	}
	return COMPARE(x->n_labels, y->n_labels);
}

/* Leaf first. */
static int compare_samples(const void *a, const void *b, void *order)
{
	const struct order *o = order;
	const struct pprof_profile *p = o->p;
	const struct pp_sample *x = pp_array_at(&p->samples, struct pp_sample, *(uint32_t *)a);
	const struct pp_sample *y = pp_array_at(&p->samples, struct pp_sample, *(uint32_t *)b);
	const uint32_t *xs = pp_array_at(&p->sample_locations, uint32_t, x->first_location);
	const uint32_t *ys = pp_array_at(&p->sample_locations, uint32_t, y->first_location);
	uint32_t n = x->n_locations < y->n_locations ? x->n_locations : y->n_locations;

	for (uint32_t i = 0; i < n; i++)
		if (xs[i] != ys[i])
			return COMPARE(o->location_ranks[xs[i]], o->location_ranks[ys[i]]);
	return COMPARE(x->n_locations, y->n_locations) ?: compare_labels(o, x, y);
}

/* The numbers below @n, sorted. */
static uint32_t *sorted(struct order *o, uint32_t n,
			int (*compare)(const void *, const void *, void *))
{
	uint32_t *numbers = calloc((size_t)n + 1, sizeof(*numbers));

	if (!numbers)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = i;
	qsort_r(numbers, n, sizeof(*numbers), compare, o);
	return numbers;
}

static uint32_t *ranks(struct order *o, uint32_t n,
		       int (*compare)(const void *, const void *, void *))
{
	uint32_t *by_number = calloc((size_t)n + 1, sizeof(*by_number));
	uint32_t *numbers = sorted(o, n, compare);

	if (!by_number || !numbers) {
		free(by_number);
		by_number = NULL;
	}
	for (uint32_t i = 0; by_number && i < n; i++)
		by_number[numbers[i]] = i;
	free(numbers);
	return by_number;
}

int pp_order_samples(const struct pprof_profile *p, uint32_t **ret_numbers)
{
	struct order o = { .p = p };
	uint32_t *numbers = NULL;

	o.text_ranks = ranks(&o, p->strings.texts.n, compare_texts);
	if (o.text_ranks)
		o.mapping_ranks = ranks(&o, p->mappings.n, compare_mappings);
	if (o.mapping_ranks)
		o.function_ranks = ranks(&o, p->functions.n, compare_functions);
	if (o.function_ranks)
		o.location_ranks = ranks(&o, p->locations.n, compare_locations);
	if (o.location_ranks)
		numbers = sorted(&o, p->samples.n, compare_samples);
	free(o.text_ranks);
	free(o.mapping_ranks);
	free(o.function_ranks);
	free(o.location_ranks);
	if (!numbers)
		return -ENOMEM;
	*ret_numbers = numbers;
	return 0;
}
