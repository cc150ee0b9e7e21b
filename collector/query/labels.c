/* SPDX-License-Identifier: Apache-2.0 */
/* What there is: profile types, labels, series. All from the index. */
#include <errno.h>
#include <string.h>

#include "collector/query/select.h"
#include "collector/query/textset.h"
#include "proto/querier.pb-c.h"

#define MAX_NAMES 256u /* label names that a request may list */

static int of_set(const struct query_call *c, int r)
{
	return r == -E2BIG ? refuse(c->why, REFUSAL_TOO_LARGE,
				    "the answer is too large, ask for fewer series")
			   : r;
}

static void put_text(struct textset *set, const char *text)
{
	buf_append(&set->text, text, strlen(text) + 1);
}

static int add_text(const struct query_call *c, struct textset *set, const char *text)
{
	size_t at = set->text.size;

	put_text(set, text);
	return of_set(c, textset_add(set, at));
}

/* ---- LabelNames, LabelValues ------------------------------------------------------------- */

/* Names of labels, or the values of the one called @name. */
static int collect(const struct query_call *c, const struct selection *s, const char *name,
		   struct textset *set)
{
	struct select_labels labels;
	size_t last = SIZE_MAX;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		/* Types of one series have most of it in common. */
		bool again = s->entries[i].row == last;

		last = s->entries[i].row;
		select_labels(s, &s->entries[i], &labels);
		for (size_t k = 0; !name && !again && r == 0 && k < labels.n; k++)
			r = add_text(c, set, labels.list[k].name);
		const char *value = name ? select_value(&labels, name) : "";
		if (*value)
			r = add_text(c, set, value);
	}
	textset_finish(set);
	return r;
}

/* Both answers have the same form: texts in field 1, called names. */
static int answer_texts(struct query_call *c, const struct textset *set)
{
	Querier__V1__LabelNamesResponse answer = QUERIER__V1__LABEL_NAMES_RESPONSE__INIT;
	_cleanup_(freep) char **texts = reallocarray(NULL, set->n + 1, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		texts[i] = (char *)textset_at(set, i);
	answer.names = texts;
	answer.n_names = set->n;
	codec_pack(c->request->codec, &answer.base, c->answer);
	return 0;
}

static int list_texts(struct query_call *c, const struct select_input *in, const char *name)
{
	_cleanup_(selection_fini) struct selection s = SELECTION_NULL;
	_cleanup_(textset_fini) struct textset set = TEXTSET_NULL;
	int r = select_series(c, in, &s);

	if (r == 0)
		r = collect(c, &s, name, &set);
	return r ? r : answer_texts(c, &set);
}

int answer_label_names(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__LabelNamesRequest *request = (const void *)m;
	const struct select_input in = { .selectors = request->matchers,
					 .n = request->n_matchers,
					 .start = request->start,
					 .end = request->end };

	return list_texts(c, &in, NULL);
}

int answer_label_values(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__LabelValuesRequest *request = (const void *)m;
	const struct select_input in = { .selectors = request->matchers,
					 .n = request->n_matchers,
					 .start = request->start,
					 .end = request->end };

	if (!*request->name)
		return refuse(c->why, REFUSAL_INVALID, "the name of the label is missing");
	return list_texts(c, &in, request->name);
}

/* ---- ProfileTypes ------------------------------------------------------------------------ */

static void put_type(struct codec_list *list, const char *id, const struct query_call *c)
{
	Querier__V1__ProfileType type = QUERIER__V1__PROFILE_TYPE__INIT;
	char parts[SELECT_TYPE_SIZE];
	const char *of_type[5];

	if (select_parse_type(c, id, parts, of_type) != 0)
		return;
	type.id = (char *)id;
	type.name = (char *)of_type[0];
	type.sample_type = (char *)of_type[1];
	type.sample_unit = (char *)of_type[2];
	type.period_type = (char *)of_type[3];
	type.period_unit = (char *)of_type[4];
	codec_list_add(list, &type.base);
}

int answer_profile_types(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__ProfileTypesRequest *request = (const void *)m;
	const struct select_input in = { .start = request->start, .end = request->end };
	_cleanup_(selection_fini) struct selection s = SELECTION_NULL;
	_cleanup_(textset_fini) struct textset set = TEXTSET_NULL;
	struct codec_list list;
	int r = select_series(c, &in, &s);

	if (r == 0)
		r = collect(c, &s, "__profile_type__", &set);
	if (r != 0)
		return r;
	codec_list_begin(&list, &querier__v1__profile_types_response__descriptor, c->request->codec,
			 c->answer);
	for (size_t i = 0; i < set.n; i++)
		put_type(&list, textset_at(&set, i), c);
	codec_list_end(&list);
	return 0;
}

/* ---- Series ------------------------------------------------------------------------------ */

static bool is_wanted(const Querier__V1__SeriesRequest *request, const char *name)
{
	for (size_t i = 0; i < request->n_label_names; i++)
		if (!strcmp(request->label_names[i], name))
			return true;
	return !request->n_label_names;
}

/* As name NUL value NUL. */
static int collect_series(const struct query_call *c, const Querier__V1__SeriesRequest *request,
			  const struct selection *s, struct textset *set)
{
	struct select_labels labels;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		size_t at = set->text.size;

		select_labels(s, &s->entries[i], &labels);
		for (size_t k = 0; k < labels.n; k++) {
			if (!is_wanted(request, labels.list[k].name))
				continue;
			put_text(set, labels.list[k].name);
			put_text(set, labels.list[k].value);
		}
		if (set->text.size > at || buf_error(&set->text))
			r = of_set(c, textset_add(set, at));
		if (r == 0 && i % 64 == 0)
			r = query_check_time(c);
	}
	textset_finish(set);
	return r;
}

static void put_series(struct codec_list *list, const struct textset *set, size_t number)
{
	Querier__V1__LabelPair pairs[SELECT_MAX_LABELS], *pointers[SELECT_MAX_LABELS];
	Querier__V1__Labels series = QUERIER__V1__LABELS__INIT;
	const char *at = textset_at(set, number), *end = at + set->items[number].size;

	series.labels = pointers;
	for (size_t n = 0; at < end && n < SELECT_MAX_LABELS; n++) {
		querier__v1__label_pair__init(&pairs[n]);
		pairs[n].name = (char *)at;
		at += strlen(at) + 1;
		pairs[n].value = (char *)at;
		at += strlen(at) + 1;
		pointers[n] = &pairs[n];
		series.n_labels = n + 1;
	}
	codec_list_add(list, &series.base);
}

int answer_series(struct query_call *c, const ProtobufCMessage *m)
{
	const Querier__V1__SeriesRequest *request = (const void *)m;
	const struct select_input in = { .selectors = request->matchers,
					 .n = request->n_matchers,
					 .start = request->start,
					 .end = request->end };
	_cleanup_(selection_fini) struct selection s = SELECTION_NULL;
	_cleanup_(textset_fini) struct textset set = TEXTSET_NULL;
	struct codec_list list;
	int r = 0;

	if (request->n_label_names > MAX_NAMES)
		return refuse(c->why, REFUSAL_INVALID, "over %u label names are asked for",
			      MAX_NAMES);
	r = select_series(c, &in, &s);
	if (r == 0)
		r = collect_series(c, request, &s, &set);
	if (r != 0)
		return r;
	codec_list_begin(&list, &querier__v1__series_response__descriptor, c->request->codec,
			 c->answer);
	for (size_t i = 0; i < set.n; i++)
		put_series(&list, &set, i);
	codec_list_end(&list);
	return 0;
}
