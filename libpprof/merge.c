/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libpprof/map.h"
#include "libpprof/model.h"

struct pprof_merger {
	struct pprof_profile *to, *from;
	uint64_t generation;			      /* of from */
	struct pp_map mappings, functions, locations; /* of from to those of to */
	struct pp_array lines;		  /* struct pprof_line, of the location at hand */
	struct pp_array sample_locations; /* uint32_t, of the sample at hand */
};

/* ---- headers ----------------------------------------------------------------------------- */

static bool same_type(struct pprof_value_type a, struct pprof_value_type b)
{
	return strcmp(a.type, b.type) == 0 && strcmp(a.unit, b.unit) == 0;
}

static bool compatible(const struct pprof_profile *a, const struct pprof_profile *b)
{
	size_t n = pprof_n_sample_types(a);

	if (!same_type(pprof_header(a).period_type, pprof_header(b).period_type) ||
	    n != pprof_n_sample_types(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_type(pprof_sample_type(a, i), pprof_sample_type(b, i)))
			return false;
	return true;
}

static int take_types(struct pprof_profile *to, const struct pprof_profile *from)
{
	int r = 0;

	for (size_t i = 0; !r && i < pprof_n_sample_types(from); i++) {
		struct pprof_value_type type = pprof_sample_type(from, i);

		r = pprof_add_sample_type(to, &type);
	}
	return r;
}

static const char *either(const char *a, const char *b)
{
	return *a ? a : b;
}

static int merge_headers(struct pprof_profile *to, const struct pprof_profile *from)
{
	struct pprof_header h = pprof_header(to), more = pprof_header(from);
	int r;

	if (!h.time_nanos || (more.time_nanos && more.time_nanos < h.time_nanos))
		h.time_nanos = more.time_nanos;
	h.duration_nanos = (int64_t)((uint64_t)h.duration_nanos + (uint64_t)more.duration_nanos);
	if (more.period > h.period)
		h.period = more.period;
	h.period_type = more.period_type;
	h.default_sample_type = either(h.default_sample_type, more.default_sample_type);
	h.drop_frames = either(h.drop_frames, more.drop_frames);
	h.keep_frames = either(h.keep_frames, more.keep_frames);
	h.doc_url = either(h.doc_url, more.doc_url);
	r = pprof_set_header(to, &h);
	for (size_t i = 0; !r && i < pprof_n_comments(from); i++)
		r = pprof_add_comment(to, pprof_comment(from, i));
	return r;
}

/* ---- tables ------------------------------------------------------------------------------ */

static int merge_mapping(struct pprof_merger *m, uint32_t number, uint32_t *ret_number)
{
	int r = 0;

	*ret_number = PPROF_NONE;
	if (number == PPROF_NONE)
		return 0;
	if (m->mappings.numbers[number] == PPROF_NONE) {
		const struct pprof_mapping mapping = pprof_mapping(m->from, number);

		r = pprof_add_mapping(m->to, &mapping, &m->mappings.numbers[number]);
	}
	*ret_number = m->mappings.numbers[number];
	return r;
}

static int merge_function(struct pprof_merger *m, uint32_t number, uint32_t *ret_number)
{
	int r = 0;

	if (m->functions.numbers[number] == PPROF_NONE) {
		const struct pprof_function function = pprof_function(m->from, number);

		r = pprof_add_function(m->to, &function, &m->functions.numbers[number]);
	}
	*ret_number = m->functions.numbers[number];
	return r;
}

static int merge_location(struct pprof_merger *m, uint32_t number)
{
	struct pprof_location l = pprof_location(m->from, number);
	int r;

	m->lines.n = 0;
	r = pp_array_append(&m->lines, sizeof(*l.lines), l.lines, l.n_lines);
	for (uint32_t i = 0; !r && i < l.n_lines; i++) {
		struct pprof_line *line = pp_array_at(&m->lines, struct pprof_line, i);

		r = merge_function(m, line->function, &line->function);
	}
	if (!r)
		r = merge_mapping(m, l.mapping, &l.mapping);
	l.lines = m->lines.data;
	return r ? r : pprof_add_location(m->to, &l, &m->locations.numbers[number]);
}

static int merge_sample(struct pprof_merger *m, uint32_t number)
{
	struct pprof_sample s = pprof_sample(m->from, number);
	uint32_t *locations;
	int r;

	m->sample_locations.n = 0;
	r = pp_array_reserve(&m->sample_locations, sizeof(*locations), s.n_locations);
	locations = m->sample_locations.data;
	for (size_t i = 0; !r && i < s.n_locations; i++) {
		if (m->locations.numbers[s.locations[i]] == PPROF_NONE)
			r = merge_location(m, s.locations[i]);
		locations[i] = m->locations.numbers[s.locations[i]];
	}
	s.locations = locations;
	return r ? r : pprof_add_sample(m->to, &s, NULL);
}

/* The main binary first, in both. */
static int merge_tables(struct pprof_merger *m)
{
	uint32_t unused;
	int r = merge_mapping(m, pprof_main_mapping(m->from), &unused);

	for (uint32_t i = 0; !r && i < pprof_n_samples(m->from); i++)
		r = merge_sample(m, i);
	return r;
}

static int begin(struct pprof_merger *m, struct pprof_profile *from)
{
	int r;

	m->from = from;
	if (m->generation != pprof_generation(from)) {
		pp_map_forget(&m->mappings);
		pp_map_forget(&m->functions);
		pp_map_forget(&m->locations);
		m->generation = pprof_generation(from);
	}
	r = pp_map_grow(&m->mappings, pprof_n_mappings(from));
	if (!r)
		r = pp_map_grow(&m->functions, pprof_n_functions(from));
	return r ? r : pp_map_grow(&m->locations, pprof_n_locations(from));
}

int pprof_merger_add(struct pprof_merger *m, struct pprof_profile *from)
{
	bool is_new = !pprof_n_sample_types(m->to);
	int r;

	if (m->to == from || from->peeked)
		return -EINVAL;
	if (!is_new && !compatible(m->to, from))
		return PPROF_E_MISMATCH;
	r = begin(m, from);
	if (!r && is_new)
		r = take_types(m->to, from);
	if (!r)
		r = merge_headers(m->to, from);
	return r ? r : merge_tables(m);
}

int pprof_merger_new(struct pprof_profile *to, struct pprof_merger **ret_merger)
{
	struct pprof_merger *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->to = to;
	*ret_merger = m;
	return 0;
}

struct pprof_merger *pprof_merger_free(struct pprof_merger *m)
{
	if (!m)
		return NULL;
	pp_map_fini(&m->mappings);
	pp_map_fini(&m->functions);
	pp_map_fini(&m->locations);
	pp_array_fini(&m->lines);
	pp_array_fini(&m->sample_locations);
	free(m);
	return NULL;
}

int pprof_merge(struct pprof_profile *to, struct pprof_profile *from)
{
	struct pprof_merger *m;
	int r = pprof_merger_new(to, &m);

	if (r)
		return r;
	r = pprof_merger_add(m, from);
	pprof_merger_free(m);
	return r;
}
