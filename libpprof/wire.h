/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol buffers wire format, as far as pprof needs it: varints, length-delimited fields, and
 * skipping of the rest. protobuf.dev/programming-guides/encoding
 *
 * A reader is a cursor over borrowed bytes and the one gate to them; nothing is allocated. What
 * google/pprof's profile/proto.go takes is taken, what it refuses is refused: a known field of the
 * wrong wire type, groups, a length that runs over, a varint of more than ten bytes.
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
	bool bad; /* malformed: nothing more is read */
};

struct pp_field {
	uint64_t number;
	enum pp_wire_type type;
	uint64_t value;		/* PP_VARINT */
	struct pp_reader bytes; /* PP_BYTES */
};

static inline struct pp_reader pp_reader_of(const void *data, size_t size)
{
	return (struct pp_reader){ .data = data, .size = size };
}

/* The next field of a message; false at its end, or with r->bad. */
bool pp_next_field(struct pp_reader *r, struct pp_field *ret_field);

/* A varint; false at the end, or with r->bad. */
bool pp_next_varint(struct pp_reader *r, uint64_t *ret_value);

/* The field's value if it is of that type; otherwise r->bad, and the value is left alone. */
void pp_take_varint(struct pp_reader *r, const struct pp_field *f, uint64_t *ret_value);
void pp_take_int(struct pp_reader *r, const struct pp_field *f, int64_t *ret_value);
void pp_take_bool(struct pp_reader *r, const struct pp_field *f, bool *ret_value);
bool pp_take_bytes(struct pp_reader *r, const struct pp_field *f, struct pp_reader *ret_bytes);

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
