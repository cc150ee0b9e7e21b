/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a profile.
 *
 * Samples name locations, locations name functions and mappings, and all name strings, while files
 * hold them in any order (usually samples first and strings last). So the top level of the message
 * is read four times, each time for what the next needs; skipping a field costs next to nothing,
 * and nothing is kept but the tables of the profile and the maps from ids and string indices to
 * its numbers.
 *
 * What google/pprof (profile.Parse with CheckValid) refuses is refused here. More is refused: a
 * string that holds a NUL byte, old formats that are not protocol buffers, and what is over a
 * limit.
 */
#include <errno.h>
#include <string.h>

#include "libpprof/gzip.h"
#include "libpprof/ids.h"
#include "libpprof/model.h"
#include "libpprof/wire.h"

#define DEFAULT_UNCOMPRESSED ((size_t)256 << 20)
#define DEFAULT_ROWS	     ((size_t)4 << 20)
#define DEFAULT_DEPTH	     ((size_t)64 << 10)
#define MAX_UNCOMPRESSED     ((size_t)UINT32_MAX - 1)

struct decoder {
	struct pprof_profile *p;
	struct pprof_limits limits;
	const char *reason;

	struct pp_array strings; /* uint32_t: index in the file to number in the profile */
	struct pp_ids mappings, functions, locations;

	/* of the row being read */
	struct pp_array lines;		      /* struct pprof_line */
	struct pp_array location_ids, values; /* uint64_t */
	struct pp_array sample_locations;     /* uint32_t */
};

static int malformed(struct decoder *d, const char *reason)
{
	d->reason = reason;
	return PPROF_E_MALFORMED;
}

static int too_large(struct decoder *d, const char *reason)
{
	d->reason = reason;
	return PPROF_E_TOO_LARGE;
}

/* To be asked when all fields of a message have been read. */
static int message_end(struct decoder *d, const struct pp_reader *r)
{
	return r->bad ? malformed(d, "not a protocol buffers message, or damaged") : 0;
}

/* ---- strings ----------------------------------------------------------------------------- */

static int add_string(struct decoder *d, struct pp_reader text)
{
	uint32_t number;
	int r;

	if (!d->strings.n && text.size)
		return malformed(d, "the first string is not empty");
	if (d->strings.n >= d->limits.strings)
		return too_large(d, "too many strings");
	if (text.size && memchr(text.data, '\0', text.size))
		return malformed(d, "a string holds a NUL byte");
	r = pp_strings_intern(&d->p->strings, (const char *)text.data, text.size, &number);
	return r ? r : pp_array_append(&d->strings, sizeof(number), &number, 1);
}

/* Turn an index of the file into a number of the profile's. */
static int string_number(struct decoder *d, uint64_t file_index, uint32_t *ret_number)
{
	if (file_index >= d->strings.n)
		return malformed(d, "a string's index is out of range");
	*ret_number = *pp_array_at(&d->strings, uint32_t, file_index);
	return 0;
}

static int string_numbers(struct decoder *d, size_t n, const uint64_t *file_indices,
			  uint32_t *const *ret_numbers)
{
	for (size_t i = 0; i < n; i++) {
		int r = string_number(d, file_indices[i], ret_numbers[i]);

		if (r)
			return r;
	}
	return 0;
}

static int read_strings(struct decoder *d, struct pp_reader file)
{
	struct pp_field f;
	struct pp_reader text;

	while (pp_next_field(&file, &f)) {
		if (f.number != 6 || !pp_take_bytes(&file, &f, &text))
			continue;
		int r = add_string(d, text);

		if (r)
			return r;
	}
	return message_end(d, &file);
}

/* ---- header, sample types, mappings, functions ------------------------------------------- */

