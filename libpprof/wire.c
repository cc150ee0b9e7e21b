/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/wire.h"

#include "libpprof/pprof.h"

#define VARINT_MAX_BYTES 10

/* ---- reading ----------------------------------------------------------------------------- */

size_t pp_long_varint(const uint8_t *data, size_t size, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size && i < VARINT_MAX_BYTES; i++) {
		/* Bits of the tenth byte above the 64th are dropped, as Go drops them. */
		value |= (uint64_t)(data[i] & 0x7f) << (7 * i);
		if (!(data[i] & 0x80)) {
			*ret_value = value;
			return i + 1;
		}
	}
	return 0;
}

/* A varint has a byte at least, so there is room for all of them before the first. */
int pp_take_varints(struct pp_reader *r, const struct pp_field *f, struct pp_array *values,
		    size_t limit)
{
	size_t room = limit > values->n ? limit - values->n : 0;
	struct pp_reader packed;
	uint64_t value;
	int error;

	if (f->type == PP_VARINT)
		return room ? pp_array_append(values, sizeof(f->value), &f->value, 1)
			    : PPROF_E_TOO_LARGE;
	if (!pp_take_bytes(r, f, &packed))
		return 0;
	error = pp_array_reserve(values, sizeof(value), packed.size < room ? packed.size : room);
	if (error)
		return error;
	while (pp_next_varint(&packed, &value)) {
		if (!room--)
			return PPROF_E_TOO_LARGE;
		*pp_array_at(values, uint64_t, values->n++) = value;
	}
	if (packed.bad)
		pp_reader_fail(r);
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
