/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner knows strings and how deep it is in brackets, no more: what stands between them is
 * the parser's to judge. Depth 1 is the document, 2 its array of items, 3 and more an item.
 */
#include "agent/kube/list.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define DEPTH_DOCUMENT 1
#define DEPTH_ITEMS    2

void kube_list_init(struct kube_list *l, struct kube_sink *sink)
{
	*l = (struct kube_list){
		.sink = sink,
		.envelope = BUF_INIT(KUBE_MAX_ENVELOPE),
		.item = BUF_INIT(KUBE_MAX_ITEM),
	};
}

void kube_list_fini(struct kube_list *l)
{
	buf_fini(&l->envelope);
	buf_fini(&l->item);
}

/* One that cannot be parsed is counted and left out; the others are still good. */
static int take_item(struct kube_list *l)
{
	struct kube_sink *sink = l->sink;
	json_t *item;

	if (buf_error(&l->item) == -ENOMEM)
		return -ENOMEM;
	if (buf_error(&l->item) || l->n_values > KUBE_MAX_VALUES) {
		sink->n_too_big++;
		return 0;
	}
	item = json_loadb((const char *)l->item.data, l->item.size, 0, NULL);
	int r = item ? kube_pod_put(sink->pods, item, sink->wanted) : KUBE_POD_E_BROKEN;
	json_decref(item);
	*(r == KUBE_POD_E_BROKEN ? &sink->n_broken : &sink->n_pods) += 1;
	return r < 0 ? r : 0;
}

static int end_item(struct kube_list *l)
{
	int r = take_item(l);

	l->item.size = 0;
	l->item.error = 0;
	l->n_values = 0;
	return r;
}

static bool in_item(const struct kube_list *l)
{
	return l->in_items && l->depth > DEPTH_ITEMS;
}

/* What stands between two items is nobody's. */
static void keep(struct kube_list *l, uint8_t c)
{
	if (!l->in_items)
		buf_append_u8(&l->envelope, c);
	else if (in_item(l) && l->n_values <= KUBE_MAX_VALUES)
		buf_append_u8(&l->item, c);
}

static void take_in_string(struct kube_list *l, uint8_t c)
{
	keep(l, c);
	if (l->escaped)
		l->escaped = false;
	else if (c == '\\')
		l->escaped = true;
	else if (c == '"')
		l->in_string = false;
	if (l->in_string && l->depth == DEPTH_DOCUMENT && l->key_size < sizeof(l->key))
		l->key[l->key_size++] = (char)c;
}

static void begin_string(struct kube_list *l)
{
	keep(l, '"');
	l->in_string = true;
	if (l->depth == DEPTH_DOCUMENT)
		l->key_size = 0;
}

static int enter(struct kube_list *l, uint8_t c)
{
	bool items = c == '[' && l->depth == DEPTH_DOCUMENT &&
		     span_equals(span_of(l->key, l->key_size), "items");

	if (l->depth == KUBE_MAX_DEPTH || l->ended)
		return KUBE_LIST_E_BROKEN;
	if (items)
		keep(l, c);
	l->depth++;
	l->n_values++;
	if (items)
		l->in_items = true;
	else
		keep(l, c);
	return 0;
}

static int leave(struct kube_list *l, uint8_t c)
{
	bool of_item = in_item(l);

	if (!l->depth)
		return KUBE_LIST_E_BROKEN;
	if (l->depth == DEPTH_ITEMS)
		l->in_items = false;
	keep(l, c);
	l->depth--;
	l->ended = !l->depth;
	return of_item && l->depth == DEPTH_ITEMS ? end_item(l) : 0;
}

static int take(struct kube_list *l, uint8_t c)
{
	switch (c) {
	case '{':
	case '[':
		return enter(l, c);
	case '}':
	case ']':
		return leave(l, c);
	case '"':
		begin_string(l);
		return 0;
	case ',':
		l->n_values++;
		break;
	}
	keep(l, c);
	return 0;
}

int kube_list_feed(struct kube_list *l, struct span bytes)
{
	int r = l->broken ? KUBE_LIST_E_BROKEN : 0;

	for (size_t i = 0; !r && i < bytes.size; i++) {
		if (l->in_string)
			take_in_string(l, bytes.data[i]);
		else
			r = take(l, bytes.data[i]);
	}
	if (!r && buf_error(&l->envelope))
		r = buf_error(&l->envelope) == -ENOMEM ? -ENOMEM : KUBE_LIST_E_BROKEN;
	l->broken = r == KUBE_LIST_E_BROKEN;
	return r;
}

/* Without its version nothing can be watched; without its token the rest would be taken for gone.
 */
static bool read_envelope(const json_t *document, struct kube_list_end *ret_end)
{
	const char *kind = kube_text(document, "kind", NULL);
	const char *version = kube_text(document, "metadata", "resourceVersion");
	const char *token = kube_text(document, "metadata", "continue");
	bool whole = !json_string_length(kube_member(document, "metadata", "continue"));

	return kind && !strcmp(kind, "PodList") && version && (token || whole) &&
	       text_copy(span_of(version, strlen(version)), ret_end->version, KUBE_VERSION_SIZE) &&
	       (!token ||
		text_copy(span_of(token, strlen(token)), ret_end->continue_token, KUBE_TOKEN_SIZE));
}

int kube_list_end(struct kube_list *l, struct kube_list_end *ret_end)
{
	json_t *document;

	*ret_end = (struct kube_list_end){ .version = "" };
	if (l->broken)
		return KUBE_LIST_E_BROKEN;
	document = json_loadb((const char *)l->envelope.data, l->envelope.size, 0, NULL);
	bool good = read_envelope(document, ret_end);
	json_decref(document);
	return good ? 0 : KUBE_LIST_E_BROKEN;
}
