/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include <stdint.h>
#include <stdio.h>

/* The length of the UTF-8 sequence at the front of @s and its code point; 0 when there is none. */
static size_t decode(struct span s, uint32_t *ret_point)
{
	static const uint32_t first[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = s.data[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t point = n == 1 ? lead : lead & (0xffu >> (n + 1));

	if (!n || lead >= 0xf8 || n > s.size)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s.data[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s.data[i] & 0x3fu);
	}
	if (point < first[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return n;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

/* Controls, line and paragraph separators, marks of direction, byte order mark, and what is no
 * character (which YAML refuses). */
static bool is_unsafe(uint32_t point)
{
	return is_control(point) || point == 0x61c || (point >= 0x200e && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
	       point == 0xfeff || point == 0xfffe || point == 0xffff;
}

static size_t escape_point(uint32_t point, char ret_text[ESCAPE_MAX])
{
	char text[ESCAPE_MAX + 1];

	snprintf(text, sizeof(text), "\\u%04x", (unsigned int)(point & 0xffff));
	memcpy(ret_text, text, ESCAPE_MAX);
	return ESCAPE_MAX;
}

static size_t escape_short(char c, char ret_text[ESCAPE_MAX])
{
	ret_text[0] = '\\';
	ret_text[1] = c;
	return 2;
}

size_t escape_next(struct span *rest, char ret_text[ESCAPE_MAX])
{
	uint32_t point;
	size_t n = decode(*rest, &point);
	struct span here = *rest;

	span_from(*rest, n ? n : 1, rest);
	if (!n)
		return escape_point(0xfffd, ret_text);
	if (point == '"' || point == '\\')
		return escape_short((char)point, ret_text);
	if (point == '\n')
		return escape_short('n', ret_text);
	if (point == '\t')
		return escape_short('t', ret_text);
	if (is_unsafe(point))
		return escape_point(point, ret_text);
	memcpy(ret_text, here.data, n);
	return n;
}

bool escape_is_plain(struct span text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return text.size > 0;
}

bool escape_is_clean(struct span text)
{
	uint32_t point;
	size_t n;

	for (; text.size; span_from(text, n, &text)) {
		n = decode(text, &point);
		if (!n || is_control(point))
			return false;
	}
	return true;
}
