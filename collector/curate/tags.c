/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "collector/curate/publish.h"

bool curate_tag_valid(const char *tag)
{
	size_t n = strlen(tag);

	if (!n || n >= DEPOT_TAG_SIZE || tag[0] == '.')
		return false;
	for (const char *c = tag; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

		if (!letter && !(*c >= '0' && *c <= '9') && !strchr("._-", *c))
			return false;
	}
	return true;
}

int curate_knows(struct depot *d, const char *tenant, const char *name)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	const struct depot_query ever = { tenant, name, INT64_MIN, INT64_MAX };
	struct depot_state state;
	int r = depot_reader_open(d, &reader);

	if (r == 0)
		r = depot_state(reader, &ever, &state);
	if (r != 0)
		return publish_outcome(r);
	return state.n ? 0 : CURATE_E_NONE;
}

int curate_tagged(struct depot *d, const struct curate_request *request, const char *tag,
		  struct curate_result *ret_result)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	_cleanup_(depot_edition_fini) struct depot_edition e = DEPOT_EDITION_NULL;
	const struct depot_line line = publish_line(request);
	int r = depot_reader_open(d, &reader);

	if (r == 0)
		r = depot_tagged(reader, &line, tag, &e);
	return r ? publish_outcome(r) : publish_unpack(&e, ret_result);
}

int curate_pin(struct depot *d, const struct curate_request *request, const char *tag,
	       const char *etag)
{
	const struct depot_line line = publish_line(request);

	return publish_outcome(depot_pin(d, &line, tag, etag, request->now));
}

int curate_unpin(struct depot *d, const struct curate_request *request, const char *tag, bool all)
{
	const struct depot_line line = publish_line(request);

	return publish_outcome(depot_unpin(d, &line, tag, all));
}

/* ---- lists ------------------------------------------------------------------------------- */

static json_t *when(int64_t ns)
{
	char text[CURATE_TIME_SIZE];

	return curate_time_text(ns, text) ? json_string(text) : json_null();
}

static int on_pin(void *context, const struct depot_pin *pin)
{
	json_t *one = json_pack("{s:s, s:s, s:o, s:o}", "tag", pin->tag, "etag", pin->etag,
				"pinned", when(pin->time), "published", when(pin->published));

	return one && json_array_append_new(context, one) == 0 ? 0 : -ENOMEM;
}

/* null where it is not there. */
static void copy(json_t *to, const json_t *from, const char *name)
{
	json_t *value = json_object_get(from, name);

	json_object_set_new(to, name, value ? json_incref(value) : json_null());
}

/* What is told of each, in the words of curate_explain_json(). */
static int on_edition(void *context, const struct depot_edition *e)
{
	static const char *const told[] = { "verdict", "coverage", "samples" };
	static const char *const names[] = { "from", "until", "instances", "profiles",
					     "builds_used" };
	json_t *note = json_loadb((const char *)e->note.data, e->note.size, 0, NULL);
	json_t *one = json_pack("{s:s, s:o}", "etag", e->etag, "published", when(e->time));
	const json_t *quality = json_object_get(note, "quality");
	const json_t *published = json_object_get(note, "published");

	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		copy(one, quality, told[i]);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		copy(one, note, names[i]);
	copy(one, published, "previous");
	copy(one, published, "hot_overlap");
	json_decref(note);
	return one && json_array_append_new(context, one) == 0 ? 0 : -ENOMEM;
}

static int print(json_t *all, struct buf *to)
{
	char *text = json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

	if (!text)
		return -ENOMEM;
	buf_append_text(to, text);
	buf_append_u8(to, '\n');
	free(text);
	return buf_error(to);
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static int list(struct depot *d, const struct curate_request *request, bool tags, struct buf *to)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	_cleanup_(json_freep) json_t *all = json_array();
	const struct depot_line line = publish_line(request);
	int r = all ? depot_reader_open(d, &reader) : -ENOMEM;

	if (r == 0)
		r = tags ? depot_tags(reader, &line, on_pin, all)
			 : depot_editions(reader, &line, on_edition, all);
	return r ? publish_outcome(r) : print(all, to);
}

int curate_list_tags(struct depot *d, const struct curate_request *request, struct buf *to)
{
	return list(d, request, true, to);
}

int curate_list_history(struct depot *d, const struct curate_request *request, struct buf *to)
{
	return list(d, request, false, to);
}
