/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading text from outside piece by piece. Each call takes something off the front of @rest, a
 * span over bytes that need not end in NUL, and leaves @rest alone when it answers false.
 */
#pragma once

#include "base/span.h"

/* All up to the first @separator, which is dropped, or else all there is. False at the end. */
static inline bool text_cut(struct span *rest, char separator, struct span *ret_part)
{
	if (!rest->size)
		return false;
	const uint8_t *end = memchr(rest->data, separator, rest->size);
	size_t n = end ? (size_t)(end - rest->data) : rest->size;
	*ret_part = span_of(rest->data, n);
	span_from(*rest, end ? n + 1 : n, rest);
	return true;
}

/* A line, without its newline. The last one need not have one. */
static inline bool text_line(struct span *rest, struct span *ret_line)
{
	return text_cut(rest, '\n', ret_line);
}

static inline bool text_skip(struct span *rest, const char *prefix)
{
	return span_starts_with(*rest, prefix) && span_from(*rest, strlen(prefix), rest);
}

/* Any number of blanks and tabs. */
static inline void text_skip_blanks(struct span *rest)
{
	while (text_skip(rest, " ") || text_skip(rest, "\t"))
		;
}

/* The value of a digit, 36 or more for none. */
static inline unsigned int text_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'z' ? c - 'a' + 10u : 255;
}

/* Digits of @base (10, or 16 in lower case). False when there is none, or over 64 bits. */
static inline bool text_number(struct span *rest, unsigned int base, uint64_t *ret_value)
{
	uint64_t value = 0, at = 0;
	uint8_t c;

	for (; span_u8(*rest, at, &c) && text_digit(c) < base; at++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, text_digit(c), &value))
			return false;
	}
	if (!at)
		return false;
	*ret_value = value;
	return span_from(*rest, at, rest);
}

/* Copy as much of @s as fits, NUL-terminated. False when it was cut. */
static inline bool text_copy(struct span s, char *ret_text, size_t size)
{
	size_t n = s.size < size ? s.size : size - 1;

	if (n)
		memcpy(ret_text, s.data, n);
	ret_text[n] = '\0';
	return n == s.size;
}
