/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/model.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pprof_profile *pprof_free(struct pprof_profile *p)
{
	if (!p)
		return NULL;
	pp_strings_fini(&p->strings);
	pp_array_fini(&p->sample_types);
	pp_array_fini(&p->comments);
	pp_array_fini(&p->mappings);
	pp_array_fini(&p->functions);
	pp_array_fini(&p->locations);
	pp_array_fini(&p->samples);
	pp_array_fini(&p->lines);
	pp_array_fini(&p->sample_locations);
	pp_array_fini(&p->sample_labels);
	pp_array_fini(&p->sample_values);
	pp_index_fini(&p->comment_index);
	pp_index_fini(&p->mapping_index);
	pp_index_fini(&p->function_index);
	pp_index_fini(&p->location_index);
	pp_index_fini(&p->sample_index);
	pp_guess_fini(&p->function_guess);
	pp_guess_fini(&p->location_guess);
	pp_array_fini(&p->labels);
	pp_array_fini(&p->new_labels);
	free(p);
	return NULL;
}

int pprof_new(struct pprof_profile **ret_profile)
{
	struct pprof_profile *p = calloc(1, sizeof(*p));
	uint32_t empty;
	int r;

	if (!p)
		return -ENOMEM;
	p->strings.seed = pp_hash_seed();
	r = pp_intern(p, "", &empty);
	if (r) {
		pprof_free(p);
		return r;
	}
	*ret_profile = p;
	return 0;
}

static size_t kept_size(const struct pprof_profile *p)
{
	return p->strings.size + p->strings.texts.n * (sizeof(char *) + 2 * sizeof(uint32_t)) +
	       p->mappings.n * sizeof(struct pp_mapping) +
	       p->functions.n * (sizeof(struct pp_function) + sizeof(uint32_t)) +
	       p->locations.n * (sizeof(struct pp_location) + sizeof(uint32_t)) +
	       p->lines.n * sizeof(struct pprof_line);
}

static int clear_tables(struct pprof_profile *p)
{
	uint32_t empty;

	p->generation++;
	pp_strings_fini(&p->strings);
	p->mappings.n = p->functions.n = p->locations.n = p->lines.n = 0;
	pp_index_fini(&p->mapping_index);
	pp_index_fini(&p->function_index);
	pp_index_fini(&p->location_index);
	pp_guess_fini(&p->function_guess);
	pp_guess_fini(&p->location_guess);
	return pp_intern(p, "", &empty);
}

int pp_clear(struct pprof_profile *p, size_t kept)
{
	p->header = (struct pp_header){ 0 };
	p->main_mapping = PPROF_NONE;
	p->sample_types.n = 0;
	p->samples.n = p->sample_locations.n = p->sample_labels.n = p->sample_values.n = 0;
	pp_index_clear(&p->sample_index);
	pprof_clear_comments(p);
	return kept_size(p) > kept ? clear_tables(p) : 0;
}

uint64_t pprof_generation(const struct pprof_profile *p)
{
	return p->generation;
}

uint32_t pprof_main_mapping(const struct pprof_profile *p)
{
	return p->main_mapping < p->mappings.n ? p->main_mapping : PPROF_NONE;
}

int pp_intern(struct pprof_profile *p, const char *text, uint32_t *ret_number)
{
	if (!text)
		text = "";
	return pp_strings_intern(&p->strings, text, strlen(text), ret_number);
}

static int intern_type(struct pprof_profile *p, const struct pprof_value_type *type,
		       struct pp_value_type *ret_type)
{
	int r = pp_intern(p, type->type, &ret_type->type);

	return r ? r : pp_intern(p, type->unit, &ret_type->unit);
}

static struct pprof_value_type type_texts(const struct pprof_profile *p, struct pp_value_type t)
{
	return (struct pprof_value_type){ pp_text(p, t.type), pp_text(p, t.unit) };
}

/* ---- header, sample types, comments ------------------------------------------------------ */

int pprof_set_header(struct pprof_profile *p, const struct pprof_header *header)
{
	struct pp_header h = {
		.time_nanos = header->time_nanos,
		.duration_nanos = header->duration_nanos,
		.period = header->period,
	};
	int r = intern_type(p, &header->period_type, &h.period_type);

	if (!r)
		r = pp_intern(p, header->default_sample_type, &h.default_sample_type);
	if (!r)
		r = pp_intern(p, header->drop_frames, &h.drop_frames);
	if (!r)
		r = pp_intern(p, header->keep_frames, &h.keep_frames);
	if (!r)
		r = pp_intern(p, header->doc_url, &h.doc_url);
	if (!r)
		p->header = h;
	return r;
}

