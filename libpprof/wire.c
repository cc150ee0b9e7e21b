/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/wire.h"

#include <string.h>

#include "libpprof/pprof.h"

#define VARINT_MAX_BYTES 10

/* ---- reading ----------------------------------------------------------------------------- */

/* The gate: the next @size bytes, or NULL and r->bad. */
static const uint8_t *take(struct pp_reader *r, uint64_t size)
{
	const uint8_t *data = r->data;

	if (r->bad || size > r->size) {
		r->bad = true;
		return NULL;
	}
	r->data += size;
	r->size -= size;
	return data;
}

static bool read_varint(struct pp_reader *r, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < VARINT_MAX_BYTES; i++) {
		const uint8_t *byte = take(r, 1);

		if (!byte)
			return false;
		/* Bits of the tenth byte above the 64th are dropped, as Go drops them. */
		value |= (uint64_t)(*byte & 0x7f) << (7 * i);
		if (!(*byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	r->bad = true;
	return false;
}

bool pp_next_varint(struct pp_reader *r, uint64_t *ret_value)
{
	return !r->bad && r->size && read_varint(r, ret_value);
}

bool pp_next_field(struct pp_reader *r, struct pp_field *ret_field)
{
	uint64_t tag, size;
	const uint8_t *data;

	if (!pp_next_varint(r, &tag))
		return false;
	*ret_field = (struct pp_field){ .number = tag >> 3, .type = tag & 7 };
	switch (ret_field->type) {
	case PP_VARINT:
		return read_varint(r, &ret_field->value);
	case PP_FIXED64:
		return take(r, 8) != NULL;
	case PP_FIXED32:
		return take(r, 4) != NULL;
	case PP_BYTES:
		if (!read_varint(r, &size))
			return false;
		data = take(r, size);
		if (!data)
			return false;
		ret_field->bytes = pp_reader_of(data, size);
		return true;
	default:
		r->bad = true;
		return false;
	}
}

void pp_take_varint(struct pp_reader *r, const struct pp_field *f, uint64_t *ret_value)
{
	if (f->type == PP_VARINT)
		*ret_value = f->value;
	else
		r->bad = true;
}

void pp_take_int(struct pp_reader *r, const struct pp_field *f, int64_t *ret_value)
{
	if (f->type == PP_VARINT)
		*ret_value = (int64_t)f->value;
	else
		r->bad = true;
}

void pp_take_bool(struct pp_reader *r, const struct pp_field *f, bool *ret_value)
{
	if (f->type == PP_VARINT)
		*ret_value = f->value != 0;
	else
		r->bad = true;
}

bool pp_take_bytes(struct pp_reader *r, const struct pp_field *f, struct pp_reader *ret_bytes)
{
	if (f->type != PP_BYTES) {
		r->bad = true;
		return false;
	}
	*ret_bytes = f->bytes;
	return true;
}

static int append(struct pp_array *values, uint64_t value, size_t limit)
{
	if (values->n >= limit)
		return PPROF_E_TOO_LARGE;
	return pp_array_append(values, sizeof(value), &value, 1);
}

int pp_take_varints(struct pp_reader *r, const struct pp_field *f, struct pp_array *values,
		    size_t limit)
{
	struct pp_reader packed;
	uint64_t value;

	if (f->type == PP_VARINT)
		return append(values, f->value, limit);
	if (!pp_take_bytes(r, f, &packed))
		return 0;
	while (pp_next_varint(&packed, &value)) {
		int error = append(values, value, limit);

		if (error)
			return error;
	}
	r->bad |= packed.bad;
	return 0;
}

/* ---- writing ----------------------------------------------------------------------------- */

void pp_put_bytes(struct pp_writer *w, const void *data, size_t size)
{
	if (!w->error)
		w->error = pp_array_append(&w->bytes, 1, data, size);
}

void pp_put_varint(struct pp_writer *w, uint64_t value)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (uint8_t)value | 0x80;
	bytes[n++] = (uint8_t)value;
	pp_put_bytes(w, bytes, n);
}

void pp_put_uint(struct pp_writer *w, unsigned int field, uint64_t value)
{
	if (!value)
		return;
	pp_put_varint(w, (uint64_t)field << 3 | PP_VARINT);
	pp_put_varint(w, value);
}

void pp_put_head(struct pp_writer *w, unsigned int field, size_t size)
{
	pp_put_varint(w, (uint64_t)field << 3 | PP_BYTES);
	pp_put_varint(w, size);
}

void pp_put_block(struct pp_writer *w, unsigned int field, const void *data, size_t size)
{
	pp_put_head(w, field, size);
	pp_put_bytes(w, data, size);
}
