/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: strings, header, sample types, mappings and functions. */
#include <string.h>

#include "libpprof/decode.h"
#include "libpprof/utf8.h"

/* ---- strings ----------------------------------------------------------------------------- */

static int add_string(struct pp_decoder *d, struct pp_reader *text)
{
	const struct pp_text_place place = { (uint32_t)(text->data - d->file),
					     (uint32_t)text->size };
	uint32_t number = PPROF_NONE;
	int r;

	if (!d->strings.n && text->size)
		return pp_malformed(d, "the first string is not empty");
	if (d->strings.n >= d->limits.strings)
		return pp_too_large(d, "too many strings");
	if (text->size && memchr(text->data, '\0', text->size))
		return pp_malformed(d, "a string holds a NUL byte");
	if (d->limits.utf8 && pp_find_not_utf8(text->data, text->size) < text->size)
		return pp_malformed(d, "a string is not UTF-8");
	if (d->peeks)
		r = pp_array_append(&d->texts, sizeof(place), &place, 1);
	else
		r = pp_strings_intern(&d->p->strings, (const char *)text->data, text->size,
				      &number);
	return r ? r : pp_array_append(&d->strings, sizeof(number), &number, 1);
}

static int check_indices(struct pp_decoder *d, size_t n, const uint64_t *file_indices)
{
	for (size_t i = 0; i < n; i++)
		if (file_indices[i] >= d->strings.n)
			return pp_malformed(d, "a string's index is out of range");
	return 0;
}

static int keep_string(struct pp_decoder *d, size_t file_index, uint32_t *ret_number)
{
	const struct pp_text_place *p = pp_array_at(&d->texts, struct pp_text_place, file_index);

	return pp_strings_intern(&d->p->strings, (const char *)d->file + p->at, p->size,
				 ret_number);
}

/* Turn an index of the file into a number of the profile's. */
int pp_string_number(struct pp_decoder *d, uint64_t file_index, uint32_t *ret_number)
{
	uint32_t *number = pp_array_at(&d->strings, uint32_t, file_index);
	int r = check_indices(d, 1, &file_index);

	if (!r && *number == PPROF_NONE)
		r = keep_string(d, file_index, number);
	if (!r)
		*ret_number = *number;
	return r;
}

static int string_numbers(struct pp_decoder *d, size_t n, const uint64_t *file_indices,
			  uint32_t *const *ret_numbers)
{
	for (size_t i = 0; i < n; i++) {
		int r = pp_string_number(d, file_indices[i], ret_numbers[i]);

		if (r)
			return r;
	}
	return 0;
}

int pp_read_strings(struct pp_decoder *d, struct pp_reader file)
{
	struct pp_field f;
	struct pp_reader text;

	while (pp_next_field(&file, &f)) {
		if (f.number != 6 || !pp_take_bytes(&file, &f, &text))
			continue;
		int r = add_string(d, &text);

		if (r)
			return r;
	}
	return pp_message_end(d, &file);
}

/* ---- header, sample types, mappings, functions ------------------------------------------- */

static int read_value_type(struct pp_decoder *d, struct pp_reader *m, uint64_t ret_texts[2])
{
	struct pp_field f;

	ret_texts[0] = ret_texts[1] = 0;
	while (pp_next_field(m, &f))
		if (f.number == 1 || f.number == 2)
			pp_take_varint(m, &f, &ret_texts[f.number - 1]);
	return pp_message_end(d, m);
}

static int read_sample_type(struct pp_decoder *d, struct pp_reader *m)
{
	struct pp_value_type type;
	uint64_t texts[2];
	int r = read_value_type(d, m, texts);

	if (!r)
		r = string_numbers(d, 2, texts, (uint32_t *[]){ &type.type, &type.unit });
	if (!r)
		r = pp_add_sample_type(d->p, &type);
	return r == PPROF_E_TOO_LARGE ? pp_too_large(d, "too many sample types") : r;
}

static int read_mapping(struct pp_decoder *d, struct pp_reader *m)
{
	struct pp_mapping row = { 0 };
	uint64_t id = 0, text[2] = { 0 },
		 *numbers[] = { &id, &row.start, &row.limit, &row.offset, &text[0], &text[1] };
	bool *flags[] = { &row.has_functions, &row.has_filenames, &row.has_line_numbers,
			  &row.has_inline_frames };
	struct pp_field f;
	uint32_t number;
	int r;

	while (pp_next_field(m, &f)) {
		if (f.number >= 1 && f.number <= 6)
			pp_take_varint(m, &f, numbers[f.number - 1]);
		else if (f.number >= 7 && f.number <= 10)
			pp_take_bool(m, &f, flags[f.number - 7]);
	}
	r = pp_message_end(d, m);
	if (r)
		return r;
	if (!id)
		return pp_malformed(d, "a mapping has the id 0");
	if (pp_ids_count(&d->mappings) >= d->limits.mappings)
		return pp_too_large(d, "too many mappings");
	r = string_numbers(d, 2, text, (uint32_t *[]){ &row.file, &row.build_id });
	if (!r)
		r = pp_add_mapping(d->p, &row, &number);
	if (!r && !pp_ids_count(&d->mappings))
		d->p->main_mapping = number;
	return r ? r : pp_ids_add(&d->mappings, id, number);
}

