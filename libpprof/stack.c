/* SPDX-License-Identifier: Apache-2.0 */
/* Locations and samples: the tables whose rows vary in length. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libpprof/model.h"

/* ---- locations --------------------------------------------------------------------------- */

static uint64_t hash_location(const struct pprof_profile *p, const struct pprof_location *l)
{
	uint64_t hash = pp_hash_u64(p->strings.seed, l->address);

	hash = pp_hash_u64(hash, l->mapping);
	for (size_t i = 0; i < l->n_lines; i++) {
		hash = pp_hash_u64(hash, l->lines[i].function);
		hash = pp_hash_u64(hash, l->lines[i].line);
		hash = pp_hash_u64(hash, l->lines[i].column);
	}
	return hash;
}

static bool same_location(const struct pprof_profile *p, uint32_t number,
			  const struct pprof_location *l)
{
	const struct pp_location *row = pp_array_at(&p->locations, struct pp_location, number);
	const struct pprof_line *lines = pp_array_at(&p->lines, struct pprof_line, row->first_line);

	if (row->address != l->address || row->mapping != l->mapping ||
	    row->n_lines != l->n_lines || row->is_folded != l->is_folded)
		return false;
	for (size_t i = 0; i < l->n_lines; i++)
		if (lines[i].function != l->lines[i].function ||
		    lines[i].line != l->lines[i].line || lines[i].column != l->lines[i].column)
			return false;
	return true;
}

static bool valid_location(const struct pprof_profile *p, const struct pprof_location *l)
{
	if (l->mapping != PPROF_NONE && l->mapping >= p->mappings.n)
		return false;
	for (size_t i = 0; i < l->n_lines; i++)
		if (l->lines[i].function >= p->functions.n)
			return false;
	return true;
}

static int append_location(struct pprof_profile *p, const struct pprof_location *l, uint64_t hash)
{
	struct pp_location row = {
		.address = l->address,
		.mapping = l->mapping,
		.first_line = p->lines.n,
		.n_lines = l->n_lines,
		.is_folded = l->is_folded,
	};
	int r = pp_array_reserve(&p->locations, sizeof(row), 1);

	if (!r)
		r = pp_array_append(&p->lines, sizeof(*l->lines), l->lines, l->n_lines);
	if (!r)
		r = pp_index_add(&p->location_index, hash, p->locations.n);
	if (!r)
		r = pp_array_append(&p->locations, sizeof(row), &row, 1);
	return r;
}

static int find_or_append_location(struct pprof_profile *p, const struct pprof_location *l,
				   uint32_t *ret_number)
{
	uint64_t hash = hash_location(p, l);
	uint32_t at = PP_INDEX_START;

	while (pp_index_next(&p->location_index, hash, &at, ret_number))
		if (same_location(p, *ret_number, l))
			return 0;
	*ret_number = p->locations.n;
	return append_location(p, l, hash);
}

int pprof_add_location(struct pprof_profile *p, const struct pprof_location *l,
		       uint32_t *ret_number)
{
	uint32_t number;
	int r = 0;

	if (!valid_location(p, l))
		return -EINVAL;
	if (l->n_lines > INT32_MAX)
		return PPROF_E_TOO_LARGE;
	if (!pp_guess_next(&p->location_guess, &number) || !same_location(p, number, l))
		r = find_or_append_location(p, l, &number);
	if (r)
		return r;
	pp_guess_learn(&p->location_guess, number);
	if (ret_number)
		*ret_number = number;
	return 0;
}

size_t pprof_n_locations(const struct pprof_profile *p)
{
	return p->locations.n;
}

struct pprof_location pprof_location(const struct pprof_profile *p, size_t number)
{
	const struct pp_location *row = pp_array_at(&p->locations, struct pp_location, number);

	assert(number < p->locations.n);
	return (struct pprof_location){
		.mapping = row->mapping,
		.address = row->address,
		.lines = pp_array_at(&p->lines, struct pprof_line, row->first_line),
		.n_lines = row->n_lines,
		.is_folded = row->is_folded,
	};
}