static int read_value_type(struct decoder *d, struct pp_reader m, struct pp_value_type *ret_type)
{
	uint64_t text[2] = { 0 };
	struct pp_field f;
	int r;

	while (pp_next_field(&m, &f))
		if (f.number == 1 || f.number == 2)
			pp_take_varint(&m, &f, &text[f.number - 1]);
	r = message_end(d, &m);
	if (r)
		return r;
	return string_numbers(d, 2, text, (uint32_t *[]){ &ret_type->type, &ret_type->unit });
}

static int read_sample_type(struct decoder *d, struct pp_reader m)
{
	struct pp_value_type type;
	int r = read_value_type(d, m, &type);

	if (!r)
		r = pp_add_sample_type(d->p, &type);
	return r == PPROF_E_TOO_LARGE ? too_large(d, "too many sample types") : r;
}

static int read_mapping(struct decoder *d, struct pp_reader m)
{
	struct pp_mapping row = { 0 };
	uint64_t id = 0, text[2] = { 0 },
		 *numbers[] = { &id, &row.start, &row.limit, &row.offset, &text[0], &text[1] };
	bool *flags[] = { &row.has_functions, &row.has_filenames, &row.has_line_numbers,
			  &row.has_inline_frames };
	struct pp_field f;
	uint32_t number;
	int r;

	while (pp_next_field(&m, &f)) {
		if (f.number >= 1 && f.number <= 6)
			pp_take_varint(&m, &f, numbers[f.number - 1]);
		else if (f.number >= 7 && f.number <= 10)
			pp_take_bool(&m, &f, flags[f.number - 7]);
	}
	r = message_end(d, &m);
	if (r)
		return r;
	if (!id)
		return malformed(d, "a mapping has the id 0");
	if (d->mappings.pairs.n >= d->limits.mappings)
		return too_large(d, "too many mappings");
	r = string_numbers(d, 2, text, (uint32_t *[]){ &row.file, &row.build_id });
	if (!r)
		r = pp_add_mapping(d->p, &row, &number);
	return r ? r : pp_ids_add(&d->mappings, id, number);
}

static int read_function(struct decoder *d, struct pp_reader m)
{
	struct pp_function row = { 0 };
	uint64_t id = 0, text[3] = { 0 }, start_line = 0;
	uint64_t *numbers[] = { &id, &text[0], &text[1], &text[2], &start_line };
	struct pp_field f;
	uint32_t number;
	int r;

	while (pp_next_field(&m, &f))
		if (f.number >= 1 && f.number <= 5)
			pp_take_varint(&m, &f, numbers[f.number - 1]);
	r = message_end(d, &m);
	if (r)
		return r;
	if (!id)
		return malformed(d, "a function has the id 0");
	if (d->functions.pairs.n >= d->limits.functions)
		return too_large(d, "too many functions");
	row.start_line = (int64_t)start_line;
	r = string_numbers(d, 3, text, (uint32_t *[]){ &row.name, &row.system_name, &row.file });
	if (!r)
		r = pp_add_function(d->p, &row, &number);
	return r ? r : pp_ids_add(&d->functions, id, number);
}

static int read_comments(struct decoder *d, struct pp_reader *file, const struct pp_field *f)
{
	uint32_t number;
	int r;

	d->values.n = 0;
	r = pp_take_varints(file, f, &d->values, d->limits.strings);
	if (r == PPROF_E_TOO_LARGE)
		return too_large(d, "too many comments");
	for (uint32_t i = 0; !r && i < d->values.n; i++) {
		r = string_number(d, *pp_array_at(&d->values, uint64_t, i), &number);
		if (!r)
			r = pp_add_comment(d->p, number);
	}
	return r;
}

/* Fields 7 to 15, but for the comments. */
struct scalars {
	uint64_t drop_frames, keep_frames, default_sample_type, doc_url;
};

static int read_time(struct decoder *d, struct pp_reader *file, const struct pp_field *f)
{
	if (d->p->header.time_nanos)
		return malformed(d, "two profiles in one file");
	pp_take_int(file, f, &d->p->header.time_nanos);
	return 0;
}

