/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32 of what follows (4 bytes, little-endian), then varints: version, number of stacks, time,
 * duration, period; then for each stack the difference of its number to the one before, its
 * samples, and how much its CPU time is over these times the period, in general 0. What may be
 * negative is in zigzag: protobuf.dev/programming-guides/encoding
 */
#include <libdeflate.h>
#include <string.h>

#include "collector/brief/inside.h"

#define VERSION	 1u
#define CRC_SIZE 4u

/* Bits, so that shifts are defined and sums wrap around alike on both sides. */
static uint64_t zigzag(uint64_t value)
{
	return value << 1 ^ -(value >> 63);
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ -(value & 1);
}

void counts_begin(struct buf *b, const struct counts_header *header)
{
	buf_append(b, (const uint8_t[CRC_SIZE]){ 0 }, CRC_SIZE);
	buf_append_uvarint(b, VERSION);
	buf_append_uvarint(b, header->n);
	buf_append_uvarint(b, zigzag((uint64_t)header->time));
	buf_append_uvarint(b, zigzag((uint64_t)header->duration));
	buf_append_uvarint(b, zigzag((uint64_t)header->period));
}

void counts_put(struct buf *b, const struct counts_header *header, const struct count *count,
		uint32_t last)
{
	const uint64_t regular = (uint64_t)count->samples * (uint64_t)header->period;

	buf_append_uvarint(b, zigzag((uint64_t)count->number - last));
	buf_append_uvarint(b, (uint64_t)count->samples);
	buf_append_uvarint(b, zigzag((uint64_t)count->cpu - regular));
}

int counts_end(struct buf *b)
{
	if (buf_error(b))
		return buf_error(b);
	const uint32_t crc = libdeflate_crc32(0, b->data + CRC_SIZE, b->size - CRC_SIZE);
	for (unsigned int i = 0; i < CRC_SIZE; i++)
		b->data[i] = (uint8_t)(crc >> 8 * i);
	return 0;
}

static bool take(struct counts_reader *r, uint64_t *ret_value)
{
	return span_uvarint(r->bytes, &r->at, ret_value);
}

static bool take_signed(struct counts_reader *r, int64_t *ret_value)
{
	uint64_t value;

	if (!take(r, &value))
		return false;
	*ret_value = (int64_t)unzigzag(value);
	return true;
}

bool counts_open(struct counts_reader *r, struct span bytes)
{
	uint64_t version;
	uint32_t crc;

	*r = (struct counts_reader){ .bytes = bytes, .at = CRC_SIZE };
	return span_u32(bytes, 0, &crc) &&
	       crc == libdeflate_crc32(0, bytes.data + CRC_SIZE, bytes.size - CRC_SIZE) &&
	       take(r, &version) && version == VERSION && take(r, &r->header.n) &&
	       r->header.n <= BRIEF_MAX_STACKS && take_signed(r, &r->header.time) &&
	       take_signed(r, &r->header.duration) && take_signed(r, &r->header.period);
}

bool counts_next(struct counts_reader *r)
{
	int64_t step, over;
	uint64_t samples;

	if (!take_signed(r, &step) || !take(r, &samples) || !take_signed(r, &over) ||
	    samples > (uint64_t)BRIEF_MAX_VALUE)
		return false;
	const uint64_t number = r->count.number + (uint64_t)step;
	const uint64_t cpu = samples * (uint64_t)r->header.period + (uint64_t)over;
	if (number >= BRIEF_MAX_STACKS || cpu > (uint64_t)BRIEF_MAX_VALUE)
		return false;
	r->count = (struct count){ (uint32_t)number, (int64_t)samples, (int64_t)cpu };
	return true;
}
