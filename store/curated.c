/* SPDX-License-Identifier: Apache-2.0 */
#include "store/curated.h"

#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define MINUTE (60 * NSEC_PER_SEC)

/* RFC 3986, 2.3: unreserved. */
static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void append_segment(struct buf *b, struct span segment)
{
	for (size_t i = 0; i < segment.size; i++) {
		if (is_plain(segment.data[i]))
			buf_append_u8(b, segment.data[i]);
		else
			buf_printf(b, "%%%02X", segment.data[i]);
	}
}

/* Nothing that a server, or a proxy on the way, would take for another path. */
static bool is_segment(struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.data[i] < ' ' || s.data[i] == 0x7f || s.data[i] == '\\')
			return false;
	return s.size && !span_equals(s, ".") && !span_equals(s, "..");
}

static int append_name(struct buf *b, const char *name)
{
	size_t n = strlen(name);
	struct span rest = span_of(name, n), segment;

	if (!n || n >= CURATED_NAME_SIZE || name[n - 1] == '/')
		return CURATED_E_NAME;
	while (text_cut(&rest, '/', &segment)) {
		if (!is_segment(segment))
			return CURATED_E_NAME;
		buf_append_u8(b, '/');
		append_segment(b, segment);
	}
	return 0;
}

static const char *separator(const struct buf *query)
{
	return query->size ? "&" : "";
}

static void append_label(struct buf *query, const struct store_label *label)
{
	buf_printf(query, "%slabel=%s%%3D", separator(query), label->name);
	append_segment(query, span_of(label->value, strlen(label->value)));
}

int curated_ask(const struct curated_question *q, struct buf *ret_path, struct buf *ret_query)
{
	buf_append_text(ret_path, "/pgo");
	int r = append_name(ret_path, q->name);
	if (r == 0 && q->tag) {
		buf_append_text(ret_path, "/tags");
		r = strchr(q->tag, '/') ? CURATED_E_NAME : append_name(ret_path, q->tag);
	}
	if (r != 0)
		return r;
	for (size_t i = 0; i < q->n_labels; i++)
		append_label(ret_query, &q->labels[i]);
	if (q->window && !q->tag)
		buf_printf(ret_query, "%swindow=%llum", separator(ret_query),
			   (unsigned long long)((q->window + MINUTE - 1) / MINUTE));
	/* What a tag holds is given whatever it is worth, and now. */
	if (q->any && !q->tag)
		buf_printf(ret_query, "%sany=1", separator(ret_query));
	buf_append_u8(ret_path, 0);
	buf_append_u8(ret_query, 0);
	return buf_error(ret_path) ? buf_error(ret_path) : buf_error(ret_query);
}

static uint64_t read_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t seconds = end && !*end ? timegm(&tm) : 0;

	return seconds > 0 && (uint64_t)seconds < UINT64_MAX / NSEC_PER_SEC
		       ? (uint64_t)seconds * NSEC_PER_SEC
		       : 0;
}

void curated_read(const struct fetch *f, struct curated_facts *ret_facts)
{
	char text[64];

	*ret_facts = (struct curated_facts){ 0 };
	ret_facts->by_collector = fetch_header(f, "X-Hone-Verdict", text, sizeof(text));
	if (fetch_header(f, "X-Hone-Until", text, sizeof(text)))
		ret_facts->until = read_time(text);
	fetch_header(f, "X-Hone-Builds", ret_facts->builds, sizeof(ret_facts->builds));
}
