/* SPDX-License-Identifier: Apache-2.0 */
#include "store/answer.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>

#include "base/cleanup.h"
#include "proto/push.pb-c.h"
#include "store/text.h"

#define MAX_LABELS 32 /* bytes of labels in a message that are not cut */
#define CUT	   "..."

/* The two texts of a Connect error: {"code": "…", "message": "…"}. Either may be "". */
struct explanation {
	char code[32];
	char message[2 * STORE_TEXT_SIZE];
};

static void take_string(const json_t *object, const char *key, char *ret_text, size_t size)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		text_one_line(span_of(json_string_value(value), json_string_length(value)),
			      ret_text, size);
}

/*
 * Pyroscope repeats all labels in the middle of its sentence, which may be longer than we have room
 * for, and what is wrong stands behind them: profile with labels '{a="b"}' is outside of …
 */
static void take_message(const json_t *object, char *ret_text, size_t size)
{
	const json_t *value = json_object_get(object, "message");

	if (!json_is_string(value))
		return;
	const char *text = json_string_value(value), *begin = strstr(text, "'{"), *end = NULL;
	for (const char *at = begin; at && (at = strstr(at, "}'")); at++)
		end = at;
	if (!end || end - begin < MAX_LABELS) {
		text_one_line(span_of(text, strlen(text)), ret_text, size);
		return;
	}
	text_one_line(span_of(text, (size_t)(begin - text) + 2), ret_text, size);
	size_t n = strlen(ret_text);
	if (n + sizeof(CUT) >= size)
		return;
	memcpy(ret_text + n, CUT, sizeof(CUT));
	n += sizeof(CUT) - 1;
	text_one_line(span_of(end, strlen(end)), ret_text + n, size - n);
}

static bool is_type(const char *content_type, const char *type)
{
	size_t n = strlen(type);

	return content_type && strncasecmp(content_type, type, n) == 0 &&
	       (!content_type[n] || content_type[n] == ';' || content_type[n] == ' ');
}

/* A Connect error; else what a proxy says in plain text, but no web pages. */
static void read_explanation(const struct answer *a, struct explanation *ret)
{
	_cleanup_(json_decrefp) json_t *json = NULL;

	*ret = (struct explanation){ 0 };
	if (!a->body.size)
		return;
	if (is_type(a->content_type, "text/plain")) {
		text_one_line(a->body, ret->message, sizeof(ret->message));
		return;
	}
	json = json_loadb((const char *)a->body.data, a->body.size, 0, NULL);
	take_string(json, "code", ret->code, sizeof(ret->code));
	take_message(json, ret->message, sizeof(ret->message));
}

static bool is_push_response(struct span body)
{
	Push__V1__PushResponse *response =
		push__v1__push_response__unpack(NULL, body.size, body.data);

	if (!response)
		return false;
	push__v1__push_response__free_unpacked(response, NULL);
	return true;
}

static bool is_taken(const struct answer *a)
{
	return a->status == 200 && is_type(a->content_type, "application/proto") &&
	       is_push_response(a->body);
}

/*
 * pkg/validation/validate.go: "exceeds the size limit", "exceeds the samples count limit";
 * pkg/distributor/distributor.go: "uncompressed profile payload size exceeds limit of"; pkg/pprof:
 * "decompressed size exceeds maximum allowed size".
 */
static bool says_too_big(const char *message)
{
	return strstr(message, "exceeds the size limit") ||
	       strstr(message, "samples count limit") || strstr(message, "payload size exceeds") ||
	       strstr(message, "decompressed size exceeds");
}

/*
 * "push rate limit (4.0 MiB) exceeded while adding 2.1 MiB": the bucket holds no more than the
 * burst, which the message does not tell.
 */
static bool exceeds_burst(const struct answer *a, const char *message)
{
	return a->raw_limit && a->raw_size > a->raw_limit && strstr(message, "rate limit");
}

static bool is_of_setup(uint32_t status)
{
	switch (status) {
	case 401:
	case 403:
	case 404:
	case 405:
	case 407:
	case 410:
	case 415:
	case 421:
	case 501:
		return true;
	}
	return status < 400;
}

static int outcome_of(const struct answer *a, const struct explanation *e)
{
	switch (a->status) {
	case 400:
		return says_too_big(e->message) ? STORE_E_TOO_BIG : STORE_E_REFUSED;
	case 413:
		return STORE_E_TOO_BIG;
	case 429:
		return says_too_big(e->message) || exceeds_burst(a, e->message) ? STORE_E_TOO_BIG
										: STORE_E_RETRY;
	case 408:
	case 425:
	case 499:
		return STORE_E_RETRY;
	}
	if (a->status >= 500 || is_of_setup(a->status))
		return STORE_E_RETRY;
	return STORE_E_REFUSED;
}

static void say(const struct answer *a, const struct explanation *e, char *ret_text, size_t size)
{
	const char *what = e->message;

	if (!*what)
		what = a->status < 300	 ? "but not as a store does"
		       : a->status < 400 ? "a redirect, which is not followed"
					 : "";
	snprintf(ret_text, size, "the store answered %u%s%s%s%.*s", a->status, *e->code ? ", " : "",
		 e->code, *what ? ": " : "", (int)size - 76, what);
}

void answer_explain(const struct answer *a, char *ret_text, size_t size)
{
	struct explanation e;

	read_explanation(a, &e);
	say(a, &e, ret_text, size);
}

void answer_judge(const struct answer *a, struct store_result *ret_result)
{
	struct explanation e;

	*ret_result = (struct store_result){ .outcome = STORE_OK, .http_status = a->status };
	if (is_taken(a))
		return;
	read_explanation(a, &e);
	ret_result->outcome = outcome_of(a, &e);
	say(a, &e, ret_result->text, sizeof(ret_result->text));
	if (ret_result->outcome != STORE_E_RETRY)
		return;
	ret_result->retry_after = a->retry_after;
	if (is_of_setup(a->status) && ret_result->retry_after < ANSWER_PATIENCE)
		ret_result->retry_after = ANSWER_PATIENCE;
}