/* ---- labels ------------------------------------------------------------------------------ */

int pp_push_label(struct pprof_profile *p, struct pp_label *label)
{
	if (label->text == 0 || (label->text == PPROF_NONE && !label->number && !label->unit))
		return 0;
	label->position = p->new_labels.n;
	return pp_array_append(&p->new_labels, sizeof(*label), label, 1);
}

static int push_labels(struct pprof_profile *p, const struct pprof_sample *s)
{
	p->new_labels.n = 0;
	for (size_t i = 0; i < s->n_labels; i++) {
		const struct pprof_label *from = &s->labels[i];
		struct pp_label label = { .text = PPROF_NONE };
		int r = pp_intern(p, from->key, &label.key);

		if (!r && from->text)
			r = pp_intern(p, from->text, &label.text);
		if (!r && !from->text) {
			label.number = from->number;
			r = pp_intern(p, from->unit, &label.unit);
		}
		if (!r)
			r = pp_push_label(p, &label);
		if (r)
			return r;
	}
	return 0;
}

/* By key, texts before numbers; values of one key keep their order, as google/pprof keeps it. */
static int compare_labels(const void *a, const void *b, void *profile)
{
	const struct pp_label *x = a, *y = b;
	const struct pprof_profile *p = profile;
	bool x_numeric = x->text == PPROF_NONE, y_numeric = y->text == PPROF_NONE;
	int order = x->key != y->key ? strcmp(pp_text(p, x->key), pp_text(p, y->key)) : 0;

	if (order)
		return order;
	if (x_numeric != y_numeric)
		return x_numeric ? 1 : -1;
	return x->position < y->position ? -1 : x->position > y->position;
}

static void sort_labels(struct pprof_profile *p)
{
	if (p->new_labels.n > 1)
		qsort_r(p->new_labels.data, p->new_labels.n, sizeof(struct pp_label),
			compare_labels, p);
}

static bool same_label(const struct pp_label *a, const struct pp_label *b)
{
	return a->key == b->key && a->text == b->text && a->number == b->number &&
	       a->unit == b->unit;
}

/* ---- samples ----------------------------------------------------------------------------- */

static uint64_t hash_sample(const struct pprof_profile *p, const uint32_t *locations, size_t n)
{
	uint64_t hash = pp_hash_u64(p->strings.seed, n);

	for (size_t i = 0; i + 1 < n; i += 2)
		hash = pp_hash_u64(hash, (uint64_t)locations[i] << 32 | locations[i + 1]);
	if (n % 2)
		hash = pp_hash_u64(hash, locations[n - 1]);
	for (uint32_t i = 0; i < p->new_labels.n; i++) {
		const struct pp_label *label = pp_array_at(&p->new_labels, struct pp_label, i);

		hash = pp_hash_u64(hash, (uint64_t)label->key << 32 | label->text);
		hash = pp_hash_u64(hash, label->unit);
		hash = pp_hash_u64(hash, label->number);
	}
	return hash;
}

static bool same_sample(const struct pprof_profile *p, uint32_t number, const uint32_t *locations,
			size_t n_locations)
{
	const struct pp_sample *row = pp_array_at(&p->samples, struct pp_sample, number);
	const struct pp_label *labels =
		pp_array_at(&p->sample_labels, struct pp_label, row->first_label);

	if (row->n_locations != n_locations || row->n_labels != p->new_labels.n)
		return false;
	if (n_locations && memcmp(pp_array_at(&p->sample_locations, uint32_t, row->first_location),
				  locations, n_locations * sizeof(*locations)) != 0)
		return false;
	for (uint32_t i = 0; i < row->n_labels; i++)
		if (!same_label(&labels[i], pp_array_at(&p->new_labels, struct pp_label, i)))
			return false;
	return true;
}

