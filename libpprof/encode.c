/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile to bytes, the same for the same contents.
 *
 * Samples are put in the order of order.h; everything else is numbered as it is first met while
 * they are written in that order (but mapping 0, which is the main binary by the standard's rule,
 * stays first). What is never met is not written. Fields go out in the order of their numbers; what
 * is finished is compressed at once, so the plain message is never held in memory whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libpprof/excerpt.h"
#include "libpprof/gzip.h"
#include "libpprof/model.h"
#include "libpprof/order.h"
#include "libpprof/wire.h"

#define FLUSH_SIZE ((uint32_t)32 << 10)

/* Numbers of a table in the file, given in order of first use. */
struct numbering {
	uint32_t *ids; /* by number in the profile; 0: not met yet, else the id in the file */
	struct pp_array order; /* uint32_t, numbers in the profile, in the order of their ids */
};

struct encoder {
	const struct pprof_profile *p;
	const uint32_t *samples; /* those to write, in this order; NULL: all, in order.h's */
	uint32_t n_samples;
	struct numbering strings, mappings, functions, locations;
	struct pp_writer out;
	struct pp_writer message, part; /* what is being written, and a message inside of it */
	struct pp_gzip *gzip;		/* NULL: plain */
	int error;			/* of the numberings and of gzip */
};

static int numbering_init(struct numbering *n, uint32_t rows)
{
	n->ids = calloc((size_t)rows + 1, sizeof(*n->ids));
	return n->ids ? 0 : -ENOMEM;
}

static void numbering_fini(struct numbering *n)
{
	free(n->ids);
	pp_array_fini(&n->order);
}

static uint32_t id_of(struct encoder *e, struct numbering *n, uint32_t number)
{
	if (n->ids[number])
		return n->ids[number];
	int r = pp_array_append(&n->order, sizeof(number), &number, 1);

	if (r)
		e->error = r;
	return n->ids[number] = n->order.n;
}

/* Indices of strings count from 0, and "" is the first. */
static uint32_t text_of(struct encoder *e, uint32_t number)
{
	return id_of(e, &e->strings, number) - 1;
}

/* ---- output ------------------------------------------------------------------------------ */

static void flush(struct encoder *e)
{
	if (!e->gzip)
		return;
	if (!e->error && !e->out.error)
		e->error = pp_gzip_write(e->gzip, e->out.bytes.data, e->out.bytes.n);
	e->out.bytes.n = 0;
}

/* Write out a finished message as a field of the profile. */
static void end_message(struct encoder *e, unsigned int field)
{
	if (e->message.error)
		e->out.error = e->message.error;
	pp_put_block(&e->out, field, e->message.bytes.data, e->message.bytes.n);
	e->message.bytes.n = 0;
	if (e->out.bytes.n >= FLUSH_SIZE)
		flush(e);
}

/* Put a finished part into the message. */
static void end_part(struct encoder *e, unsigned int field)
{
	if (e->part.error)
		e->message.error = e->part.error;
	pp_put_block(&e->message, field, e->part.bytes.data, e->part.bytes.n);
	e->part.bytes.n = 0;
}

/* ---- samples ----------------------------------------------------------------------------- */

static void put_value_type(struct encoder *e, unsigned int field, const struct pp_value_type *type)
{
	pp_put_uint(&e->message, 1, text_of(e, type->type));
	pp_put_uint(&e->message, 2, text_of(e, type->unit));
	end_message(e, field);
}

static void put_label(struct encoder *e, const struct pp_label *label)
{
	pp_put_uint(&e->part, 1, text_of(e, label->key));
	if (label->text != PPROF_NONE)
		pp_put_uint(&e->part, 2, text_of(e, label->text));
	pp_put_uint(&e->part, 3, (uint64_t)label->number);
	if (label->text == PPROF_NONE)
		pp_put_uint(&e->part, 4, text_of(e, label->unit));
	end_part(e, 3);
}

static void put_sample(struct encoder *e, uint32_t number)
{
	const struct pprof_profile *p = e->p;
	const struct pp_sample *row = pp_array_at(&p->samples, struct pp_sample, number);
	const uint32_t *locations =
		pp_array_at(&p->sample_locations, uint32_t, row->first_location);
	uint32_t n_types = p->sample_types.n;
	const int64_t *values = pp_array_at(&p->sample_values, int64_t, (size_t)number * n_types);

	for (uint32_t i = 0; i < row->n_locations; i++)
		pp_put_varint(&e->part, id_of(e, &e->locations, locations[i]));
	if (row->n_locations)
		end_part(e, 1);
	for (uint32_t i = 0; i < n_types; i++)
		pp_put_varint(&e->part, (uint64_t)values[i]);
	end_part(e, 2);
	for (uint32_t i = 0; i < row->n_labels; i++)
		put_label(e, pp_array_at(&p->sample_labels, struct pp_label, row->first_label + i));
	end_message(e, 2);
}

