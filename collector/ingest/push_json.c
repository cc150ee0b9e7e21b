/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "collector/ingest/push_inside.h"

/* Values in a document; a request of one profile with 30 labels has some 100. */
#define MAX_VALUES 100000u

static void decrefp(json_t **json)
{
	json_decref(*json);
}

/* jansson takes some 60 bytes for a value of two: so they are counted first, from above. */
static bool has_too_many_values(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.size; i++)
		n += s.data[i] == ',' || s.data[i] == '[' || s.data[i] == '{';
	return n > MAX_VALUES;
}

/* A member that may be left out, or null. Refused where it is of another type. */
static int member(const json_t *object, const char *name, const char *other, json_type type,
		  json_t **ret_value, struct refusal *why)
{
	json_t *value = json_object_get(object, name);

	if (!value && other)
		value = json_object_get(object, other);
	*ret_value = value && !json_is_null(value) ? value : NULL;
	if (*ret_value && json_typeof(value) != type)
		return refuse(why, REFUSAL_INVALID, "%s is of a wrong type", name);
	return 0;
}

static struct span text_of(const json_t *string)
{
	return string ? span_of(json_string_value(string), json_string_length(string))
		      : span_of("", 0);
}

/* ---- base64 ------------------------------------------------------------------------------ */

/* RFC 4648 §4 and §5. */
static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Into @room, which has three bytes for four digits. */
static bool decode_base64(struct span text, uint8_t *room, size_t *ret_size)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (int i = 0; i < 2 && text.size && text.data[text.size - 1] == '='; i++)
		text.size--;
	for (size_t i = 0; i < text.size; i++) {
		int d = digit(text.data[i]);

		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4)
			room[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	*ret_size = n;
	return text.size % 4 != 1;
}

/* ---- the document ------------------------------------------------------------------------ */

static int read_label(const json_t *pair, struct push *p, struct refusal *why)
{
	json_t *name = NULL, *value = NULL;
	int r = json_is_object(pair) ? member(pair, "name", NULL, JSON_STRING, &name, why)
				     : refuse(why, REFUSAL_INVALID, "a label is no object");

	if (r == 0)
		r = member(pair, "value", NULL, JSON_STRING, &value, why);
	if (r == 0)
		r = label_set_add(&p->series[p->n_series - 1], text_of(name), text_of(value), why);
	return r;
}

static int read_pprof(struct span text, struct push_sample *to, struct refusal *why)
{
	size_t size;

	to->memory = malloc(text.size / 4 * 3 + 3);
	if (!to->memory)
		return -ENOMEM;
	if (!decode_base64(text, to->memory, &size))
		return refuse(why, REFUSAL_INVALID, "rawProfile is not base64");
	to->pprof = span_of(to->memory, size);
	return 0;
}

static int read_sample(const json_t *sample, struct push *p, struct refusal *why)
{
	json_t *pprof = NULL, *id = NULL;
	struct push_sample *to;
	int r = json_is_object(sample)
			? member(sample, "rawProfile", "raw_profile", JSON_STRING, &pprof, why)
			: refuse(why, REFUSAL_INVALID, "a sample is no object");

	if (r == 0)
		r = member(sample, "ID", "id", JSON_STRING, &id, why);
	if (r == 0)
		r = push_add_sample(p, text_of(id), &to, why);
	return r ? r : read_pprof(text_of(pprof), to, why);
}

static int read_series(const json_t *series, struct push *p, struct refusal *why)
{
	json_t *labels = NULL, *samples = NULL;
	int r = json_is_object(series) ? member(series, "labels", NULL, JSON_ARRAY, &labels, why)
				       : refuse(why, REFUSAL_INVALID, "a series is no object");

	if (r == 0)
		r = member(series, "samples", NULL, JSON_ARRAY, &samples, why);
	if (r == 0)
		r = push_add_series(p, why);
	for (size_t i = 0; r == 0 && i < json_array_size(labels); i++)
		r = read_label(json_array_get(labels, i), p, why);
	if (r == 0)
		r = label_set_finish(&p->series[p->n_series - 1], why);
	for (size_t i = 0; r == 0 && i < json_array_size(samples); i++)
		r = read_sample(json_array_get(samples, i), p, why);
	return r;
}

int push_parse_json(struct span body, struct push *ret_push, struct refusal *why)
{
	json_error_t error;
	json_t *series;

	if (has_too_many_values(body))
		return refuse(why, REFUSAL_TOO_LARGE, "the document has too many values");
	_cleanup_(decrefp) json_t *document = json_loadb(body.size ? (const char *)body.data : "",
							 body.size, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		return json_error_code(&error) == json_error_out_of_memory
			       ? -ENOMEM
			       : refuse(why, REFUSAL_INVALID, "the body is no JSON: %.*s",
					(int)sizeof(error.text), error.text);
	if (!json_is_object(document))
		return refuse(why, REFUSAL_INVALID, "the body is no JSON object");
	int r = member(document, "series", NULL, JSON_ARRAY, &series, why);
	for (size_t i = 0; r == 0 && i < json_array_size(series); i++)
		r = read_series(json_array_get(series, i), ret_push, why);
	return r;
}