static int read_header_field(struct decoder *d, struct pp_reader *file, const struct pp_field *f,
			     struct scalars *s)
{
	struct pp_header *h = &d->p->header;
	struct pp_reader m;

	switch (f->number) {
	case 7:
		pp_take_varint(file, f, &s->drop_frames);
		return 0;
	case 8:
		pp_take_varint(file, f, &s->keep_frames);
		return 0;
	case 9:
		return read_time(d, file, f);
	case 10:
		pp_take_int(file, f, &h->duration_nanos);
		return 0;
	case 11:
		return pp_take_bytes(file, f, &m) ? read_value_type(d, m, &h->period_type) : 0;
	case 12:
		pp_take_int(file, f, &h->period);
		return 0;
	case 13:
		return read_comments(d, file, f);
	case 14:
		pp_take_varint(file, f, &s->default_sample_type);
		return 0;
	case 15:
		pp_take_varint(file, f, &s->doc_url);
		return 0;
	default:
		return 0;
	}
}

static int read_field(struct decoder *d, struct pp_reader *file, const struct pp_field *f,
		      struct scalars *s)
{
	struct pp_reader m;

	switch (f->number) {
	case 1:
		return pp_take_bytes(file, f, &m) ? read_sample_type(d, m) : 0;
	case 3:
		return pp_take_bytes(file, f, &m) ? read_mapping(d, m) : 0;
	case 5:
		return pp_take_bytes(file, f, &m) ? read_function(d, m) : 0;
	default:
		return read_header_field(d, file, f, s);
	}
}

static int read_header(struct decoder *d, struct pp_reader file)
{
	struct pp_header *h = &d->p->header;
	struct scalars s = { 0 };
	struct pp_field f;
	int r;

	while (pp_next_field(&file, &f)) {
		r = read_field(d, &file, &f, &s);
		if (r)
			return r;
	}
	r = message_end(d, &file);
	if (r)
		return r;
	return string_numbers(d, 4, (uint64_t *)&s,
			      (uint32_t *[]){ &h->drop_frames, &h->keep_frames,
					      &h->default_sample_type, &h->doc_url });
}

/* ---- locations --------------------------------------------------------------------------- */

static int read_line(struct decoder *d, struct pp_reader m)
{
	struct pprof_line line = { 0 };
	struct pp_field f;
	uint64_t function = 0;
	int r;

	while (pp_next_field(&m, &f)) {
		if (f.number == 1)
			pp_take_varint(&m, &f, &function);
		else if (f.number == 2)
			pp_take_int(&m, &f, &line.line);
		else if (f.number == 3)
			pp_take_int(&m, &f, &line.column);
	}
	r = message_end(d, &m);
	if (r)
		return r;
	if (d->lines.n >= d->limits.depth)
		return too_large(d, "a location has too many lines");
	if (!pp_ids_find(&d->functions, function, &line.function))
		return malformed(d, "a location has a line without a function");
	return pp_array_append(&d->lines, sizeof(line), &line, 1);
}

static int read_location_fields(struct decoder *d, struct pp_reader m, uint64_t *ret_id,
				struct pprof_location *l)
{
	uint64_t mapping = 0;
	struct pp_reader line;
	struct pp_field f;
	int r;

	while (pp_next_field(&m, &f)) {
		if (f.number == 1)
			pp_take_varint(&m, &f, ret_id);
		else if (f.number == 2)
			pp_take_varint(&m, &f, &mapping);
		else if (f.number == 3)
			pp_take_varint(&m, &f, &l->address);
		else if (f.number == 5)
			pp_take_bool(&m, &f, &l->is_folded);
		if (f.number != 4 || !pp_take_bytes(&m, &f, &line))
			continue;
		r = read_line(d, line);
		if (r)
			return r;
	}
	/* google/pprof takes an unknown mapping for none. */
	if (!pp_ids_find(&d->mappings, mapping, &l->mapping))
		l->mapping = PPROF_NONE;
	return message_end(d, &m);
}