struct pprof_header pprof_header(const struct pprof_profile *p)
{
	return (struct pprof_header){
		.time_nanos = p->header.time_nanos,
		.duration_nanos = p->header.duration_nanos,
		.period = p->header.period,
		.period_type = type_texts(p, p->header.period_type),
		.default_sample_type = pp_text(p, p->header.default_sample_type),
		.drop_frames = pp_text(p, p->header.drop_frames),
		.keep_frames = pp_text(p, p->header.keep_frames),
		.doc_url = pp_text(p, p->header.doc_url),
	};
}

int pp_add_sample_type(struct pprof_profile *p, const struct pp_value_type *type)
{
	if (p->samples.n)
		return -EINVAL;
	if (p->sample_types.n == PP_MAX_SAMPLE_TYPES)
		return PPROF_E_TOO_LARGE;
	return pp_array_append(&p->sample_types, sizeof(*type), type, 1);
}

int pprof_add_sample_type(struct pprof_profile *p, const struct pprof_value_type *type)
{
	struct pp_value_type t;
	int r = intern_type(p, type, &t);

	return r ? r : pp_add_sample_type(p, &t);
}

size_t pprof_n_sample_types(const struct pprof_profile *p)
{
	return p->sample_types.n;
}

struct pprof_value_type pprof_sample_type(const struct pprof_profile *p, size_t number)
{
	assert(number < p->sample_types.n);
	return type_texts(p, *pp_array_at(&p->sample_types, struct pp_value_type, number));
}

int pp_add_comment(struct pprof_profile *p, uint32_t text)
{
	uint64_t hash = pp_hash_u64(p->strings.seed, text);
	uint32_t at = PP_INDEX_START, number;
	int r;

	while (pp_index_next(&p->comment_index, hash, &at, &number))
		if (*pp_array_at(&p->comments, uint32_t, number) == text)
			return 0;
	r = pp_array_reserve(&p->comments, sizeof(text), 1);
	if (!r)
		r = pp_index_add(&p->comment_index, hash, p->comments.n);
	return r ? r : pp_array_append(&p->comments, sizeof(text), &text, 1);
}

int pprof_add_comment(struct pprof_profile *p, const char *text)
{
	uint32_t number;
	int r = pp_intern(p, text, &number);

	return r ? r : pp_add_comment(p, number);
}

void pprof_clear_comments(struct pprof_profile *p)
{
	p->comments.n = 0;
	pp_index_fini(&p->comment_index);
}

size_t pprof_n_comments(const struct pprof_profile *p)
{
	return p->comments.n;
}

const char *pprof_comment(const struct pprof_profile *p, size_t number)
{
	assert(number < p->comments.n);
	return pp_text(p, *pp_array_at(&p->comments, uint32_t, number));
}

/* ---- mappings ---------------------------------------------------------------------------- */

static bool same_mapping(const struct pp_mapping *a, const struct pp_mapping *b)
{
	return a->start == b->start && a->limit == b->limit && a->offset == b->offset &&
	       a->file == b->file && a->build_id == b->build_id &&
	       a->has_functions == b->has_functions && a->has_filenames == b->has_filenames &&
	       a->has_line_numbers == b->has_line_numbers &&
	       a->has_inline_frames == b->has_inline_frames;
}

int pp_add_mapping(struct pprof_profile *p, const struct pp_mapping *m, uint32_t *ret_number)
{
	uint32_t at = PP_INDEX_START, number;
	uint64_t hash = pp_hash_u64(p->strings.seed, m->start);
	int r;

	hash = pp_hash_u64(hash, m->limit);
	hash = pp_hash_u64(hash, m->offset);
	hash = pp_hash_u64(hash, (uint64_t)m->file << 32 | m->build_id);
	while (pp_index_next(&p->mapping_index, hash, &at, &number)) {
		if (same_mapping(pp_array_at(&p->mappings, struct pp_mapping, number), m)) {
			*ret_number = number;
			return 0;
		}
	}
	r = pp_array_reserve(&p->mappings, sizeof(*m), 1);
	if (!r)
		r = pp_index_add(&p->mapping_index, hash, p->mappings.n);
	if (!r)
		r = pp_array_append(&p->mappings, sizeof(*m), m, 1);
	if (!r)
		*ret_number = p->mappings.n - 1;
	return r;
}

