/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ingest/multipart.h"
#include "collector/ingest/push.h"

static struct span text(const char *t)
{
	return span_of(t, strlen(t));
}

/* series { labels { "a" "b" } samples { "PP", ID "i" } } */
static const char proto[] = "\x0a\x10"
			    "\x0a\x06\x0a\x01"
			    "a\x12\x01"
			    "b"
			    "\x12\x06\x0a\x02PP\x12\x00";

static void expect_one(const struct push *p, const char *id)
{
	assert_int_equal(p->n_series, 1);
	assert_string_equal(label_set_value(&p->series[0], "a"), "b");
	assert_int_equal(p->n_samples, 1);
	assert_true(span_equals(p->samples[0].pprof, "PP"));
	assert_string_equal(p->samples[0].id, id);
}

static void reads_protobuf(void **state)
{
	struct push p = PUSH_NULL;
	struct refusal why;

	(void)state;
	assert_int_equal(push_parse_proto(span_of(proto, sizeof(proto) - 1), &p, &why), 0);
	expect_one(&p, "");
	push_fini(&p);
	assert_int_equal(push_parse_proto(span_of(proto, 9), &p, &why), INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_INVALID);
	push_fini(&p);
}

/* Where C would see a shorter text: in a name, a value and an id. */
static void refuses_a_nul_in_a_text(void **state)
{
	static const size_t at[] = { 7, 10, 19 };
	struct refusal why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		/* series { labels { "ab" "b" } samples { "PP" ID "i" } } */
		char with[] = "\x0a\x12"
			      "\x0a\x07\x0a\x02"
			      "ab\x12\x01"
			      "b"
			      "\x12\x07\x0a\x02PP\x12\x01i";
		struct push p = PUSH_NULL;

		assert_int_equal(push_parse_proto(span_of(with, sizeof(with) - 1), &p, &why), 0);
		push_fini(&p);
		with[at[i]] = '\0';
		assert_int_equal(push_parse_proto(span_of(with, sizeof(with) - 1), &p, &why),
				 INGEST_E_REFUSED);
		assert_int_equal(why.code, REFUSAL_INVALID);
		push_fini(&p);
	}
}

/* Each empty series is two bytes here and over a hundred in memory. */
static void bounds_what_a_message_costs(void **state)
{
	struct push p = PUSH_NULL;
	struct refusal why;
	size_t size = 2u << 20;
	uint8_t *many = calloc(1, size);

	(void)state;
	for (size_t i = 0; i < size; i += 2)
		many[i] = 0x0a;
	assert_int_equal(push_parse_proto(span_of(many, size), &p, &why), INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_INVALID);
	assert_int_equal(p.n_series, PUSH_MAX_SERIES);
	push_fini(&p);
	memset(many, ',', size);
	assert_int_equal(push_parse_json(span_of(many, size), &p, &why), INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_TOO_LARGE);
	free(many);
}

