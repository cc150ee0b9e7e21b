/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/labels.h"

#include <string.h>

#include "base/cleanup.h"

#define REPLACEMENT '?'

bool label_name_valid(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' &&
		    !(i && c >= '0' && c <= '9'))
			return false;
	}
	return n && n <= LABELS_MAX_NAME;
}

/*
 * The length of the UTF-8 sequence @s begins with, 0 for none: the table of well-formed sequences
 * in the Unicode standard, chapter 3.9.
 */
static size_t sequence(struct span s)
{
	static const struct {
		uint8_t first, last, second_min, second_max, length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	uint8_t first, next;

	if (!span_u8(s, 0, &first) || first < 0x80)
		return s.size && first >= 0x20 && first != 0x7f;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (first < forms[i].first || first > forms[i].last || !span_u8(s, 1, &next) ||
		    next < forms[i].second_min || next > forms[i].second_max)
			continue;
		for (size_t at = 2; at < forms[i].length; at++)
			if (!span_u8(s, at, &next) || (next & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void append_value(struct buf *text, struct span value)
{
	size_t room = LABELS_MAX_VALUE;

	while (value.size) {
		size_t n = sequence(value);

		if (room < (n ? n : 1))
			break;
		if (n)
			buf_append(text, value.data, n);
		else
			buf_append_u8(text, REPLACEMENT);
		room -= n ? n : 1;
		span_from(value, n ? n : 1, &value);
	}
	buf_append_u8(text, '\0');
}

static bool has(const struct labels *l, const char *name)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (!strcmp((const char *)l->text.data + l->at[i], name))
			return true;
	return false;
}

void labels_add(struct labels *l, const char *name, struct span value)
{
	if (!value.size || buf_error(&l->text))
		return;
	if (l->n == LABELS_MAX || !label_name_valid(name) || has(l, name)) {
		l->n_left_out++;
		return;
	}
	l->at[l->n] = l->text.size;
	buf_append(&l->text, name, strlen(name) + 1);
	append_value(&l->text, value);
	if (!buf_error(&l->text))
		l->n++;
}

void labels_add_text(struct labels *l, const char *name, const char *value)
{
	if (value)
		labels_add(l, name, span_of(value, strlen(value)));
}

int labels_finish(struct labels *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const char *name = (const char *)l->text.data + l->at[i];

		l->list[i] = (struct label){ name, name + strlen(name) + 1 };
	}
	return buf_error(&l->text);
}

void labels_fini(struct labels *l)
{
	buf_fini(&l->text);
	*l = (struct labels)LABELS_NULL;
}

const char *labels_value(const struct labels *l, const char *name)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (!strcmp(l->list[i].name, name))
			return l->list[i].value;
	return NULL;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	return a->n == b->n && a->text.size == b->text.size &&
	       !(a->text.size && memcmp(a->text.data, b->text.data, a->text.size));
}
