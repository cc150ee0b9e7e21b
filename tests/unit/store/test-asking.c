/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of pulling: paths, selectors, header fields, names of files. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "proto/querier.pb-c.h"
#include "store/curated.h"
#include "store/folder.h"
#include "store/query.h"

static void assert_path(const char *name, const char *tag, const char *wanted)
{
	struct buf path = BUF_INIT(8192), query = BUF_INIT(256);
	const struct curated_question q = { .name = name, .tag = tag };
	int r = curated_ask(&q, &path, &query);

	assert_int_equal(r, wanted ? 0 : CURATED_E_NAME);
	if (wanted)
		assert_string_equal((char *)path.data, wanted);
	buf_fini(&path);
	buf_fini(&query);
}

static void names_become_paths(void **state)
{
	char longest[CURATED_NAME_SIZE], longer[CURATED_NAME_SIZE + 1], path[CURATED_NAME_SIZE + 8];

	(void)state;
	assert_path("example.com/shop/cmd/api", NULL, "/pgo/example.com/shop/cmd/api");
	assert_path("api", "prod-2026-11", "/pgo/api/tags/prod-2026-11");
	assert_path("a b?c#d%e&f+\xc3\xa4", NULL, "/pgo/a%20b%3Fc%23d%25e%26f%2B%C3%A4");
	assert_path("...", NULL, "/pgo/...");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	snprintf(path, sizeof(path), "/pgo/%s", longest);
	assert_path(longest, NULL, path);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_path(longer, NULL, NULL);
}

static void names_that_lead_elsewhere_are_none(void **state)
{
	static const char *const bad[] = { "",	  "/",	  "/a",	  "a/",	  "a//b",
					   ".",	  "..",	  "a/..", "../a", "a/../b",
					   "a/.", "a\nb", "a\\b", "\x7f", "a\r\nX: y" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_path(bad[i], NULL, NULL);
		assert_path("a", bad[i], NULL);
	}
	assert_path("a", "b/c", NULL);
}

