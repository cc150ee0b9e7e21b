/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "collector/asked.h"

#define ETAG "\"0123\""

static void reads_times(void **state)
{
	int64_t duration;
	uint64_t ms;

	(void)state;
	/* In seconds, and in parts of them. */
	assert_int_equal(asked_from(asked_text("1700000000")), 1700000000000000000);
	assert_int_equal(asked_from(asked_text("1700000000123")), 1700000000123000000);
	assert_int_equal(asked_from(asked_text("1700000000123456789")), 1700000000123456789);
	/* The next one times 1000 is 384 more than 64 bits hold. */
	for (const char *const *wrong =
		     (const char *const[]){ "18446744073709552", "18446744073709551615", "-1", "1s",
					    "", NULL };
	     *wrong; wrong++)
		assert_int_equal(asked_from(asked_text(*wrong)), 0);
	assert_int_equal(asked_from(asked_text(NULL)), 0);
	assert_true(asked_timeout(asked_text("9999999999"), &ms) && ms == 9999999999);
	assert_false(asked_timeout(asked_text("00000000001"), &ms));
	assert_false(asked_timeout(asked_text(""), &ms));
	assert_true(asked_duration(asked_text("2h"), 1, &duration));
	assert_int_equal(duration, INT64_C(7200) * 1000000000);
	assert_true(asked_duration(asked_text("0h"), 0, &duration));
	assert_false(asked_duration(asked_text("0h"), 1, &duration));
	assert_false(asked_duration(asked_text("367d"), 0, &duration));
	assert_false(asked_duration(asked_text("2s"), 0, &duration));
}

static void reads_lists(void **state)
{
	(void)state;
	assert_true(asked_has_etag(asked_text(ETAG), ETAG));
	assert_true(asked_has_etag(asked_text("\"x\", W/" ETAG " ,\"y\""), ETAG));
	assert_true(asked_has_etag(asked_text("*"), ETAG));
	assert_false(asked_has_etag(asked_text("0123"), ETAG));
	assert_false(asked_has_etag(asked_text(NULL), ETAG));
	assert_true(asked_takes_gzip(asked_text("deflate, gzip")));
	assert_false(asked_takes_gzip(asked_text("gzipped, gzip;q=0")));
	assert_false(asked_takes_gzip(asked_text(NULL)));
	assert_true(asked_page(asked_text("text/html,application/xhtml+xml,*/*;q=0.8")));
	assert_true(asked_page(asked_text("text/html;q=0.9, application/json;q=0.1")));
	assert_false(asked_page(asked_text("application/json, text/html")));
	assert_false(asked_page(asked_text("text/htmlx")));
	assert_false(asked_page(asked_text("*/*")));
	assert_false(asked_page(asked_text(NULL)));
}

static void reads_etags(void **state)
{
	char etag[7];

	(void)state;
	for (const char *const *text = (const char *const[]){ "0123", ETAG, "01234567", NULL };
	     *text; text++) {
		asked_etag(asked_text(*text), etag, sizeof(etag));
		assert_string_equal(etag, ETAG);
	}
}

static void check_tag(const char *path, const char *name, const char *tag)
{
	struct span n, t;

	assert_int_equal(asked_tag(asked_text(path), &n, &t), name != NULL);
	if (!name)
		return;
	assert_true(span_equals(n, name));
	assert_int_equal(!t.data, !tag);
	assert_true(!tag || span_equals(t, tag));
}

static void cuts_tags(void **state)
{
	(void)state;
	check_tag("example.com/api/tags/v1", "example.com/api", "v1");
	check_tag("api/tags", "api", NULL);
	check_tag("api/tags/", "api", "");
	check_tag("a/tags/tags", "a/tags", NULL);
	check_tag("/tags", NULL, NULL);
	check_tag("/tags/x", NULL, NULL);
	check_tag("api/tag/x", NULL, NULL);
	check_tag("api", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_times),
		cmocka_unit_test(reads_lists),
		cmocka_unit_test(reads_etags),
		cmocka_unit_test(cuts_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
