/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/answer.h"

#define JSON  "application/json"
#define PROTO "application/proto"
#define PLAIN "text/plain; charset=utf-8"
#define HTML  "text/html"

/* What v2.2 says, and what stands before a server. */
#define INVALID                                                                                 \
	"{\"code\":\"invalid_argument\",\"message\":\"invalid labels '{}' with error: invalid " \
	"metric name\"}"
#define TOO_LARGE                                                                                 \
	"{\"code\":\"invalid_argument\",\"message\":\"uncompressed profile payload size exceeds " \
	"limit of 4.2 MB\"}"
#define TOO_MANY                                                                                 \
	"{\"code\":\"invalid_argument\",\"message\":\"the profile with labels '{}' exceeds the " \
	"samples count limit (max_profile_stacktrace_samples, actual: 16001, limit: 16000)\"}"
#define TOO_BIG                                                                                  \
	"{\"code\":\"invalid_argument\",\"message\":\"the profile with labels '{}' exceeds the " \
	"size limit (max_profile_size_byte, actual: 5000000, limit: 4194304)\"}"
#define WINDOW                                                                                 \
	"{\"code\":\"invalid_argument\",\"message\":\"profile with labels '{}' is outside of " \
	"ingestion window (profile timestamp: x)\"}"
#define RATE                                                                                       \
	"{\"code\":\"resource_exhausted\",\"message\":\"push rate limit (4.0 MiB) exceeded while " \
	"adding 2.1 MiB\"}"
#define SERIES                                                                                 \
	"{\"code\":\"resource_exhausted\",\"message\":\"Maximum active series limit exceeded " \
	"(5001/5000)\"}"

#define SLOW ANSWER_PATIENCE

struct expectation {
	uint32_t status;
	const char *type, *body;
	uint64_t raw_size, retry_after;
	int outcome;
	uint64_t wait;
};

static void expect(const struct expectation *e)
{
	struct answer a = { .status = e->status,
			    .content_type = e->type,
			    .body = span_of(e->body, strlen(e->body)),
			    .retry_after = e->retry_after,
			    .raw_size = e->raw_size,
			    .raw_limit = 2000000 };
	struct store_result result;

	answer_judge(&a, &result);
	if (result.outcome != e->outcome || result.retry_after != e->wait)
		print_message("%u %s: %s\n", e->status, e->body, result.text);
	assert_int_equal(result.outcome, e->outcome);
	assert_int_equal(result.retry_after, e->wait);
	assert_int_equal(result.http_status, e->status);
	assert_int_equal(!*result.text, e->outcome == STORE_OK);
}

static void every_status_has_its_outcome(void **state)
{
	static const struct expectation expectations[] = {
		{ 200, PROTO, "", 0, 0, STORE_OK, 0 },
		{ 200, PROTO,
		  "\x0a\x03"
		  "new",
		  0, 0, STORE_OK, 0 },
		{ 200, PROTO "; charset=x", "", 0, 0, STORE_OK, 0 },
		{ 200, PROTO, "\xff", 0, 0, STORE_E_RETRY, SLOW },
		{ 200, PROTO, "<html>", 0, 0, STORE_E_RETRY, SLOW },
		{ 200, PROTO "buf", "", 0, 0, STORE_E_RETRY, SLOW },
		{ 200, JSON, "{}", 0, 0, STORE_E_RETRY, SLOW },
		{ 200, HTML, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 200, NULL, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 204, PROTO, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 301, HTML, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 302, HTML, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 400, JSON, INVALID, 0, 0, STORE_E_REFUSED, 0 },
		{ 400, JSON, WINDOW, 0, 0, STORE_E_REFUSED, 0 },
		{ 400, JSON, TOO_LARGE, 0, 0, STORE_E_TOO_BIG, 0 },
		{ 400, JSON, TOO_MANY, 0, 0, STORE_E_TOO_BIG, 0 },
		{ 400, JSON, TOO_BIG, 0, 0, STORE_E_TOO_BIG, 0 },
		{ 400, HTML, "garbage", 0, 0, STORE_E_REFUSED, 0 },
		{ 401, PLAIN, "no org id", 0, 0, STORE_E_RETRY, SLOW },
		{ 403, JSON, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 404, PLAIN, "404 page not found", 0, 0, STORE_E_RETRY, SLOW },
		{ 405, NULL, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 407, NULL, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 408, NULL, "", 0, 0, STORE_E_RETRY, 0 },
		{ 409, NULL, "", 0, 0, STORE_E_REFUSED, 0 },
		{ 413, PLAIN, "", 0, 0, STORE_E_TOO_BIG, 0 },
		{ 415, NULL, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 422, JSON, "", 0, 0, STORE_E_REFUSED, 0 },
		{ 425, NULL, "", 0, 0, STORE_E_RETRY, 0 },
		{ 429, JSON, RATE, 1900000, 0, STORE_E_RETRY, 0 },
		{ 429, JSON, RATE, 2200000, 0, STORE_E_TOO_BIG, 0 },
		{ 429, JSON, RATE, 2200000, NSEC_PER_SEC, STORE_E_TOO_BIG, 0 },
		{ 429, JSON, SERIES, 2200000, 0, STORE_E_RETRY, 0 },
		{ 429, JSON, SERIES, 0, 7 * NSEC_PER_SEC, STORE_E_RETRY, 7 * NSEC_PER_SEC },
		{ 429, HTML, "", 0, 0, STORE_E_RETRY, 0 },
		{ 451, NULL, "", 0, 0, STORE_E_REFUSED, 0 },
		{ 499, JSON, "", 0, 0, STORE_E_RETRY, 0 },
		{ 500, JSON, "{\"code\":\"unknown\",\"message\":\"proto: x\"}", 0, 0, STORE_E_RETRY,
		  0 },
		{ 501, JSON, "", 0, 0, STORE_E_RETRY, SLOW },
		{ 502, HTML, "<h1>Bad Gateway</h1>", 0, 0, STORE_E_RETRY, 0 },
		{ 503, PLAIN, "", 0, 60 * NSEC_PER_SEC, STORE_E_RETRY, 60 * NSEC_PER_SEC },
		{ 504, NULL, "", 0, 0, STORE_E_RETRY, 0 },
		{ 599, NULL, "", 0, 0, STORE_E_RETRY, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expectations); i++)
		expect(&expectations[i]);
}

