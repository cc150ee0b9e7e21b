/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: locations and samples. */
#include <string.h>

#include "libpprof/decode.h"

/* ---- locations --------------------------------------------------------------------------- */

static int read_line(struct pp_decoder *d, struct pp_reader *m)
{
	int64_t line = 0, column = 0;
	uint64_t function = 0;
	struct pp_field f;
	uint32_t number;
	int r;

	while (pp_next_field(m, &f)) {
		if (f.number == 1)
			pp_take_varint(m, &f, &function);
		else if (f.number == 2)
			pp_take_int(m, &f, &line);
		else if (f.number == 3)
			pp_take_int(m, &f, &column);
	}
	r = pp_message_end(d, m);
	if (r)
		return r;
	if (d->lines.n >= d->limits.depth)
		return pp_too_large(d, "a location has too many lines");
	if (!pp_ids_find(&d->functions, function, &number))
		return pp_malformed(d, "a location has a line without a function");
	r = pp_array_reserve(&d->lines, sizeof(struct pprof_line), 1);
	if (!r)
		*pp_array_at(&d->lines, struct pprof_line, d->lines.n++) =
			(struct pprof_line){ number, line, column };
	return r;
}

static int read_location_fields(struct pp_decoder *d, struct pp_reader *m, uint64_t *ret_id,
				struct pprof_location *l)
{
	uint64_t mapping = 0;
	struct pp_reader line;
	struct pp_field f;
	int r;

	while (pp_next_field(m, &f)) {
		if (f.number == 1)
			pp_take_varint(m, &f, ret_id);
		else if (f.number == 2)
			pp_take_varint(m, &f, &mapping);
		else if (f.number == 3)
			pp_take_varint(m, &f, &l->address);
		else if (f.number == 5)
			pp_take_bool(m, &f, &l->is_folded);
		if (f.number != 4 || !pp_take_bytes(m, &f, &line))
			continue;
		r = read_line(d, &line);
		if (r)
			return r;
	}
	/* google/pprof takes an unknown mapping for none. */
	if (!pp_ids_find(&d->mappings, mapping, &l->mapping))
		l->mapping = PPROF_NONE;
	return pp_message_end(d, m);
}

static int read_location(struct pp_decoder *d, struct pp_reader *m)
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
		return pp_malformed(d, "a location has the id 0");
	if (d->peeks)
		return pp_ids_add(&d->locations, id, pp_ids_count(&d->locations));
	l.lines = d->lines.data;
	l.n_lines = d->lines.n;
	r = pprof_add_location(d->p, &l, &number);
	return r ? r : pp_ids_add(&d->locations, id, number);
}

/* ---- samples ----------------------------------------------------------------------------- */

/*
 * Labels are sorted by their keys, each sample's anew, so two keys that are long and alike could be
 * compared millions of times.
 */
#define MAX_KEY 1024

static int read_label(struct pp_decoder *d, struct pp_reader *m)
{
	struct pp_label label = { .text = PPROF_NONE };
	uint64_t number = 0, text[3] = { 0 };
	uint64_t *values[] = { &text[0], &text[1], &number, &text[2] };
	struct pp_field f;
	int r;

	while (pp_next_field(m, &f))
		if (f.number >= 1 && f.number <= 4)
			pp_take_varint(m, &f, values[f.number - 1]);
	r = pp_message_end(d, m);
	if (!r)
		r = pp_string_number(d, text[0], &label.key);
	if (r)
		return r;
	if (d->p->new_labels.n >= d->limits.depth)
		return pp_too_large(d, "a sample has too many labels");
	if (strnlen(pp_text(d->p, label.key), MAX_KEY + 1) > MAX_KEY)
		return pp_too_large(d, "a label's key is too long");
	/* A text makes it a text label, whatever else is there. */
	if (text[1]) {
		r = pp_string_number(d, text[1], &label.text);
	} else {
		label.number = (int64_t)number;
		r = pp_string_number(d, text[2], &label.unit);
	}
	return r ? r : pp_push_label(d->p, &label);
}

static int read_sample_fields(struct pp_decoder *d, struct pp_reader *m)
{
	struct pp_reader label;
	struct pp_field f;
	int r = 0;

	while (!r && pp_next_field(m, &f)) {
		if (f.number == 1)
			r = pp_take_varints(m, &f, &d->location_ids, d->limits.depth);
		else if (f.number == 2)
			r = pp_take_varints(m, &f, &d->values, d->limits.depth);
		else if (f.number == 3 && pp_take_bytes(m, &f, &label))
			r = read_label(d, &label);
	}
	if (r == PPROF_E_TOO_LARGE && !d->reason)
		return pp_too_large(d, "a sample has too many locations or values");
	return r ? r : pp_message_end(d, m);
}

static int find_locations(struct pp_decoder *d)
{
	uint32_t n = d->location_ids.n, *numbers;
	const uint64_t *ids = d->location_ids.data;
	int r;

	d->sample_locations.n = 0;
	r = pp_array_reserve(&d->sample_locations, sizeof(*numbers), n);
	if (r)
		return r;
	numbers = d->sample_locations.data;
	for (uint32_t i = 0; i < n; i++)
		if (!pp_ids_find(&d->locations, ids[i], &numbers[i]))
			return pp_malformed(d, "a sample has an unknown location");
	d->sample_locations.n = n;
	return 0;
}

static int read_sample(struct pp_decoder *d, struct pp_reader *m)
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
		return pp_malformed(d, "there are samples but no sample types");
	if (d->values.n != d->p->sample_types.n)
		return pp_malformed(d, "a sample has not one value for each sample type");
	r = find_locations(d);
	if (r)
		return r;
	return pp_add_sample(d->p, d->sample_locations.data, d->sample_locations.n, d->values.data,
			     &number);
}

/* ---- both ------------------------------------------------------------------------------- */

static int read_messages(struct pp_decoder *d, struct pp_reader file, unsigned int number,
			 int (*read)(struct pp_decoder *d, struct pp_reader *m), size_t limit,
			 const char *too_many)
{
	struct pp_reader m;
	struct pp_field f;
	size_t n = 0;

	while (pp_next_field(&file, &f)) {
		if (f.number != number || !pp_take_bytes(&file, &f, &m))
			continue;
		int r = n++ < limit ? read(d, &m) : pp_too_large(d, too_many);

		if (r)
			return r;
	}
	return pp_message_end(d, &file);
}

int pp_read_locations(struct pp_decoder *d, struct pp_reader file)
{
	return read_messages(d, file, 4, read_location, d->limits.locations, "too many locations");
}

int pp_read_samples(struct pp_decoder *d, struct pp_reader file)
{
	return read_messages(d, file, 2, read_sample, d->limits.samples, "too many samples");
}
