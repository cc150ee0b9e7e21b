/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/fold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "libpprof/map.h"

struct fold {
	struct pprof_profile *to, *from;
	const struct fold_options *options;
	size_t slot;
	uint64_t generation;			      /* of from */
	struct pp_map mappings, functions, locations; /* of from to those of to */
	struct pprof_line *lines;
	uint32_t *stack;
	size_t n_lines, n_stack; /* there is room for */
	int64_t *values;
};

int fold_new(const struct pprof_value_type *type, const struct pprof_value_type *period, size_t n,
	     struct pprof_profile **ret_profile)
{
	const struct pprof_header header = { .period_type = *period };
	struct pprof_profile *p;
	int r = pprof_new(&p);

	if (r != 0)
		return r;
	r = pprof_set_header(p, &header);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = pprof_add_sample_type(p, type);
	if (r != 0)
		pprof_free(p);
	else
		*ret_profile = p;
	return r;
}

static bool same_type(const struct pprof_value_type *a, const struct pprof_value_type *b)
{
	return !strcmp(a->type, b->type) && !strcmp(a->unit, b->unit);
}

bool fold_find_type(const struct pprof_profile *p, const struct pprof_value_type *type,
		    const struct pprof_value_type *period, size_t *ret_number)
{
	const struct pprof_header h = pprof_header(p);

	if (!same_type(&h.period_type, period))
		return false;
	for (size_t i = 0; i < pprof_n_sample_types(p); i++) {
		const struct pprof_value_type v = pprof_sample_type(p, i);

		if (same_type(&v, type)) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

struct fold *fold_close(struct fold *f)
{
	if (!f)
		return NULL;
	pp_map_fini(&f->mappings);
	pp_map_fini(&f->functions);
	pp_map_fini(&f->locations);
	free(f->lines);
	free(f->stack);
	free(f->values);
	free(f);
	return NULL;
}

int fold_open(struct pprof_profile *to, size_t slot, const struct fold_options *options,
	      struct fold **ret_fold)
{
	struct fold *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	*f = (struct fold){ .to = to, .options = options, .slot = slot };
	f->values = calloc(pprof_n_sample_types(to), sizeof(*f->values));
	if (!f->values) {
		fold_close(f);
		return -ENOMEM;
	}
	*ret_fold = f;
	return 0;
}

static int begin(struct fold *f)
{
	if (f->generation != pprof_generation(f->from)) {
		pp_map_forget(&f->mappings);
		pp_map_forget(&f->functions);
		pp_map_forget(&f->locations);
		f->generation = pprof_generation(f->from);
	}
	return pp_map_grow(&f->mappings, pprof_n_mappings(f->from))
		       ?: pp_map_grow(&f->functions, pprof_n_functions(f->from))
		       ?: pp_map_grow(&f->locations, pprof_n_locations(f->from));
}

/* @array with room for @wanted items, of which *@n is kept. NULL: no memory. */
static void *room(void *array, size_t *n, size_t wanted, size_t item)
{
	if (array && *n >= wanted)
		return array;
	void *larger = reallocarray(array, wanted + 1, item);
	if (larger)
		*n = wanted + 1;
	return larger;
}

/* ---- tables ------------------------------------------------------------------------------ */

static int copy_mapping(struct fold *f, uint32_t number, uint32_t *ret_number)
{
	int r = 0;

	*ret_number = PPROF_NONE;
	if (number == PPROF_NONE)
		return 0;
	if (f->mappings.numbers[number] == PPROF_NONE) {
		const struct pprof_mapping m = pprof_mapping(f->from, number);

		r = pprof_add_mapping(f->to, &m, &f->mappings.numbers[number]);
	}
	*ret_number = f->mappings.numbers[number];
	return r;
}

static int copy_function(struct fold *f, uint32_t number, uint32_t *ret_number)
{
	int r = 0;

	if (f->functions.numbers[number] == PPROF_NONE) {
		struct pprof_function copy = pprof_function(f->from, number);

		if (f->options->shape == FOLD_NAMES)
			copy = (struct pprof_function){ .name = copy.name };
		r = pprof_add_function(f->to, &copy, &f->functions.numbers[number]);
	}
	*ret_number = f->functions.numbers[number];
	return r;
}

/* Where there are no names, the address is one. */
static int name_address(struct fold *f, uint64_t address, struct pprof_line *ret_line)
{
	char name[24];
	const struct pprof_function function = { .name = name };

	snprintf(name, sizeof(name), "0x%" PRIx64, address);
	*ret_line = (struct pprof_line){ 0 };
	return pprof_add_function(f->to, &function, &ret_line->function);
}

static int copy_lines(struct fold *f, const struct pprof_location *l)
{
	struct pprof_line *lines = room(f->lines, &f->n_lines, l->n_lines + 1, sizeof(*lines));
	int r = 0;

	if (!lines)
		return -ENOMEM;
	f->lines = lines;
	for (size_t i = 0; r == 0 && i < l->n_lines; i++) {
		lines[i] = f->options->shape == FOLD_NAMES ? (struct pprof_line){ 0 } : l->lines[i];
		r = copy_function(f, l->lines[i].function, &lines[i].function);
	}
	return r;
}

static int copy_location(struct fold *f, uint32_t number, uint32_t *ret_number)
{
	struct pprof_location l = pprof_location(f->from, number);
	int r = copy_lines(f, &l);

	if (f->options->shape == FOLD_NAMES) {
		if (r == 0 && !l.n_lines)
			r = name_address(f, l.address, &f->lines[0]);
		l = (struct pprof_location){ .mapping = PPROF_NONE,
					     .n_lines = l.n_lines ? l.n_lines : 1 };
	} else if (r == 0) {
		r = copy_mapping(f, l.mapping, &l.mapping);
	}
	l.lines = f->lines;
	return r ? r : pprof_add_location(f->to, &l, ret_number);
}

static int find_location(struct fold *f, uint32_t number, uint32_t *ret_number)
{
	int r = f->locations.numbers[number] == PPROF_NONE
			? copy_location(f, number, &f->locations.numbers[number])
			: 0;

	*ret_number = f->locations.numbers[number];
	return r;
}

/* ---- samples ----------------------------------------------------------------------------- */

static bool is_under_call_site(const struct fold *f, const struct pprof_sample *s)
{
	size_t n = 0;

	for (size_t i = s->n_locations; i-- > 0 && n < f->options->n_call_site;) {
		const struct pprof_location l = pprof_location(f->from, s->locations[i]);

		for (size_t k = l.n_lines; k-- > 0 && n < f->options->n_call_site; n++)
			if (strcmp(pprof_function(f->from, l.lines[k].function).name,
				   f->options->call_site[n]) != 0)
				return false;
	}
	return n == f->options->n_call_site;
}

static bool has_label(const struct pprof_sample *s, const struct fold_filter *filter)
{
	for (size_t i = 0; i < s->n_labels; i++) {
		if (!s->labels[i].text || strcmp(s->labels[i].key, filter->key) != 0)
			continue;
		for (size_t k = 0; k < filter->n; k++)
			if (!strcmp(s->labels[i].text, filter->values[k]))
				return true;
	}
	return false;
}

static bool is_wanted(const struct fold *f, const struct pprof_sample *s, size_t type)
{
	return s->values[type] && (!f->options->filter.key || has_label(s, &f->options->filter)) &&
	       (!f->options->n_call_site || is_under_call_site(f, s));
}

static int add_sample(struct fold *f, size_t number, size_t type)
{
	const struct pprof_sample s = pprof_sample(f->from, number);
	size_t depth = f->options->depth;
	size_t n = depth && depth < s.n_locations ? depth : s.n_locations;
	uint32_t *stack = room(f->stack, &f->n_stack, n, sizeof(*stack));
	int r = 0;

	if (!stack)
		return -ENOMEM;
	f->stack = stack;
	if (!is_wanted(f, &s, type))
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = find_location(f, s.locations[i], &f->stack[i]);
	f->values[f->slot] = s.values[type];
	const struct pprof_sample folded = { .locations = f->stack,
					     .n_locations = n,
					     .values = f->values };
	return r ? r : pprof_add_sample(f->to, &folded, NULL);
}

/* As pprof_merge() has it. */
static int merge_header(struct fold *f)
{
	struct pprof_header to = pprof_header(f->to), from = pprof_header(f->from);

	if (from.time_nanos && (!to.time_nanos || from.time_nanos < to.time_nanos))
		to.time_nanos = from.time_nanos;
	if (__builtin_add_overflow(to.duration_nanos, from.duration_nanos, &to.duration_nanos))
		to.duration_nanos = INT64_MAX;
	if (from.period > to.period)
		to.period = from.period;
	return pprof_set_header(f->to, &to);
}

int fold_next(struct fold *f, struct pprof_profile *from, size_t type)
{
	uint32_t number;

	f->from = from;
	int r = begin(f);
	/* The main binary comes first in both. */
	if (r == 0 && f->options->shape == FOLD_WHOLE)
		r = copy_mapping(f, pprof_main_mapping(from), &number);
	for (size_t i = 0; r == 0 && i < pprof_n_samples(from); i++)
		r = add_sample(f, i, type);
	return r ? r : merge_header(f);
}

static void fold_closep(struct fold **f)
{
	fold_close(*f);
}

int fold_add(struct pprof_profile *to, size_t slot, struct pprof_profile *from, size_t type,
	     const struct fold_options *options)
{
	_cleanup_(fold_closep) struct fold *f = NULL;
	int r = fold_open(to, slot, options, &f);

	return r ? r : fold_next(f, from, type);
}
