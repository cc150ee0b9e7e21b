/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed range of bytes from outside, and the one gate through which they are read.
 *
 * Every byte of an ELF file, a pclntab, a pprof file or a sample record is reached by the functions
 * below: each checks offset and length without overflow and answers false when the range does not
 * lie inside the span. Nothing is aligned, nothing is trusted, nothing is copied but the value
 * read. All values are little-endian, as are the two architectures supported.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t size;
};

static inline struct span span_of(const void *data, size_t size)
{
	return (struct span){ .data = data, .size = size };
}

static inline bool span_has(struct span s, uint64_t offset, uint64_t size)
{
	return offset <= s.size && size <= s.size - offset;
}

/* The part [offset, offset + size) of @s. */
static inline bool span_sub(struct span s, uint64_t offset, uint64_t size, struct span *ret_sub)
{
	if (!span_has(s, offset, size))
		return false;
	*ret_sub = (struct span){ .data = s.data + offset, .size = size };
	return true;
}

/* All of @s from @offset on; empty at its very end. */
static inline bool span_from(struct span s, uint64_t offset, struct span *ret_sub)
{
	return offset <= s.size && span_sub(s, offset, s.size - offset, ret_sub);
}

static inline bool span_read(struct span s, uint64_t offset, void *ret_value, size_t size)
{
	if (!span_has(s, offset, size))
		return false;
	memcpy(ret_value, s.data + offset, size);
	return true;
}

static inline bool span_u8(struct span s, uint64_t offset, uint8_t *ret_value)
{
	return span_read(s, offset, ret_value, sizeof(*ret_value));
}

static inline bool span_u32(struct span s, uint64_t offset, uint32_t *ret_value)
{
	return span_read(s, offset, ret_value, sizeof(*ret_value));
}

static inline bool span_i32(struct span s, uint64_t offset, int32_t *ret_value)
{
	return span_read(s, offset, ret_value, sizeof(*ret_value));
}

static inline bool span_u64(struct span s, uint64_t offset, uint64_t *ret_value)
{
	return span_read(s, offset, ret_value, sizeof(*ret_value));
}

/* The NUL-terminated string at @offset, without its NUL; false when no NUL follows. */
static inline bool span_cstr(struct span s, uint64_t offset, struct span *ret_string)
{
	struct span rest;

	if (!span_from(s, offset, &rest))
		return false;
	const uint8_t *nul = rest.size ? memchr(rest.data, 0, rest.size) : NULL;
	if (!nul)
		return false;
	*ret_string = span_of(rest.data, nul - rest.data);
	return true;
}

/* A base-128 varint at *@offset, which moves past it; false when cut short or over 64 bits. */
static inline bool span_uvarint(struct span s, uint64_t *offset, uint64_t *ret_value)
{
	uint64_t value = 0;
	uint8_t byte;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		if (!span_u8(s, *offset, &byte))
			return false;
		++*offset;
		if (shift == 63 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static inline bool span_equals(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.size == n && (!n || memcmp(s.data, text, n) == 0);
}

static inline bool span_starts_with(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.size >= n && memcmp(s.data, prefix, n) == 0;
}
