/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "collector/query/selector.h"

static const char *value_of(const void *context, const char *name)
{
	const char *const *labels = context;

	for (; labels[0]; labels += 2)
		if (!strcmp(labels[0], name))
			return labels[1];
	return "";
}

static const char *const labels[] = {
	"__name__", "process_cpu", "pod",   "api-7",	      "quote", "a\"b\\c'd",
	"lines",    "one\ntwo",	   "a.b c", "utf-8 \xc3\xa9", NULL,
};

/* 1: holds, 0: does not, -1: refused. */
static int test(const char *text)
{
	struct selector s = SELECTOR_NULL;
	struct refusal why = { 0 };
	bool holds = false;
	int r = selector_parse(&s, span_of(text, strlen(text)), &why);

	if (r == 0)
		r = selector_test(&s, value_of, labels, &holds, &why);
	selector_fini(&s);
	if (r == 0)
		return holds;
	assert_int_equal(r, INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_INVALID);
	assert_true(strlen(why.text) > 10);
	return -1;
}

static void matches(void **state)
{
	static const struct {
		const char *text;
		int is;
	} cases[] = {
		{ "{}", 1 },
		{ "", 1 },
		{ " { } # nothing", 1 },
		{ "{pod=\"api-7\"}", 1 },
		{ "{pod='api-7',}", 1 },
		{ "{pod=`api-7`}", 1 },
		{ "{pod=\"api\"}", 0 },
		{ "{pod!=\"api\"}", 1 },
		{ "{ pod = \"api-7\" ,\n\tquote != \"\" }", 1 },
		/* All have to hold. */
		{ "{pod=\"api-7\",quote=\"x\"}", 0 },
		/* A label that is not there is "". */
		{ "{none=\"\"}", 1 },
		{ "{none!=\"\"}", 0 },
		{ "{none=~\"\"}", 1 },
		{ "{none=~\".+\"}", 0 },
		{ "{none!~\".+\"}", 1 },
		/* All of the value, whatever the pattern's alternatives are. */
		{ "{pod=~\"api\"}", 0 },
		{ "{pod=~\"pi-7\"}", 0 },
		{ "{pod=~\"api-.*\"}", 1 },
		{ "{pod=~\"a|api-7\"}", 1 },
		{ "{pod=~\"a|api\"}", 0 },
		{ "{pod!~\"api-[0-9]\"}", 0 },
		{ "{pod!~\"api-[0-6]\"}", 1 },
		{ "{pod=~\"(?i)API-\\\\d\"}", 1 },
		{ "{pod=~\"api-7$\"}", 1 },
		{ "{pod=~\"^api-7\"}", 1 },
		{ "{lines=~\"one.two\"}", 1 },
		{ "{lines=~\"one$.*\"}", 0 },
		{ "{lines=\"one\\ntwo\"}", 1 },
		{ "{\"a.b c\"=\"utf-8 \\u00e9\"}", 1 },
		{ "{\"a.b c\"=\"utf-8 \\xc3\\xa9\"}", 1 },
		{ "{\"a.b c\"=\"utf-8 \\303\\251\"}", 1 },
		{ "{\"a.b c\"=\"utf-8 \\U000000e9\"}", 1 },
		{ "{\"a.b c\"=~\"utf-8 .\"}", 1 },
		{ "{\"a.b c\"=~`utf-8 \\p{L}`}", 1 },
		{ "{quote=\"a\\\"b\\\\c'd\"}", 1 },
		{ "{quote='a\"b\\\\c\\'d'}", 1 },
		{ "{quote=`a\"b\\c'd`}", 1 },
		/* Names of metrics. */
		{ "process_cpu", 1 },
		{ "process_cpu{}", 1 },
		{ "process_cpu{pod=\"x\"}", 0 },
		{ "memory{}", 0 },
		{ "{\"process_cpu\"}", 1 },
		{ "{\"process_cpu\", pod=\"api-7\"}", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (test(cases[i].text) != cases[i].is)
			fail_msg("%s", cases[i].text);
}

static void refuses(void **state)
{
	static const char *const cases[] = {
		"{",
		"}",
		"{}}",
		"{,}",
		"{pod}",
		"{pod=}",
		"{pod=api}",
		"{pod==\"a\"}",
		"{pod~\"a\"}",
		"{pod<\"a\"}",
		"{pod=\"a\"",
		"{pod=\"a}",
		"{pod=\"a\"; quote=\"b\"}",
		"{pod=\"a\" quote=\"b\"}",
		"{7pod=\"a\"}",
		"{a.b=\"a\"}",
		"{pod=\"\\q\"}",
		"{pod=\"\\x0\"}",
		"{pod=\"\\x00\"}",
		"{pod=\"\\400\"}",
		"{pod=\"\\ud800\"}",
		"{pod=\"\\U00110000\"}",
		"{pod=\"a\nb\"}",
		"{pod=~\"(\"}",
		"{pod=~\"[\"}",
		"{pod=~\"*\"}",
		"{pod=~\"a{2,1}\"}",
		"{pod=~\"(a)\\\\1\"}",
		"{pod=~\"\\\\C\"}",
		"x y",
		"\xff",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (test(cases[i]) != -1)
			fail_msg("%s", cases[i]);
}

/* What would take for ever is given up. */
static void bounds_steps(void **state)
{
	static const char *const endless[] = { "a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac",
					       NULL };
	const char text[] = "{a=~\"(a|aa)+\"}";
	struct selector s = SELECTOR_NULL;
	struct refusal why = { 0 };
	bool holds;

	(void)state;
	assert_int_equal(selector_parse(&s, span_of(text, strlen(text)), &why), 0);
	assert_int_equal(selector_test(&s, value_of, endless, &holds, &why), INGEST_E_REFUSED);
	assert_string_equal(why.text, "a regular expression in the label selector takes too long");
	selector_fini(&s);
}

static void bounds_matchers(void **state)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(1 << 20);
	struct selector s = SELECTOR_NULL;
	struct refusal why = { 0 };

	(void)state;
	for (unsigned int i = 0; i <= SELECTOR_MAX_MATCHERS; i++)
		buf_append_text(&text, i ? ",a=\"\"" : "{a=\"\"");
	buf_append_text(&text, "}");
	assert_int_equal(selector_parse(&s, span_of(text.data, text.size), &why), INGEST_E_REFUSED);
	assert_int_equal(s.n, SELECTOR_MAX_MATCHERS);
	selector_fini(&s);
	/* Deep, and long. */
	text.size = 0;
	buf_append_text(&text, "{a=~\"");
	for (int i = 0; i < 1000; i++)
		buf_append_text(&text, "(");
	for (int i = 0; i < 1000; i++)
		buf_append_text(&text, ")");
	buf_append_text(&text, "\"}");
	assert_int_equal(selector_parse(&s, span_of(text.data, text.size), &why), INGEST_E_REFUSED);
	selector_fini(&s);
	while (text.size <= SELECTOR_MAX_SIZE)
		buf_append_text(&text, " ");
	assert_int_equal(selector_parse(&s, span_of(text.data, text.size), &why), INGEST_E_REFUSED);
	assert_int_equal(s.n, 0);
}

static bool is_pod(const char *name)
{
	return !strcmp(name, "pod");
}

static void finds_an_equality(void **state)
{
	const char text[] = "{none=\"\",pod=\"a\",x!=\"b\",quote=\"c\"}";
	struct selector s = SELECTOR_NULL;
	struct refusal why = { 0 };

	(void)state;
	assert_int_equal(selector_parse(&s, span_of(text, strlen(text)), &why), 0);
	assert_string_equal(selector_equality(&s, is_pod)->name, "quote");
	selector_fini(&s);
	assert_null(selector_equality(&s, is_pod));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),	     cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_steps),	     cmocka_unit_test(bounds_matchers),
		cmocka_unit_test(finds_an_equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