static int read_location(struct decoder *d, struct pp_reader m)
{
	struct pprof_location l = { 0 };
	uint64_t id = 0;
	uint32_t number;
	int r;

	d->lines.n = 0;
	r = read_location_fields(d, m, &id, &l);
	if (r)
		return r;
	if (!id)
		return malformed(d, "a location has the id 0");
	if (d->locations.pairs.n >= d->limits.locations)
		return too_large(d, "too many locations");
	l.lines = d->lines.data;
	l.n_lines = d->lines.n;
	r = pprof_add_location(d->p, &l, &number);
	return r ? r : pp_ids_add(&d->locations, id, number);
}

/* ---- samples ----------------------------------------------------------------------------- */

static int read_label(struct decoder *d, struct pp_reader m)
{
	struct pp_label label = { .text = PPROF_NONE };
	uint64_t number = 0, text[3] = { 0 };
	uint64_t *values[] = { &text[0], &text[1], &number, &text[2] };
	struct pp_field f;
	int r;

	while (pp_next_field(&m, &f))
		if (f.number >= 1 && f.number <= 4)
			pp_take_varint(&m, &f, values[f.number - 1]);
	r = message_end(d, &m);
	if (!r)
		r = string_number(d, text[0], &label.key);
	if (r)
		return r;
	if (d->p->new_labels.n >= d->limits.depth)
		return too_large(d, "a sample has too many labels");
	/* A text makes it a text label, whatever else is there. */
	if (text[1]) {
		r = string_number(d, text[1], &label.text);
	} else {
		label.number = (int64_t)number;
		r = string_number(d, text[2], &label.unit);
	}
	return r ? r : pp_push_label(d->p, &label);
}

static int read_sample_fields(struct decoder *d, struct pp_reader m)
{
	struct pp_reader label;
	struct pp_field f;
	int r = 0;

	while (!r && pp_next_field(&m, &f)) {
		if (f.number == 1)
			r = pp_take_varints(&m, &f, &d->location_ids, d->limits.depth);
		else if (f.number == 2)
			r = pp_take_varints(&m, &f, &d->values, d->limits.depth);
		else if (f.number == 3 && pp_take_bytes(&m, &f, &label))
			r = read_label(d, label);
	}
	if (r == PPROF_E_TOO_LARGE && !d->reason)
		return too_large(d, "a sample has too many locations or values");
	return r ? r : message_end(d, &m);
}

static int find_locations(struct decoder *d)
{
	d->sample_locations.n = 0;
	for (uint32_t i = 0; i < d->location_ids.n; i++) {
		uint64_t id = *pp_array_at(&d->location_ids, uint64_t, i);
		uint32_t number;
		int r;

		if (!pp_ids_find(&d->locations, id, &number))
			return malformed(d, "a sample has an unknown location");
		r = pp_array_append(&d->sample_locations, sizeof(number), &number, 1);
		if (r)
			return r;
	}
	return 0;
}

static int read_sample(struct decoder *d, struct pp_reader m)
{
	uint32_t number;
	int r;

	d->location_ids.n = 0;
	d->values.n = 0;
	d->p->new_labels.n = 0;
	r = read_sample_fields(d, m);
	if (r)
		return r;
	if (!d->p->sample_types.n)
		return malformed(d, "there are samples but no sample types");
	if (d->values.n != d->p->sample_types.n)
		return malformed(d, "a sample has not one value for each sample type");
	r = find_locations(d);
	if (r)
		return r;
	return pp_add_sample(d->p, d->sample_locations.data, d->sample_locations.n, d->values.data,
			     &number);
}

/* ---- the file ---------------------------------------------------------------------------- */