static void says(uint32_t status, const char *type, const char *body, const char *text)
{
	struct answer a = { .status = status,
			    .content_type = type,
			    .body = span_of(body, strlen(body)) };
	struct store_result result;

	answer_judge(&a, &result);
	assert_string_equal(result.text, text);
}

static void the_reason_is_one_sentence(void **state)
{
	(void)state;
	says(429, JSON, RATE,
	     "the store answered 429, resource_exhausted: push rate limit (4.0 MiB) exceeded while "
	     "adding 2.1 MiB");
	says(401, PLAIN, "no org id\n", "the store answered 401: no org id");
	says(502, HTML, "<html><h1>502</h1></html>", "the store answered 502");
	says(400, JSON, "{\"code\":7,\"message\":[]}", "the store answered 400");
	says(400, JSON, "{\"message\":\"cut", "the store answered 400");
	says(400, JSON, "[]", "the store answered 400");
	says(302, NULL, "", "the store answered 302: a redirect, which is not followed");
	says(200, HTML, "hello", "the store answered 200: but not as a store does");
	/* what a terminal or a log would take for more than text */
	says(400, PLAIN, "\x1b[2J a\r\n\tb \xc3\xa9 c\x7f", "the store answered 400: [2J a b c");
	says(400, JSON, "{\"code\":\"a\\nb\",\"message\":\"x\\u001b\\u0000y\"}",
	     "the store answered 400");
	says(400, JSON, "{\"code\":\"a\\nb\",\"message\":\"x\\u001by\"}",
	     "the store answered 400, a b: x y");
}

/* The labels of a profile stand before what is wrong with it. */
static void a_reason_comes_before_labels(void **state)
{
	char body[20000];
	struct answer a = { .status = 400, .content_type = JSON };
	struct store_result result;

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"message\":\"labels '{a=", 23);
	memcpy(body + 9000, "}' exceeds the size limit\"}", 27);
	a.body = span_of(body, 9027);
	answer_judge(&a, &result);
	assert_int_equal(result.outcome, STORE_E_TOO_BIG);
	assert_string_equal(result.text,
			    "the store answered 400: labels '{...}' exceeds the size limit");
	/* where they begin late, there is room for what stands before */
	memset(body, 'x', 1000);
	memcpy(body, "{\"message\":\"", 12);
	memcpy(body + 1000, "'{", 2);
	answer_judge(&a, &result);
	assert_in_range(strlen(result.text), 100, STORE_TEXT_SIZE - 1);
}

static void a_long_reason_is_cut(void **state)
{
	char body[4096];
	struct answer a = { .status = 400,
			    .content_type = PLAIN,
			    .body = span_of(body, sizeof(body)) };
	struct store_result result;

	(void)state;
	memset(body, 'x', sizeof(body));
	answer_judge(&a, &result);
	assert_in_range(strlen(result.text), 100, STORE_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_outcome),
		cmocka_unit_test(the_reason_is_one_sentence),
		cmocka_unit_test(a_reason_comes_before_labels),
		cmocka_unit_test(a_long_reason_is_cut),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
