/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol buffers wire format, as far as pprof needs it: varints, length-delimited fields, and
 * skipping of the rest. protobuf.dev/programming-guides/encoding
 *
 * A reader is a cursor over borrowed bytes and the one gate to them; nothing is allocated. Reading
 * is inline: it is most of what decoding costs. What google/pprof's profile/proto.go takes is
 * taken, what it refuses is refused: a known field of the wrong wire type, groups, a length that
 * runs over, a varint of more than ten bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libpprof/array.h"

enum pp_wire_type { PP_VARINT = 0, PP_FIXED64 = 1, PP_BYTES = 2, PP_FIXED32 = 5 };

struct pp_reader {
	const uint8_t *data;
	size_t size;
	bool bad; /* malformed: nothing is left to be read */
};

struct pp_field {
	uint64_t number;
	enum pp_wire_type type;
	uint64_t value;	     /* PP_VARINT; of PP_BYTES how many they are */
	const uint8_t *data; /* PP_BYTES */
};

static inline struct pp_reader pp_reader_of(const void *data, size_t size)
{
	return (struct pp_reader){ .data = data, .size = size };
}

/* Malformed. False. */
static inline bool pp_reader_fail(struct pp_reader *r)
{
	r->bad = true;
	r->size = 0;
	return false;
}

/* The gate: the next @size bytes, or NULL and r->bad. */
static inline const uint8_t *pp_take(struct pp_reader *r, uint64_t size)
{
	const uint8_t *data = r->data;

	if (size > r->size) {
		pp_reader_fail(r);
		return NULL;
	}
	r->data += size;
	r->size -= size;
	return data;
}

/*
 * One of any length: how many bytes it has, or 0 where it is none. Of bytes and not of a reader, so
 * that nobody outside knows a reader's address and it can live in registers.
 */
size_t pp_long_varint(const uint8_t *data, size_t size, uint64_t *ret_value);

/* Most are of one byte or two. */
static inline bool pp_read_varint(struct pp_reader *r, uint64_t *ret_value)
{
	const uint8_t *p = r->data;
	uint64_t value;
	size_t n;

	if (r->size >= 1 && p[0] < 0x80) {
		*ret_value = p[0];
		r->data++;
		r->size--;
		return true;
	}
	if (r->size >= 2 && p[1] < 0x80) {
		*ret_value = (uint64_t)(p[0] & 0x7f) | (uint64_t)p[1] << 7;
		r->data += 2;
		r->size -= 2;
		return true;
	}
	n = pp_long_varint(p, r->size, &value);
	if (!n)
		return pp_reader_fail(r);
	*ret_value = value;
	r->data += n;
	r->size -= n;
	return true;
}

/* A varint; false at the end, or with r->bad. */
static inline bool pp_next_varint(struct pp_reader *r, uint64_t *ret_value)
{
	return r->size && pp_read_varint(r, ret_value);
}

/* The next field of a message; false at its end, or with r->bad. */
static inline bool pp_next_field(struct pp_reader *r, struct pp_field *ret_field)
{
	uint64_t tag;

	if (!pp_next_varint(r, &tag))
		return false;
	*ret_field = (struct pp_field){ .number = tag >> 3, .type = tag & 7 };
	switch (ret_field->type) {
	case PP_VARINT:
		return pp_read_varint(r, &ret_field->value);
	case PP_FIXED64:
		return pp_take(r, 8) != NULL;
	case PP_FIXED32:
		return pp_take(r, 4) != NULL;
	case PP_BYTES:
		if (!pp_read_varint(r, &ret_field->value))
			return false;
		ret_field->data = pp_take(r, ret_field->value);
		return !r->bad;
	default:
		return pp_reader_fail(r);
	}
}

/* The field's value if it is of that type; otherwise r->bad, and the value is left alone. */
static inline void pp_take_varint(struct pp_reader *r, const struct pp_field *f,
				  uint64_t *ret_value)
{
	if (f->type == PP_VARINT)
		*ret_value = f->value;
	else
		pp_reader_fail(r);
}

static inline void pp_take_int(struct pp_reader *r, const struct pp_field *f, int64_t *ret_value)
{
	if (f->type == PP_VARINT)
		*ret_value = (int64_t)f->value;
	else
		pp_reader_fail(r);
}

static inline void pp_take_bool(struct pp_reader *r, const struct pp_field *f, bool *ret_value)
{
	if (f->type == PP_VARINT)
		*ret_value = f->value != 0;
	else
		pp_reader_fail(r);
}

static inline bool pp_take_bytes(struct pp_reader *r, const struct pp_field *f,
				 struct pp_reader *ret_bytes)
{
	if (f->type != PP_BYTES)
		return pp_reader_fail(r);
	*ret_bytes = pp_reader_of(f->data, f->value);
	return true;
}

/*
 * Append the field's varints, packed or single, to @values (of uint64_t), at most @limit in all.
 * 0, -ENOMEM, PPROF_E_TOO_LARGE; r->bad when malformed.
 */
int pp_take_varints(struct pp_reader *r, const struct pp_field *f, struct pp_array *values,
		    size_t limit);

/* ---- writing ----------------------------------------------------------------------------- */

/* Appends to a growing buffer; the first error stays and stops everything after it. */
struct pp_writer {
	struct pp_array bytes; /* of uint8_t */
	int error;	       /* 0, -ENOMEM, PPROF_E_TOO_LARGE */
};

void pp_put_bytes(struct pp_writer *w, const void *data, size_t size);
void pp_put_varint(struct pp_writer *w, uint64_t value);

/* A field, left out when it is zero, as proto3 has it. */
void pp_put_uint(struct pp_writer *w, unsigned int field, uint64_t value);

/* A length-delimited field, written even when it is empty. */
void pp_put_block(struct pp_writer *w, unsigned int field, const void *data, size_t size);

/* Start a length-delimited field whose content follows. */
void pp_put_head(struct pp_writer *w, unsigned int field, size_t size);