static void the_query_tells_window_and_leniency(void **state)
{
	static const struct {
		uint64_t window;
		bool any;
		const char *wanted;
	} cases[] = { { 0, false, "" },
		      { 0, true, "any=1" },
		      { 90 * 60 * 1000000000ULL, false, "window=90m" },
		      { 1, true, "window=1m&any=1" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf path = BUF_INIT(64), query = BUF_INIT(64);
		const struct curated_question q = { .name = "a",
						    .window = cases[i].window,
						    .any = cases[i].any };

		assert_int_equal(curated_ask(&q, &path, &query), 0);
		assert_string_equal((char *)query.data, cases[i].wanted);
		buf_fini(&path);
		buf_fini(&query);
	}
	const struct store_label labels[] = { { "a", "b&c" }, { "d", "e" } };
	const struct curated_question labelled = {
		.name = "a", .labels = labels, .n_labels = 2, .any = true
	};
	struct buf path = BUF_INIT(64), query = BUF_INIT(64);
	assert_int_equal(curated_ask(&labelled, &path, &query), 0);
	assert_string_equal((char *)query.data, "label=a%3Db%26c&label=d%3De&any=1");
	buf_fini(&path);
	buf_fini(&query);
	path = (struct buf)BUF_INIT(64);
	query = (struct buf)BUF_INIT(64);
	const struct curated_question tagged = {
		.name = "a", .tag = "b", .window = 1, .any = true
	};
	assert_int_equal(curated_ask(&tagged, &path, &query), 0);
	assert_string_equal((char *)query.data, "");
	buf_fini(&path);
	buf_fini(&query);
}

static struct fetch answered(const char *header)
{
	return (struct fetch){ .header = { .data = (uint8_t *)header, .size = strlen(header) } };
}

static void the_header_tells_of_the_profile(void **state)
{
	struct fetch f = answered("HTTP/1.1 200 OK\r\nx-hone-verdict: good\r\nX-Hone-Until:\t "
				  "2026-11-21T12:00:01Z \t\r\nX-Hone-Builds: b1, b2\r\n\r\n");
	struct curated_facts facts;
	char small[3];

	(void)state;
	curated_read(&f, &facts);
	assert_true(facts.by_collector);
	assert_int_equal(facts.until, 1795262401 * 1000000000ULL);
	assert_string_equal(facts.builds, "b1, b2");
	assert_true(fetch_header(&f, "X-Hone-Builds", small, sizeof(small)));
	assert_string_equal(small, "b1");
	assert_false(fetch_header(&f, "X-Hone", small, sizeof(small)));
	f = answered("X-Hone-Until: yesterday\r\nX-Hone-Until: 1969-01-01T00:00:00Z\r\n");
	curated_read(&f, &facts);
	assert_false(facts.by_collector);
	assert_int_equal(facts.until, 0);
}

static void a_selector_holds_any_value(void **state)
{
	static const struct {
		const char *value, *wanted;
	} cases[] = { { "example.com/a", "{main_package=\"example.com/a\"}" },
		      { "a\"} or {b=\"", "{main_package=\"a\\\"} or {b=\\\"\"}" },
		      { "a\\", "{main_package=\"a\\\\\"}" },
		      { "\xc3\xa4", "{main_package=\"\xc3\xa4\"}" },
		      { "a\nb", NULL },
		      { "\xff", NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct store_label label = { "main_package", cases[i].value };
		const struct query_question q = { &label, 1, 1000000, 5000000, 2 };
		struct buf body = BUF_INIT(4096);
		int r = query_ask(&q, &body);

		assert_int_equal(r, cases[i].wanted ? 0 : QUERY_E_VALUE);
		if (cases[i].wanted) {
			Querier__V1__SelectMergeProfileRequest *m =
				querier__v1__select_merge_profile_request__unpack(NULL, body.size,
										  body.data);

			assert_non_null(m);
			assert_string_equal(m->label_selector, cases[i].wanted);
			assert_string_equal(m->profile_typeid, QUERY_TYPE);
			assert_int_equal(m->start, 1);
			assert_int_equal(m->end, 5);
			assert_int_equal(m->stack_trace_selector->go_pgo->keep_locations, 2);
			assert_false(m->stack_trace_selector->go_pgo->aggregate_callees);
			querier__v1__select_merge_profile_request__free_unpacked(m, NULL);
		}
		buf_fini(&body);
	}
}

static void read_values(const char *bytes, size_t size, struct query_values *v, int wanted)
{
	assert_int_equal(query_read_values(span_of(bytes, size), v), wanted);
}

#define READ(bytes, v, wanted) read_values(bytes, sizeof(bytes) - 1, v, wanted)

static void values_of_a_label_and_their_times(void **state)
{
	struct query_values v = { 0 };

	(void)state;
	/* {build_id="b"}: at 5 and 3 ms; then one without, at 9; one that has no points; */
	READ("\x0a\x17\x0a\x0d\x0a\x08"
	     "build_id\x12\x01"
	     "b\x12\x02\x10\x05\x12\x02\x10\x03"
	     "\x0a\x04\x12\x02\x10\x09"
	     "\x0a\x0f\x0a\x0d\x0a\x08"
	     "build_id\x12\x01"
	     "c",
	     &v, 0);
	/* And the first again, at 8 ms. */
	READ("\x0a\x13\x0a\x0d\x0a\x08"
	     "build_id\x12\x01"
	     "b\x12\x02\x10\x08",
	     &v, 0);
	READ("", &v, 0);
	assert_int_equal(v.n, 2);
	assert_string_equal(v.list[0].text, "b");
	assert_int_equal(v.list[0].first, 3000000);
	assert_int_equal(v.list[0].last, 8000000);
	assert_string_equal(v.list[1].text, "");
	assert_int_equal(v.list[1].first, 9000000);
	/* Before the epoch, and no answer at all. */
	READ("\x0a\x0d\x12\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &v, QUERY_E_MALFORMED);
	READ("<html>", &v, QUERY_E_MALFORMED);
	query_values_fini(&v);
}

static void values_are_asked_for_in_steps(void **state)
{
	static const struct {
		uint64_t hours, step;
	} cases[] = { { 1, 60 }, { 72, 60 }, { 2000, 720 } };
	const struct store_label label = { "main_package", "a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct query_question q = { &label, 1, 5000000,
						  5000000 + cases[i].hours * 3600 * 1000000000ULL,
						  0 };
		struct buf body = BUF_INIT(4096);

		assert_int_equal(query_ask_values(&q, "build_id", &body), 0);
		Querier__V1__SelectSeriesRequest *m =
			querier__v1__select_series_request__unpack(NULL, body.size, body.data);
		assert_non_null(m);
		assert_string_equal(m->label_selector, "{main_package=\"a\"}");
		assert_string_equal(m->profile_typeid, QUERY_TYPE);
		assert_int_equal(m->start, 5);
		assert_int_equal(m->end - m->start, cases[i].hours * 3600000);
		assert_int_equal(m->n_group_by, 1);
		assert_string_equal(m->group_by[0], "build_id");
		assert_true(m->step == (double)cases[i].step);
		querier__v1__select_series_request__free_unpacked(m, NULL);
		buf_fini(&body);
	}
}

static void names_of_files_tell_the_time(void **state)
{
	static const char *const bad[] = {
		"",
		"_",
		".pb.gz",
		"_.pb.gz",
		"__.pb.gz",
		"api.pb.gz",
		"api_20261121T123100Z.pb.gz",
		"api_20261121T123100Z_x.pb.gz.tmp",
		".api_20261121T123100Z_x.pb.gz",
		"api_20261121T123100_x.pb.gz",
		"api_20261321T123100Z_x.pb.gz",
		"api_2026112T1231000Z_x.pb.gz",
		"api_19691231T235959Z_x.pb.gz",
		"api_20261121T123100Z_x_y.pb.gz",
	};
	uint64_t time;

	(void)state;
	assert_true(folder_time("api_shop_20261121T120001Z_0b-1.pb.gz", &time));
	assert_int_equal(time, 1795262401 * 1000000000ULL);
	assert_true(folder_time("_20261121T120001Z_.pb.gz", &time));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(folder_time(bad[i], &time));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_paths),
		cmocka_unit_test(names_that_lead_elsewhere_are_none),
		cmocka_unit_test(the_query_tells_window_and_leniency),
		cmocka_unit_test(the_header_tells_of_the_profile),
		cmocka_unit_test(a_selector_holds_any_value),
		cmocka_unit_test(values_of_a_label_and_their_times),
		cmocka_unit_test(values_are_asked_for_in_steps),
		cmocka_unit_test(names_of_files_tell_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
