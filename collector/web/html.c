/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/escape.h"

#define NSEC ((int64_t)NSEC_PER_SEC)

/* ---- text -------------------------------------------------------------------------------- */

/*
 * escape_next() knows what is no UTF-8 and what is a control character, and escapes these as in
 * JSON: with a backslash, and so it does the quote and the backslash themselves.
 */
static void put_character(struct buf *to, const char *c, size_t n)
{
	if (n == 1 && *c == '&')
		html(to, "&amp;");
	else if (n == 1 && *c == '<')
		html(to, "&lt;");
	else if (n == 1 && *c == '>')
		html(to, "&gt;");
	else if (n == 1 && *c == '\'')
		html(to, "&#39;");
	else if (n == 2 && c[0] == '\\' && c[1] == '"')
		html(to, "&quot;");
	else if (n == 2 && c[0] == '\\' && c[1] == '\\')
		html(to, "\\");
	else if (c[0] == '\\')
		html(to, "\xef\xbf\xbd");
	else
		buf_append(to, c, n);
}

void html_text(struct buf *to, const char *text)
{
	struct span rest = span_of(text, strlen(text));
	char c[ESCAPE_MAX];

	while (rest.size)
		put_character(to, c, escape_next(&rest, c));
}

/* RFC 3986 §2.3: what never needs an escape. */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

static void put_encoded(struct buf *to, const char *text, char kept)
{
	for (; *text; text++) {
		if (is_unreserved(*text) || *text == kept)
			buf_append(to, text, 1);
		else
			buf_printf(to, "%%%02X", (unsigned char)*text);
	}
}

void html_path(struct buf *to, const char *path)
{
	put_encoded(to, path, '/');
}

void html_argument(struct buf *to, const char *value)
{
	put_encoded(to, value, '-');
}

/* ---- values ------------------------------------------------------------------------------ */

void html_number(struct buf *to, int64_t n)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRId64, n);
	int sign = n < 0;

	for (int i = 0; i < size; i++) {
		if (i > sign && (size - i) % 3 == 0)
			html(to, "\u202f");
		buf_append(to, &digits[i], 1);
	}
}

/* What is not all must not look like all, nor what is something like nothing. */
static void put_percent(struct buf *to, double share, const char *less, const char *more)
{
	double percent = share * 100;

	if (percent > 0 && percent < 0.05)
		buf_printf(to, "%s\u202f0.1\u202f%%", less);
	else if (percent < 100 && percent >= 99.95)
		buf_printf(to, "%s\u202f99.9\u202f%%", more);
	else
		buf_printf(to, "%.1f\u202f%%", percent);
}

void html_percent(struct buf *to, double share)
{
	put_percent(to, share, "&lt;", "&gt;");
}

void html_plain_percent(struct buf *to, double share)
{
	put_percent(to, share, "<", ">");
}

void html_bytes(struct buf *to, int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t unit = 0;

	for (; n >= 1000 && unit + 1 < ARRAY_SIZE(units); unit++)
		n /= 1024;
	buf_printf(to, unit && n < 10 ? "%.1f\u202f%s" : "%.0f\u202f%s", n, units[unit]);
}

static void put_duration(struct buf *to, int64_t ns, bool rough)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	int64_t left = ns > 0 ? ns / NSEC : 0;
	size_t first = 0;

	while (first + 1 < ARRAY_SIZE(units) && left < units[first].seconds)
		first++;
	buf_printf(to, "%" PRId64 "\u202f%s", left / units[first].seconds, units[first].name);
	left %= units[first].seconds;
	if (!rough && first + 1 < ARRAY_SIZE(units) && left >= units[first + 1].seconds)
		buf_printf(to, " %" PRId64 "\u202f%s", left / units[first + 1].seconds,
			   units[first + 1].name);
}

void html_duration(struct buf *to, int64_t ns)
{
	const int64_t ms = NSEC / 1000;
	int64_t rounded;

	if (ns > 0 && ns < NSEC - ms / 2)
		buf_printf(to, "%" PRId64 "\u202fms", ns < ms ? 1 : (ns + ms / 2) / ms);
	else if (__builtin_add_overflow(ns, NSEC / 2, &rounded))
		put_duration(to, ns, false);
	else
		put_duration(to, rounded, false);
}

/* RFC 3339 in UTC; "" for what no calendar has. */
static void put_time(struct buf *to, int64_t ns)
{
	time_t seconds = (time_t)(ns / NSEC);
	char text[40];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &tm))
		html_text(to, text);
}

void html_age(struct buf *to, int64_t time, int64_t now)
{
	int64_t age;

	if (__builtin_sub_overflow(now, time, &age))
		age = time < 0 ? INT64_MAX : 0;
	html(to, "<time datetime=\"");
	put_time(to, time);
	html(to, "\" title=\"");
	put_time(to, time);
	html(to, "\">");
	if (age < 60 * NSEC) {
		html(to, "just now");
	} else {
		put_duration(to, age, true);
		html(to, " ago");
	}
	html(to, "</time>");
}

void html_bar(struct buf *to, double share)
{
	double percent = share < 0 ? 0 : share > 1 ? 100 : share * 100;

	html(to, "<svg class=\"bar\" aria-hidden=\"true\" focusable=\"false\"><rect width=\"");
	buf_printf(to, "%.1f%%", percent);
	html(to, "\" height=\"100%\"/></svg>");
}