static void reads_json(void **state)
{
	static const char json[] =
		"{\"series\":[{\"labels\":[{\"name\":\"a\",\"value\":\"b\"}],"
		"\"samples\":[{\"rawProfile\":\"UFA=\",\"ID\":\"i\"}],\"annotations\":[]}]}";
	static const char *const wrong[] = {
		"",
		"[]",
		"{\"series\":[1]}",
		"{\"series\":[{\"labels\":[1]}]}",
		"{\"series\":[{\"samples\":[{\"rawProfile\":\"U\"}]}]}",
		"{\"series\":[{\"samples\":[{\"rawProfile\":\"U!==\"}]}]}",
		"{\"series\":[{\"samples\":[{\"rawProfile\":5}]}]}",
		"{\"series\":[{\"labels\":[{\"name\":\"a\"}, {\"name\":5}]}]}",
	};
	struct push p = PUSH_NULL;
	struct refusal why;

	(void)state;
	assert_int_equal(push_parse_json(text(json), &p, &why), 0);
	expect_one(&p, "i");
	push_fini(&p);
	assert_int_equal(push_parse_json(text("{\"series\":null}"), &p, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(push_parse_json(text(wrong[i]), &p, &why), INGEST_E_REFUSED);
		assert_int_equal(why.code, REFUSAL_INVALID);
		push_fini(&p);
	}
}

/* RFC 4648 §10, with and without padding, and both alphabets. */
static void reads_base64(void **state)
{
	static const struct {
		const char *text, *bytes;
	} cases[] = { { "", "" },	    { "Zg==", "f" },	  { "Zm8=", "fo" },
		      { "Zm9v", "foo" },    { "Zm9vYg", "foob" }, { "+/A=", "\xfb\xf0" },
		      { "-_A", "\xfb\xf0" } };
	char json[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct push p = PUSH_NULL;
		struct refusal why;

		snprintf(json, sizeof(json),
			 "{\"series\":[{\"samples\":[{\"raw_profile\":\"%s\"}]}]}", cases[i].text);
		assert_int_equal(push_parse_json(text(json), &p, &why), 0);
		assert_true(span_equals(p.samples[0].pprof, cases[i].bytes));
		push_fini(&p);
	}
}

/* ---- names and labels -------------------------------------------------------------------- */

static int parse(const char *name, struct label_set *l)
{
	struct refusal why;
	int r = label_set_parse_name(l, text(name), &why);

	return r ? r : label_set_finish(l, &why);
}

static void reads_names(void **state)
{
	static const char *const wrong[] = { "",      "{a=b}",	    "x{a}",	 "x{a=b",
					     "x{=b}", "x{a=1,a=2}", "x{a=\xff}", "x{\xc0\xaf=1}" };

	(void)state;
	struct label_set l = LABEL_SET_NULL;
	assert_int_equal(parse("shop.api{ b = 2, a=x=y,empty=}", &l), 0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.list[0].name, "a");
	assert_string_equal(l.list[0].value, "x=y");
	assert_string_equal(label_set_value(&l, "b"), "2");
	assert_string_equal(label_set_value(&l, "service_name"), "shop.api");
	label_set_fini(&l);
	assert_int_equal(parse("x{service_name=y}", &l), 0);
	assert_string_equal(label_set_value(&l, "service_name"), "y");
	label_set_fini(&l);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(parse(wrong[i], &l), INGEST_E_REFUSED);
		label_set_fini(&l);
	}
}

static void caps_labels(void **state)
{
	struct label_set l = LABEL_SET_NULL;
	struct refusal why;
	char name[16], *value = calloc(1, LABEL_SET_MAX_VALUE + 2);

	(void)state;
	memset(value, 'v', LABEL_SET_MAX_VALUE + 1);
	assert_int_equal(label_set_add(&l, text("n"), text(value), &why), INGEST_E_REFUSED);
	for (unsigned int i = 0; i < LABEL_SET_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(label_set_add(&l, text(name), text(value + 1), &why), 0);
	}
	assert_int_equal(label_set_add(&l, text("one"), text("more"), &why), INGEST_E_REFUSED);
	label_set_fini(&l);
	free(value);
}

/* ---- multipart --------------------------------------------------------------------------- */

static const char type[] = "multipart/form-data; boundary=xyz";
static const char form[] = "--xyz\r\n"
			   "Content-Disposition: form-data; name=\"other\"\r\n\r\n"
			   "no\r\n"
			   "--xyz\r\n"
			   "Content-Disposition: form-data; name=\"profile\"; filename=\"p\"\r\n"
			   "Content-Type: application/octet-stream\r\n\r\n"
			   "a\r\nb--xyz\r\n\r\n--xyz--\r\n";

static void finds_a_part(void **state)
{
	struct span part;

	(void)state;
	assert_true(multipart_find(type, text(form), "profile", &part));
	assert_true(span_equals(part, "a\r\nb--xyz\r\n"));
	assert_true(multipart_find("Multipart/Form-Data; x=y; boundary=\"xyz\"", text(form),
				   "profile", &part));
	assert_false(multipart_find(type, text(form), "sample_type_config", &part));
	assert_false(multipart_find(type, span_of(form, sizeof(form) - 20), "profile", &part));
	assert_false(multipart_find("multipart/form-data", text(form), "profile", &part));
	assert_false(multipart_find("text/plain; boundary=xyz", text(form), "profile", &part));
	assert_false(
		multipart_find("multipart/form-data; boundary=", text(form), "profile", &part));
	assert_false(multipart_find(type, span_of(NULL, 0), "profile", &part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_protobuf),
		cmocka_unit_test(refuses_a_nul_in_a_text),
		cmocka_unit_test(bounds_what_a_message_costs),
		cmocka_unit_test(reads_json),
		cmocka_unit_test(reads_base64),
		cmocka_unit_test(reads_names),
		cmocka_unit_test(caps_labels),
		cmocka_unit_test(finds_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
