/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kube/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define HTTP_GONE 410

/* What a longer line needed is given back. */
#define USUAL_LINE (64u << 10)

void kube_watch_init(struct kube_watch *w, struct kube_sink *sink, const char *version)
{
	*w = (struct kube_watch){ .sink = sink, .line = BUF_INIT(KUBE_MAX_ITEM) };
	snprintf(w->version, sizeof(w->version), "%s", version);
}

void kube_watch_fini(struct kube_watch *w)
{
	buf_fini(&w->line);
}

static void clear_line(struct kube_watch *w)
{
	if (w->line.capacity > USUAL_LINE)
		buf_fini(&w->line);
	w->line.size = 0;
	w->line.error = 0;
}

/* v1.Status */
static int on_error(struct kube_watch *w, const json_t *status)
{
	const char *message = kube_text(status, "message", NULL);
	json_int_t code = json_integer_value(kube_member(status, "code", NULL));

	snprintf(w->message, sizeof(w->message), "%s", message ? message : "an error, not named");
	return code == HTTP_GONE ? KUBE_WATCH_E_GONE : KUBE_WATCH_E_FAILED;
}

static int on_put(struct kube_watch *w, const json_t *object)
{
	w->n_events++;
	return kube_pod_put(w->sink->pods, object, w->sink->wanted);
}

static int on_deleted(struct kube_watch *w, const json_t *object)
{
	w->n_events++;
	return kube_pod_remove(w->sink->pods, object);
}

static int on_bookmark(struct kube_watch *w, const json_t *object)
{
	(void)object;
	w->n_bookmarks++;
	return 0;
}

static int on_change(struct kube_watch *w, const json_t *object,
		     int (*handle)(struct kube_watch *w, const json_t *object))
{
	const char *version = kube_text(object, "metadata", "resourceVersion");
	int r = handle(w, object);

	if (r < 0)
		return r;
	if (r)
		w->sink->n_broken++;
	else if (handle != on_bookmark)
		w->sink->n_pods++;
	if (version && strlen(version) < sizeof(w->version))
		memcpy(w->version, version, strlen(version) + 1);
	return 0;
}

static int on_event(struct kube_watch *w, const json_t *event)
{
	static const struct {
		const char *type;
		int (*handle)(struct kube_watch *w, const json_t *object);
	} changes[] = {
		{ "ADDED", on_put },
		{ "MODIFIED", on_put },
		{ "DELETED", on_deleted },
		{ "BOOKMARK", on_bookmark },
	};
	const char *type = kube_text(event, "type", NULL);
	const json_t *object = kube_member(event, "object", NULL);

	if (!type || !json_is_object(object))
		return KUBE_WATCH_E_BROKEN;
	if (!strcmp(type, "ERROR"))
		return on_error(w, object);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		if (!strcmp(type, changes[i].type))
			return on_change(w, object, changes[i].handle);
	return KUBE_WATCH_E_BROKEN;
}

/* How many values a JSON text has, at least: known before memory is spent on them. */
static size_t count_values(struct span text)
{
	bool in_string = false;
	size_t n = 0;

	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '[' || c == ','))
			n++;
	}
	return n;
}

static int on_line(struct kube_watch *w)
{
	struct span line = span_of(w->line.data, w->line.size);
	json_t *event;

	if (!line.size)
		return 0;
	if (count_values(line) > KUBE_MAX_VALUES) {
		w->sink->n_too_big++;
		return 0;
	}
	event = json_loadb((const char *)line.data, line.size, 0, NULL);
	int r = event ? on_event(w, event) : KUBE_WATCH_E_BROKEN;
	json_decref(event);
	return r;
}

static int end_line(struct kube_watch *w)
{
	int r = w->skipping ? 0 : on_line(w);

	w->skipping = false;
	clear_line(w);
	return r;
}

static int add_to_line(struct kube_watch *w, struct span part)
{
	if (w->skipping)
		return 0;
	buf_append(&w->line, part.data, part.size);
	if (buf_error(&w->line) == -E2BIG) {
		w->skipping = true;
		w->sink->n_too_big++;
		clear_line(w);
	}
	return buf_error(&w->line);
}

int kube_watch_feed(struct kube_watch *w, struct span bytes)
{
	int r = 0;

	while (!r && bytes.size) {
		const uint8_t *newline = memchr(bytes.data, '\n', bytes.size);
		size_t n = newline ? (size_t)(newline - bytes.data) : bytes.size;

		r = add_to_line(w, span_of(bytes.data, n));
		if (!r && newline)
			r = end_line(w);
		span_from(bytes, newline ? n + 1 : n, &bytes);
	}
	return r;
}