static int read_function(struct pp_decoder *d, struct pp_reader *m)
{
	struct pp_function row = { 0 };
	uint64_t id = 0, text[3] = { 0 }, start_line = 0;
	uint64_t *numbers[] = { &id, &text[0], &text[1], &text[2], &start_line };
	struct pp_field f;
	uint32_t number;
	int r;

	while (pp_next_field(m, &f))
		if (f.number >= 1 && f.number <= 5)
			pp_take_varint(m, &f, numbers[f.number - 1]);
	r = pp_message_end(d, m);
	if (r)
		return r;
	if (!id)
		return pp_malformed(d, "a function has the id 0");
	number = pp_ids_count(&d->functions);
	if (number >= d->limits.functions)
		return pp_too_large(d, "too many functions");
	if (d->peeks)
		return check_indices(d, 3, text) ?: pp_ids_add(&d->functions, id, number);
	row.start_line = (int64_t)start_line;
	r = string_numbers(d, 3, text, (uint32_t *[]){ &row.name, &row.system_name, &row.file });
	if (!r)
		r = pp_add_function(d->p, &row, &number);
	return r ? r : pp_ids_add(&d->functions, id, number);
}

static int read_comments(struct pp_decoder *d, struct pp_reader *file, const struct pp_field *f)
{
	uint32_t number;
	int r;

	d->values.n = 0;
	r = pp_take_varints(file, f, &d->values, d->limits.strings);
	if (r == PPROF_E_TOO_LARGE)
		return pp_too_large(d, "too many comments");
	for (uint32_t i = 0; !r && i < d->values.n; i++) {
		r = pp_string_number(d, *pp_array_at(&d->values, uint64_t, i), &number);
		if (!r)
			r = pp_add_comment(d->p, number);
	}
	return r;
}

/* Strings of the header. Of doubled fields the last counts, so they are looked up at the end. */
enum { DROP_FRAMES, KEEP_FRAMES, DEFAULT_SAMPLE_TYPE, DOC_URL, PERIOD_TYPE, PERIOD_UNIT, N_TEXTS };

static int read_time(struct pp_decoder *d, struct pp_reader *file, const struct pp_field *f)
{
	if (d->p->header.time_nanos)
		return pp_malformed(d, "two profiles in one file");
	pp_take_int(file, f, &d->p->header.time_nanos);
	return 0;
}

static int read_header_field(struct pp_decoder *d, struct pp_reader *file, const struct pp_field *f,
			     uint64_t *texts)
{
	struct pp_header *h = &d->p->header;
	struct pp_reader m;

	switch (f->number) {
	case 7:
		pp_take_varint(file, f, &texts[DROP_FRAMES]);
		return 0;
	case 8:
		pp_take_varint(file, f, &texts[KEEP_FRAMES]);
		return 0;
	case 9:
		return read_time(d, file, f);
	case 10:
		pp_take_int(file, f, &h->duration_nanos);
		return 0;
	case 11:
		return pp_take_bytes(file, f, &m) ? read_value_type(d, &m, &texts[PERIOD_TYPE]) : 0;
	case 12:
		pp_take_int(file, f, &h->period);
		return 0;
	case 13:
		return read_comments(d, file, f);
	case 14:
		pp_take_varint(file, f, &texts[DEFAULT_SAMPLE_TYPE]);
		return 0;
	case 15:
		pp_take_varint(file, f, &texts[DOC_URL]);
		return 0;
	default:
		return 0;
	}
}

static int read_field(struct pp_decoder *d, struct pp_reader *file, const struct pp_field *f,
		      uint64_t *texts)
{
	struct pp_reader m;

	switch (f->number) {
	case 1:
		return pp_take_bytes(file, f, &m) ? read_sample_type(d, &m) : 0;
	case 3:
		return pp_take_bytes(file, f, &m) ? read_mapping(d, &m) : 0;
	case 5:
		return pp_take_bytes(file, f, &m) ? read_function(d, &m) : 0;
	default:
		return read_header_field(d, file, f, texts);
	}
}

int pp_read_names(struct pp_decoder *d, struct pp_reader file)
{
	struct pp_header *h = &d->p->header;
	uint64_t texts[N_TEXTS] = { 0 };
	struct pp_field f;
	int r;

	while (pp_next_field(&file, &f)) {
		r = read_field(d, &file, &f, texts);
		if (r)
			return r;
	}
	r = pp_message_end(d, &file);
	if (r)
		return r;
	return string_numbers(d, N_TEXTS, texts,
			      (uint32_t *[]){ &h->drop_frames, &h->keep_frames,
					      &h->default_sample_type, &h->doc_url,
					      &h->period_type.type, &h->period_type.unit });
}
