/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libpprof/model.h"

/* By number in the profile that is read, the number in the one that is added to. */
struct merge {
	struct pprof_profile *to, *from;
	uint32_t *mappings, *functions, *locations;
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

static int merge_names(struct merge *m)
{
	int r = 0;

	for (size_t i = 0; !r && i < pprof_n_mappings(m->from); i++) {
		struct pprof_mapping mapping = pprof_mapping(m->from, i);

		r = pprof_add_mapping(m->to, &mapping, &m->mappings[i]);
	}
	for (size_t i = 0; !r && i < pprof_n_functions(m->from); i++) {
		struct pprof_function function = pprof_function(m->from, i);

		r = pprof_add_function(m->to, &function, &m->functions[i]);
	}
	return r;
}

static int merge_location(struct merge *m, uint32_t number)
{
	struct pprof_location l = pprof_location(m->from, number);
	int r;

	m->lines.n = 0;
	r = pp_array_append(&m->lines, sizeof(*l.lines), l.lines, l.n_lines);
	if (r)
		return r;
	for (uint32_t i = 0; i < m->lines.n; i++) {
		struct pprof_line *line = pp_array_at(&m->lines, struct pprof_line, i);

		line->function = m->functions[line->function];
	}
	l.lines = m->lines.data;
	if (l.mapping != PPROF_NONE)
		l.mapping = m->mappings[l.mapping];
	return pprof_add_location(m->to, &l, &m->locations[number]);
}

static int merge_sample(struct merge *m, uint32_t number)
{
	struct pprof_sample s = pprof_sample(m->from, number);
	int r;

	m->sample_locations.n = 0;
	r = pp_array_append(&m->sample_locations, sizeof(*s.locations), s.locations, s.n_locations);
	if (r)
		return r;
	for (uint32_t i = 0; i < m->sample_locations.n; i++) {
		uint32_t *location = pp_array_at(&m->sample_locations, uint32_t, i);

		*location = m->locations[*location];
	}
	s.locations = m->sample_locations.data;
	return pprof_add_sample(m->to, &s, NULL);
}

static int merge_tables(struct merge *m)
{
	int r = merge_names(m);

	for (uint32_t i = 0; !r && i < pprof_n_locations(m->from); i++)
		r = merge_location(m, i);
	for (uint32_t i = 0; !r && i < pprof_n_samples(m->from); i++)
		r = merge_sample(m, i);
	return r;
}

static int merge_init(struct merge *m, struct pprof_profile *to, struct pprof_profile *from)
{
	*m = (struct merge){
		.to = to,
		.from = from,
		.mappings = calloc(pprof_n_mappings(from) + 1, sizeof(*m->mappings)),
		.functions = calloc(pprof_n_functions(from) + 1, sizeof(*m->functions)),
		.locations = calloc(pprof_n_locations(from) + 1, sizeof(*m->locations)),
	};
	return m->mappings && m->functions && m->locations ? 0 : -ENOMEM;
}

static void merge_fini(struct merge *m)
{
	free(m->mappings);
	free(m->functions);
	free(m->locations);
	pp_array_fini(&m->lines);
	pp_array_fini(&m->sample_locations);
}

int pprof_merge(struct pprof_profile *to, struct pprof_profile *from)
{
	bool is_new = !pprof_n_sample_types(to);
	struct merge m;
	int r;

	if (to == from)
		return -EINVAL;
	if (!is_new && !compatible(to, from))
		return PPROF_E_MISMATCH;
	r = merge_init(&m, to, from);
	if (!r && is_new)
		r = take_types(to, from);
	if (!r)
		r = merge_headers(to, from);
	if (!r)
		r = merge_tables(&m);
	merge_fini(&m);
	return r;
}