static int read_messages(struct decoder *d, struct pp_reader file, unsigned int number,
			 int (*read)(struct decoder *d, struct pp_reader m), size_t limit)
{
	struct pp_reader m;
	struct pp_field f;
	size_t n = 0;

	while (pp_next_field(&file, &f)) {
		if (f.number != number || !pp_take_bytes(&file, &f, &m))
			continue;
		int r = n++ < limit ? read(d, m) : too_large(d, "too many samples or locations");

		if (r)
			return r;
	}
	return message_end(d, &file);
}

static int read_file(struct decoder *d, struct pp_reader file)
{
	int r = read_strings(d, file);

	if (!r)
		r = read_header(d, file);
	if (!r && (!pp_ids_seal(&d->mappings) || !pp_ids_seal(&d->functions)))
		r = malformed(d, "two mappings or two functions have the same id");
	if (!r)
		r = read_messages(d, file, 4, read_location, d->limits.locations);
	if (!r && !pp_ids_seal(&d->locations))
		r = malformed(d, "two locations have the same id");
	if (!r)
		r = read_messages(d, file, 2, read_sample, d->limits.samples);
	return r;
}

static int decode_plain(struct decoder *d, const uint8_t *data, size_t size)
{
	int r;

	if (!size)
		return malformed(d, "empty file");
	if (size > d->limits.uncompressed)
		return too_large(d, "larger than allowed");
	r = pprof_new(&d->p);
	if (!r)
		r = read_file(d, pp_reader_of(data, size));
	if (r)
		d->p = pprof_free(d->p);
	return r;
}

static int decode_gzip(struct decoder *d, const uint8_t *data, size_t size)
{
	struct pp_array plain;
	int r = pp_gunzip(data, size, d->limits.uncompressed, &plain);

	if (r == PPROF_E_MALFORMED)
		d->reason = "damaged gzip data";
	else if (r == PPROF_E_TOO_LARGE)
		d->reason = "larger than allowed when uncompressed";
	if (!r)
		r = decode_plain(d, plain.data, plain.n);
	pp_array_fini(&plain);
	return r;
}

static size_t limit_or(size_t limit, size_t otherwise, size_t max)
{
	if (!limit)
		limit = otherwise;
	return limit < max ? limit : max;
}

static struct pprof_limits complete(const struct pprof_limits *given)
{
	struct pprof_limits l = { 0 };

	if (given)
		memcpy(&l, given, given->size < sizeof(l) ? given->size : sizeof(l));
	l.uncompressed = limit_or(l.uncompressed, DEFAULT_UNCOMPRESSED, MAX_UNCOMPRESSED);
	l.samples = limit_or(l.samples, DEFAULT_ROWS, UINT32_MAX - 1);
	l.locations = limit_or(l.locations, DEFAULT_ROWS, UINT32_MAX - 1);
	l.functions = limit_or(l.functions, DEFAULT_ROWS, UINT32_MAX - 1);
	l.mappings = limit_or(l.mappings, DEFAULT_DEPTH, UINT32_MAX - 1);
	l.strings = limit_or(l.strings, DEFAULT_ROWS, UINT32_MAX - 1);
	l.depth = limit_or(l.depth, DEFAULT_DEPTH, INT32_MAX);
	return l;
}

int pprof_decode(const void *data, size_t size, const struct pprof_limits *limits,
		 struct pprof_profile **ret_profile, const char **ret_reason)
{
	struct decoder d = { .limits = complete(limits) };
	int r = pp_is_gzip(data, size) ? decode_gzip(&d, data, size) : decode_plain(&d, data, size);

	pp_array_fini(&d.strings);
	pp_ids_fini(&d.mappings);
	pp_ids_fini(&d.functions);
	pp_ids_fini(&d.locations);
	pp_array_fini(&d.lines);
	pp_array_fini(&d.location_ids);
	pp_array_fini(&d.values);
	pp_array_fini(&d.sample_locations);
	if (r > 0 && ret_reason)
		*ret_reason = d.reason ? d.reason : "too large";
	if (!r)
		*ret_profile = d.p;
	return r;
}