/* Values wrap around at 64 bits, as Go's do. */
static void add_values(struct pprof_profile *p, uint32_t number, const int64_t *values)
{
	size_t n = p->sample_types.n;
	int64_t *to = pp_array_at(&p->sample_values, int64_t, number * n);

	for (size_t i = 0; i < n; i++)
		to[i] = (int64_t)((uint64_t)to[i] + (uint64_t)values[i]);
}

static int append_sample(struct pprof_profile *p, const uint32_t *locations, size_t n_locations,
			 const int64_t *values, uint64_t hash)
{
	struct pp_sample row = {
		.first_location = p->sample_locations.n,
		.n_locations = n_locations,
		.first_label = p->sample_labels.n,
		.n_labels = p->new_labels.n,
	};
	uint32_t n_values = p->sample_values.n;
	int r = pp_array_reserve(&p->samples, sizeof(row), 1);

	if (!r)
		r = pp_array_reserve(&p->labels, sizeof(struct pprof_label), row.n_labels);
	if (!r)
		r = pp_array_append(&p->sample_locations, sizeof(*locations), locations,
				    n_locations);
	if (!r)
		r = pp_array_append(&p->sample_labels, sizeof(struct pp_label), p->new_labels.data,
				    row.n_labels);
	if (!r)
		r = pp_array_append(&p->sample_values, sizeof(*values), values, p->sample_types.n);
	if (!r)
		r = pp_index_add(&p->sample_index, hash, p->samples.n);
	if (!r)
		r = pp_array_append(&p->samples, sizeof(row), &row, 1);
	if (r)
		p->sample_values.n = n_values; /* found by the sample's number: no gaps */
	return r;
}

int pp_add_sample(struct pprof_profile *p, const uint32_t *locations, size_t n_locations,
		  const int64_t *values, uint32_t *ret_number)
{
	uint32_t at = PP_INDEX_START;
	uint64_t hash;
	int r;

	sort_labels(p);
	hash = hash_sample(p, locations, n_locations);
	while (pp_index_next(&p->sample_index, hash, &at, ret_number)) {
		if (same_sample(p, *ret_number, locations, n_locations)) {
			add_values(p, *ret_number, values);
			return 0;
		}
	}
	r = append_sample(p, locations, n_locations, values, hash);
	if (!r)
		*ret_number = p->samples.n - 1;
	return r;
}

int pprof_add_sample(struct pprof_profile *p, const struct pprof_sample *s, uint32_t *ret_number)
{
	uint32_t number;
	int r;

	if (!p->sample_types.n)
		return -EINVAL;
	for (size_t i = 0; i < s->n_locations; i++)
		if (s->locations[i] >= p->locations.n)
			return -EINVAL;
	r = push_labels(p, s);
	if (!r)
		r = pp_add_sample(p, s->locations, s->n_locations, s->values,
				  ret_number ? ret_number : &number);
	return r;
}

size_t pprof_n_samples(const struct pprof_profile *p)
{
	return p->samples.n;
}

static struct pprof_label label_texts(const struct pprof_profile *p, const struct pp_label *label)
{
	bool numeric = label->text == PPROF_NONE;

	return (struct pprof_label){
		.key = pp_text(p, label->key),
		.text = numeric ? NULL : pp_text(p, label->text),
		.number = label->number,
		.unit = numeric ? pp_text(p, label->unit) : NULL,
	};
}

struct pprof_sample pprof_sample(struct pprof_profile *p, size_t number)
{
	const struct pp_sample *row = pp_array_at(&p->samples, struct pp_sample, number);
	struct pprof_label *labels = p->labels.data;

	assert(number < p->samples.n);
	for (uint32_t i = 0; i < row->n_labels; i++)
		labels[i] = label_texts(
			p, pp_array_at(&p->sample_labels, struct pp_label, row->first_label + i));
	return (struct pprof_sample){
		.locations = pp_array_at(&p->sample_locations, uint32_t, row->first_location),
		.n_locations = row->n_locations,
		.values = pp_array_at(&p->sample_values, int64_t, number * p->sample_types.n),
		.labels = labels,
		.n_labels = row->n_labels,
	};
}