static int put_samples(struct encoder *e)
{
	uint32_t *numbers;

	for (uint32_t i = 0; e->samples && i < e->n_samples; i++)
		put_sample(e, e->samples[i]);
	if (e->samples)
		return 0;
	int r = pp_order_samples(e->p, &numbers);
	if (r)
		return r;
	for (uint32_t i = 0; i < e->p->samples.n; i++)
		put_sample(e, numbers[i]);
	free(numbers);
	return 0;
}

/* ---- what samples name ------------------------------------------------------------------- */

static void put_mapping(struct encoder *e, uint32_t id, const struct pp_mapping *m)
{
	pp_put_uint(&e->message, 1, id);
	pp_put_uint(&e->message, 2, m->start);
	pp_put_uint(&e->message, 3, m->limit);
	pp_put_uint(&e->message, 4, m->offset);
	pp_put_uint(&e->message, 5, text_of(e, m->file));
	pp_put_uint(&e->message, 6, text_of(e, m->build_id));
	pp_put_uint(&e->message, 7, m->has_functions);
	pp_put_uint(&e->message, 8, m->has_filenames);
	pp_put_uint(&e->message, 9, m->has_line_numbers);
	pp_put_uint(&e->message, 10, m->has_inline_frames);
	end_message(e, 3);
}

static void put_location(struct encoder *e, uint32_t id, const struct pp_location *l)
{
	const struct pprof_line *lines =
		pp_array_at(&e->p->lines, struct pprof_line, l->first_line);

	pp_put_uint(&e->message, 1, id);
	if (l->mapping != PPROF_NONE)
		pp_put_uint(&e->message, 2, id_of(e, &e->mappings, l->mapping));
	pp_put_uint(&e->message, 3, l->address);
	for (uint32_t i = 0; i < l->n_lines; i++) {
		pp_put_uint(&e->part, 1, id_of(e, &e->functions, lines[i].function));
		pp_put_uint(&e->part, 2, (uint64_t)lines[i].line);
		pp_put_uint(&e->part, 3, (uint64_t)lines[i].column);
		end_part(e, 4);
	}
	pp_put_uint(&e->message, 5, l->is_folded);
	end_message(e, 4);
}

static void put_function(struct encoder *e, uint32_t id, const struct pp_function *f)
{
	pp_put_uint(&e->message, 1, id);
	pp_put_uint(&e->message, 2, text_of(e, f->name));
	pp_put_uint(&e->message, 3, text_of(e, f->system_name));
	pp_put_uint(&e->message, 4, text_of(e, f->file));
	pp_put_uint(&e->message, 5, (uint64_t)f->start_line);
	end_message(e, 5);
}

static uint32_t in_order(const struct numbering *n, uint32_t i)
{
	return *pp_array_at(&n->order, uint32_t, i);
}

/* Mappings are written before the locations that name them, so they are numbered ahead. */
static void put_tables(struct encoder *e)
{
	const struct pprof_profile *p = e->p;

	if (pprof_main_mapping(p) != PPROF_NONE)
		id_of(e, &e->mappings, pprof_main_mapping(p));
	for (uint32_t i = 0; i < e->locations.order.n; i++) {
		uint32_t mapping =
			pp_array_at(&p->locations, struct pp_location, in_order(&e->locations, i))
				->mapping;

		if (mapping != PPROF_NONE)
			id_of(e, &e->mappings, mapping);
	}
	for (uint32_t i = 0; i < e->mappings.order.n; i++)
		put_mapping(
			e, i + 1,
			pp_array_at(&p->mappings, struct pp_mapping, in_order(&e->mappings, i)));
	for (uint32_t i = 0; i < e->locations.order.n; i++)
		put_location(
			e, i + 1,
			pp_array_at(&p->locations, struct pp_location, in_order(&e->locations, i)));
	for (uint32_t i = 0; i < e->functions.order.n; i++)
		put_function(
			e, i + 1,
			pp_array_at(&p->functions, struct pp_function, in_order(&e->functions, i)));
}