int pprof_add_mapping(struct pprof_profile *p, const struct pprof_mapping *m, uint32_t *ret_number)
{
	struct pp_mapping row = {
		.start = m->start,
		.limit = m->limit,
		.offset = m->offset,
		.has_functions = m->has_functions,
		.has_filenames = m->has_filenames,
		.has_line_numbers = m->has_line_numbers,
		.has_inline_frames = m->has_inline_frames,
	};
	uint32_t number;
	int r = pp_intern(p, m->file, &row.file);

	if (!r)
		r = pp_intern(p, m->build_id, &row.build_id);
	if (!r)
		r = pp_add_mapping(p, &row, ret_number ? ret_number : &number);
	return r;
}

size_t pprof_n_mappings(const struct pprof_profile *p)
{
	return p->mappings.n;
}

struct pprof_mapping pprof_mapping(const struct pprof_profile *p, size_t number)
{
	const struct pp_mapping *m = pp_array_at(&p->mappings, struct pp_mapping, number);

	assert(number < p->mappings.n);
	return (struct pprof_mapping){
		.start = m->start,
		.limit = m->limit,
		.offset = m->offset,
		.file = pp_text(p, m->file),
		.build_id = pp_text(p, m->build_id),
		.has_functions = m->has_functions,
		.has_filenames = m->has_filenames,
		.has_line_numbers = m->has_line_numbers,
		.has_inline_frames = m->has_inline_frames,
	};
}

/* ---- functions --------------------------------------------------------------------------- */

static bool same_function(const struct pprof_profile *p, uint32_t number,
			  const struct pp_function *b)
{
	const struct pp_function *a = pp_array_at(&p->functions, struct pp_function, number);

	return a->name == b->name && a->system_name == b->system_name && a->file == b->file &&
	       a->start_line == b->start_line;
}

static int find_or_append_function(struct pprof_profile *p, const struct pp_function *f,
				   uint32_t *ret_number)
{
	uint32_t at = PP_INDEX_START;
	uint64_t hash = pp_hash_u64(p->strings.seed, f->name);
	int r;

	hash = pp_hash_u64(hash, (uint64_t)f->system_name << 32 | f->file);
	hash = pp_hash_u64(hash, f->start_line);
	while (pp_index_next(&p->function_index, hash, &at, ret_number))
		if (same_function(p, *ret_number, f))
			return 0;
	*ret_number = p->functions.n;
	r = pp_array_reserve(&p->functions, sizeof(*f), 1);
	if (!r)
		r = pp_index_add(&p->function_index, hash, p->functions.n);
	return r ? r : pp_array_append(&p->functions, sizeof(*f), f, 1);
}

int pp_add_function(struct pprof_profile *p, const struct pp_function *f, uint32_t *ret_number)
{
	uint32_t number;
	int r = 0;

	if (!pp_guess_next(&p->function_guess, &number) || !same_function(p, number, f))
		r = find_or_append_function(p, f, &number);
	if (r)
		return r;
	pp_guess_learn(&p->function_guess, number);
	*ret_number = number;
	return 0;
}

int pprof_add_function(struct pprof_profile *p, const struct pprof_function *f,
		       uint32_t *ret_number)
{
	struct pp_function row = { .start_line = f->start_line };
	uint32_t number;
	int r = pp_intern(p, f->name, &row.name);

	if (!r)
		r = pp_intern(p, f->system_name, &row.system_name);
	if (!r)
		r = pp_intern(p, f->file, &row.file);
	if (!r)
		r = pp_add_function(p, &row, ret_number ? ret_number : &number);
	return r;
}

size_t pprof_n_functions(const struct pprof_profile *p)
{
	return p->functions.n;
}

struct pprof_function pprof_function(const struct pprof_profile *p, size_t number)
{
	const struct pp_function *f = pp_array_at(&p->functions, struct pp_function, number);

	assert(number < p->functions.n);
	return (struct pprof_function){
		.name = pp_text(p, f->name),
		.system_name = pp_text(p, f->system_name),
		.file = pp_text(p, f->file),
		.start_line = f->start_line,
	};
}
