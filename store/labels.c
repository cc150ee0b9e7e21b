/* SPDX-License-Identifier: Apache-2.0 */
#include "store/labels.h"

#include "store/text.h"

void clean_labels_fini(struct clean_labels *l)
{
	buf_fini(&l->text);
}

static bool is_name_character(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

/* False when it is not what it was. */
static bool add_name(struct clean_labels *l, const char *name)
{
	bool same = true;
	size_t n = 0;

	for (; name[n] && n < LABEL_NAME_SIZE; n++) {
		bool good = is_name_character(name[n], n == 0);

		buf_append_u8(&l->text, good ? (uint8_t)name[n] : '_');
		same &= good;
	}
	buf_append_u8(&l->text, 0);
	return same && !name[n];
}

static bool add_value(struct clean_labels *l, const char *value)
{
	struct span rest = span_of(value, strlen(value));
	size_t room = LABEL_VALUE_SIZE;
	bool same = true;

	while (rest.size) {
		size_t n = text_utf8(rest);

		if ((n ? n : 1) > room)
			break;
		if (n)
			buf_append(&l->text, rest.data, n);
		else
			buf_append_u8(&l->text, '?');
		same &= n > 0;
		room -= n ? n : 1;
		span_from(rest, n ? n : 1, &rest);
	}
	buf_append_u8(&l->text, 0);
	return same && !rest.size;
}

static bool is_there(const struct clean_labels *l, const char *name)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (!strcmp(clean_labels_text(l, l->of[i].name), name))
			return true;
	return false;
}

static void add(struct clean_labels *l, const struct store_label *label)
{
	struct clean_label row = { .name = (uint32_t)l->text.size };
	bool same = add_name(l, label->name);

	if (buf_error(&l->text))
		return;
	if (l->n == LABELS_MAX || is_there(l, clean_labels_text(l, row.name))) {
		l->text.size = row.name;
		l->changed++;
		return;
	}
	row.value = (uint32_t)l->text.size;
	same &= add_value(l, label->value);
	l->of[l->n++] = row;
	l->changed += !same;
}

int clean_labels_make(struct clean_labels *l, const struct store_label *labels, uint32_t n_labels)
{
	for (uint32_t i = 0; i < n_labels; i++)
		if (labels[i].name && *labels[i].name && labels[i].value && *labels[i].value)
			add(l, &labels[i]);
	return buf_error(&l->text);
}