static void put_strings(struct encoder *e)
{
	for (uint32_t i = 0; i < e->strings.order.n; i++) {
		const char *text = pp_text(e->p, in_order(&e->strings, i));

		pp_put_bytes(&e->message, text, strlen(text));
		end_message(e, 6);
	}
}

/* ---- the whole --------------------------------------------------------------------------- */

/* The header's strings come into the table before it is written, the header after it. */
static void number_header(struct encoder *e)
{
	const struct pp_header *h = &e->p->header;

	text_of(e, 0);
	text_of(e, h->drop_frames);
	text_of(e, h->keep_frames);
	text_of(e, h->period_type.type);
	text_of(e, h->period_type.unit);
	for (uint32_t i = 0; i < e->p->comments.n; i++)
		text_of(e, *pp_array_at(&e->p->comments, uint32_t, i));
	text_of(e, h->default_sample_type);
	text_of(e, h->doc_url);
}

static void put_header(struct encoder *e)
{
	const struct pp_header *h = &e->p->header;

	pp_put_uint(&e->out, 7, text_of(e, h->drop_frames));
	pp_put_uint(&e->out, 8, text_of(e, h->keep_frames));
	pp_put_uint(&e->out, 9, (uint64_t)h->time_nanos);
	pp_put_uint(&e->out, 10, (uint64_t)h->duration_nanos);
	if (h->period_type.type || h->period_type.unit)
		put_value_type(e, 11, &h->period_type);
	pp_put_uint(&e->out, 12, (uint64_t)h->period);
	for (uint32_t i = 0; i < e->p->comments.n; i++)
		pp_put_varint(&e->message, text_of(e, *pp_array_at(&e->p->comments, uint32_t, i)));
	if (e->p->comments.n)
		end_message(e, 13);
	pp_put_uint(&e->out, 14, text_of(e, h->default_sample_type));
	pp_put_uint(&e->out, 15, text_of(e, h->doc_url));
}

static int encode(struct encoder *e)
{
	const struct pprof_profile *p = e->p;
	int r;

	number_header(e);
	for (uint32_t i = 0; i < p->sample_types.n; i++)
		put_value_type(e, 1, pp_array_at(&p->sample_types, struct pp_value_type, i));
	r = put_samples(e);
	if (r)
		return r;
	put_tables(e);
	put_strings(e);
	put_header(e);
	flush(e);
	return e->error ? e->error : e->out.error;
}

static int encoder_init(struct encoder *e, const struct pprof_profile *p,
			enum pprof_encoding encoding)
{
	int r;

	*e = (struct encoder){ .p = p };
	r = numbering_init(&e->strings, p->strings.texts.n);
	if (!r)
		r = numbering_init(&e->mappings, p->mappings.n);
	if (!r)
		r = numbering_init(&e->functions, p->functions.n);
	if (!r)
		r = numbering_init(&e->locations, p->locations.n);
	if (!r && encoding == PPROF_GZIP)
		r = pp_gzip_new(&e->gzip);
	return r;
}

static void encoder_fini(struct encoder *e)
{
	numbering_fini(&e->strings);
	numbering_fini(&e->mappings);
	numbering_fini(&e->functions);
	numbering_fini(&e->locations);
	pp_array_fini(&e->out.bytes);
	pp_array_fini(&e->message.bytes);
	pp_array_fini(&e->part.bytes);
	pp_gzip_free(e->gzip);
}

static int finish(struct encoder *e, uint8_t **ret_data, size_t *ret_size)
{
	if (e->gzip)
		return pp_gzip_finish(e->gzip, ret_data, ret_size);
	*ret_size = e->out.bytes.n;
	*ret_data = pp_array_take(&e->out.bytes, 1);
	return 0;
}

int pprof_encode(struct pprof_profile *p, enum pprof_encoding encoding, uint8_t **ret_data,
		 size_t *ret_size)
{
	struct encoder e;
	int r;

	if (p->peeked)
		return -EINVAL;
	r = encoder_init(&e, p, encoding);
	if (!r)
		r = encode(&e);
	if (!r)
		r = finish(&e, ret_data, ret_size);
	encoder_fini(&e);
	return r;
}

int pp_excerpt(const struct pprof_profile *p, const uint32_t *samples, uint32_t n,
	       uint8_t **ret_data, size_t *ret_size)
{
	struct encoder e;
	int r = encoder_init(&e, p, PPROF_PLAIN);

	e.samples = samples;
	e.n_samples = n;
	if (!r)
		r = encode(&e);
	if (!r)
		r = finish(&e, ret_data, ret_size);
	encoder_fini(&e);
	return r;
}
