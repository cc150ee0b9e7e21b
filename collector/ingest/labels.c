/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/labels.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "store/text.h"

void label_set_fini(struct label_set *l)
{
	buf_fini(&l->text);
	l->n = 0;
}

bool label_text_valid(struct span s)
{
	while (s.size) {
		size_t n = s.data[0] ? text_utf8(s) : 0;

		if (!n)
			return false;
		span_from(s, n, &s);
	}
	return true;
}

int label_set_add(struct label_set *l, struct span name, struct span value, struct refusal *why)
{
	if (!name.size)
		return refuse(why, REFUSAL_INVALID, "a label has no name");
	if (!value.size)
		return 0;
	if (name.size > LABEL_SET_MAX_NAME || value.size > LABEL_SET_MAX_VALUE)
		return refuse(why, REFUSAL_INVALID,
			      "a label has over %u bytes in its name, or %u in its value",
			      LABEL_SET_MAX_NAME, LABEL_SET_MAX_VALUE);
	if (!label_text_valid(name) || !label_text_valid(value))
		return refuse(why, REFUSAL_INVALID, "a label is not UTF-8");
	if (l->n == LABEL_SET_MAX)
		return refuse(why, REFUSAL_INVALID, "there are over %u labels", LABEL_SET_MAX);
	l->at[l->n++] = l->text.size;
	buf_append(&l->text, name.data, name.size);
	buf_append_u8(&l->text, 0);
	buf_append(&l->text, value.data, value.size);
	buf_append_u8(&l->text, 0);
	return buf_error(&l->text);
}

static int by_name(const void *a, const void *b)
{
	const struct depot_label *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int label_set_finish(struct label_set *l, struct refusal *why)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *name = (const char *)l->text.data + l->at[i];

		l->list[i] = (struct depot_label){ name, name + strlen(name) + 1 };
	}
	if (l->n)
		qsort(l->list, l->n, sizeof(l->list[0]), by_name);
	for (size_t i = 1; i < l->n; i++)
		if (!strcmp(l->list[i - 1].name, l->list[i].name))
			return refuse(why, REFUSAL_INVALID, "label %.100s is there twice",
				      l->list[i].name);
	return 0;
}

const char *label_set_value(const struct label_set *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->list[i].name, name))
			return l->list[i].value;
	return "";
}

/* ---- as text ----------------------------------------------------------------------------- */

static struct span trimmed(struct span s)
{
	text_skip_blanks(&s);
	while (s.size && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
		s.size--;
	return s;
}

int label_set_parse_pair(struct label_set *l, struct span pair, struct refusal *why)
{
	struct span value = pair, name;

	if (!memchr(pair.size ? (const void *)pair.data : "", '=', pair.size) ||
	    !text_cut(&value, '=', &name))
		return refuse(why, REFUSAL_INVALID, "a label is not of the form name=value");
	return label_set_add(l, trimmed(name), trimmed(value), why);
}

int label_set_parse_name(struct label_set *l, struct span name, struct refusal *why)
{
	struct span rest = name, service, pair;
	bool has_service = false;
	int r = 0;

	if (!text_cut(&rest, '{', &service) || !trimmed(service).size)
		return refuse(why, REFUSAL_INVALID, "the name is empty");
	if (rest.size && rest.data[rest.size - 1] == '}')
		rest.size--;
	else if (service.size != name.size)
		return refuse(why, REFUSAL_INVALID, "the name has no closing brace at its end");
	while (r == 0 && text_cut(&rest, ',', &pair)) {
		has_service |= span_starts_with(trimmed(pair), "service_name=");
		r = label_set_parse_pair(l, pair, why);
	}
	if (r == 0 && !has_service)
		r = label_set_add(l, span_of("service_name", 12), trimmed(service), why);
	return r;
}
