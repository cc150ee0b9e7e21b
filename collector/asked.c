/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/asked.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

#define MINUTE (60 * (int64_t)NSEC_PER_SEC)
#define DAY    (24 * 60 * MINUTE)

struct span asked_text(const char *text)
{
	return span_of(text ? text : "", text ? strlen(text) : 0);
}

bool asked_has_etag(struct span list, const char *etag)
{
	struct span tag;

	while (text_cut(&list, ',', &tag)) {
		text_skip_blanks(&tag);
		text_skip(&tag, "W/");
		while (tag.size && tag.data[tag.size - 1] == ' ')
			tag.size--;
		if (span_equals(tag, etag) || span_equals(tag, "*"))
			return true;
	}
	return false;
}

void asked_etag(struct span text, char *ret_etag, size_t size)
{
	bool quoted = text.size > 1 && text.data[0] == '"';
	const char *quote = quoted ? "" : "\"";
	size_t most = size - (quoted ? 1 : 3), n = text.size < most ? text.size : most;

	snprintf(ret_etag, size, "%s%.*s%s", quote, (int)n, (const char *)text.data, quote);
}

bool asked_takes_gzip(struct span list)
{
	struct span one;

	while (text_cut(&list, ',', &one)) {
		text_skip_blanks(&one);
		if (text_skip(&one, "gzip") && (!one.size || one.data[0] == ' '))
			return true;
	}
	return false;
}

bool asked_page(struct span list)
{
	struct span first;

	if (!text_cut(&list, ',', &first))
		return false;
	text_skip_blanks(&first);
	return text_skip(&first, "text/html") &&
	       (!first.size || first.data[0] == ';' || first.data[0] == ' ');
}

/* Where its last slash is. False: it has none. */
static bool find_last_slash(struct span path, size_t *ret_at)
{
	for (size_t at = path.size; at--;)
		if (path.data[at] == '/') {
			*ret_at = at;
			return true;
		}
	return false;
}

bool asked_tag(struct span path, struct span *ret_name, struct span *ret_tag)
{
	static const char tags[] = "/tags";
	const size_t n = sizeof(tags) - 1;
	size_t at;

	if (!find_last_slash(path, &at))
		return false;
	struct span name = span_of(path.data, at), last = span_of(path.data + at, path.size - at);
	if (at && span_equals(last, tags)) {
		*ret_name = name;
		*ret_tag = span_of(NULL, 0);
		return true;
	}
	if (at <= n || !span_equals(span_of(name.data + at - n, n), tags))
		return false;
	*ret_name = span_of(name.data, at - n);
	*ret_tag = span_of(last.data + 1, last.size - 1);
	return true;
}

int64_t asked_from(struct span text)
{
	uint64_t value;

	if (!text_number(&text, 10, &value) || text.size)
		return 0;
	for (int i = 0; i < 3 && value && value < 100000000000000000; i++)
		if (__builtin_mul_overflow(value, 1000, &value))
			return 0;
	return value < INT64_MAX ? (int64_t)value : 0;
}

bool asked_timeout(struct span text, uint64_t *ret_ms)
{
	return text.size <= 10 && text_number(&text, 10, ret_ms) && !text.size;
}

bool asked_duration(struct span text, int64_t least, int64_t *ret_duration)
{
	uint64_t n;

	if (!text_number(&text, 10, &n) || text.size != 1 || n > 100000)
		return false;
	int64_t unit = text.data[0] == 'd'   ? DAY
		       : text.data[0] == 'h' ? 60 * MINUTE
		       : text.data[0] == 'm' ? MINUTE
					     : 0;
	*ret_duration = (int64_t)n * unit;
	return unit && *ret_duration >= least && *ret_duration <= 366 * DAY;
}
