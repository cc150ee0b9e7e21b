/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/libpprof/sample-profile.h"

static void test_header(void **state)
{
	struct pprof_profile *p = cpu_profile();
	struct pprof_header h = pprof_header(p);

	(void)state;
	assert_int_equal(h.time_nanos, 1700000000000000001);
	assert_int_equal(h.duration_nanos, 30000000000);
	assert_int_equal(h.period, 10000000);
	assert_string_equal(h.period_type.type, "cpu");
	assert_string_equal(h.period_type.unit, "nanoseconds");
	assert_string_equal(h.default_sample_type, "cpu");
	assert_string_equal(h.drop_frames, "^runtime\\.mallocgc$");
	assert_string_equal(h.keep_frames, "keep");
	assert_string_equal(h.doc_url, "https://example.com/");
	assert_int_equal(pprof_n_sample_types(p), 2);
	assert_string_equal(pprof_sample_type(p, 1).type, "cpu");

	/* Texts handed out may be given back along with new ones. */
	h.keep_frames = "another";
	h.doc_url = NULL;
	assert_int_equal(pprof_set_header(p, &h), 0);
	assert_string_equal(pprof_header(p).drop_frames, "^runtime\\.mallocgc$");
	assert_string_equal(pprof_header(p).keep_frames, "another");
	assert_string_equal(pprof_header(p).doc_url, "");
	pprof_free(p);
}

static void test_comments(void **state)
{
	struct pprof_profile *p = cpu_profile();

	(void)state;
	assert_int_equal(pprof_add_comment(p, "b"), 0);
	assert_int_equal(pprof_add_comment(p, "a"), 0);
	assert_int_equal(pprof_add_comment(p, "b"), 0);
	assert_int_equal(pprof_n_comments(p), 2);
	assert_string_equal(pprof_comment(p, 0), "b");
	assert_string_equal(pprof_comment(p, 1), "a");
	pprof_free(p);
}

static void test_mappings(void **state)
{
	struct pprof_mapping a = {
		.start = 0x400000,
		.limit = 0x500000,
		.offset = 0x1000,
		.file = "/bin/api",
		.build_id = "c0ffee",
		.has_functions = true,
	};
	struct pprof_mapping b = a;
	struct pprof_profile *p = cpu_profile();
	uint32_t number;

	(void)state;
	assert_int_equal(pprof_add_mapping(p, &a, &number), 0);
	assert_int_equal(number, 0);
	b.file = "/bin/other";
	assert_int_equal(pprof_add_mapping(p, &b, &number), 0);
	assert_int_equal(number, 1);
	b = a;
	b.has_inline_frames = true;
	assert_int_equal(pprof_add_mapping(p, &b, &number), 0);
	assert_int_equal(number, 2);
	assert_int_equal(pprof_add_mapping(p, &a, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(pprof_add_mapping(p, &a, NULL), 0);
	assert_int_equal(pprof_n_mappings(p), 3);
	b = pprof_mapping(p, 2);
	assert_int_equal(b.start, 0x400000);
	assert_int_equal(b.limit, 0x500000);
	assert_int_equal(b.offset, 0x1000);
	assert_string_equal(b.file, "/bin/api");
	assert_string_equal(b.build_id, "c0ffee");
	assert_true(b.has_functions && b.has_inline_frames);
	assert_false(b.has_filenames || b.has_line_numbers);
	pprof_free(p);
}

/* Functions are told apart by each field. */
static void test_functions(void **state)
{
	struct pprof_function all[] = {
		{ "main.f", "main.f", "f.go", 7 }, { "main.g", "main.f", "f.go", 7 },
		{ "main.f", "main.g", "f.go", 7 }, { "main.f", "main.f", "g.go", 7 },
		{ "main.f", "main.f", "f.go", 8 }, { "main.f", NULL, NULL, 0 },
	};
	size_t n = sizeof(all) / sizeof(all[0]);
	struct pprof_profile *p = cpu_profile();
	uint32_t number;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(pprof_add_function(p, &all[i], &number), 0);
			assert_int_equal(number, i);
		}
	}
	assert_int_equal(pprof_n_functions(p), n);
	assert_string_equal(pprof_function(p, 3).name, "main.f");
	assert_string_equal(pprof_function(p, 3).file, "g.go");
	assert_string_equal(pprof_function(p, 5).system_name, "");
	assert_int_equal(pprof_function(p, 4).start_line, 8);
	pprof_free(p);
}

static void test_locations(void **state)
{
	struct pprof_profile *p = cpu_profile();
	uint32_t f = add_function(p, "main.f", 3), g = add_function(p, "main.g", 9), number;
	struct pprof_line lines[] = { { f, 4, 0 }, { g, 10, 2 } };
	struct pprof_location l = {
		.mapping = PPROF_NONE, .address = 0x401000, .lines = lines, .n_lines = 2
	};

	(void)state;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 0);
	l.n_lines = 1;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 1);
	l.n_lines = 2;
	lines[1].column = 3;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 2);
	lines[1].column = 2;
	l.is_folded = true;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 3);
	l.is_folded = false;
	l.address++;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 4);
	l.address--;
	lines[0].line++;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 5);
	lines[0].line--;
	lines[1].function = f;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 6);
	lines[1].function = g;
	assert_int_equal(pprof_add_mapping(p, &(struct pprof_mapping){ 0 }, &l.mapping), 0);
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 7);
	l.mapping = PPROF_NONE;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	assert_int_equal(number, 0);
	l = pprof_location(p, 0);
	assert_int_equal(l.address, 0x401000);
	assert_int_equal(l.mapping, PPROF_NONE);
	assert_int_equal(l.n_lines, 2);
	assert_int_equal(l.lines[1].function, g);
	assert_int_equal(l.lines[1].line, 10);
	pprof_free(p);
}

/* What was handed out may be given back changed, though the arrays it lies in grow and move. */
static void test_aliasing(void **state)
{
	struct pprof_profile *p = cpu_profile();
	uint32_t f = add_function(p, "main.f", 3);

	(void)state;
	add_location(p, 1, f, 77);
	add_sample(p, 1, (uint32_t[]){ 0 }, 5);
	for (uint32_t i = 1; i < 300; i++) {
		struct pprof_location l = pprof_location(p, i - 1);
		struct pprof_sample s;
		uint32_t number;

		l.address++;
		assert_int_equal(pprof_add_location(p, &l, &number), 0);
		assert_int_equal(number, i);
		s = pprof_sample(p, i - 1);
		s.labels = &(struct pprof_label){ .key = "k", .number = i };
		s.n_labels = 1;
		assert_int_equal(pprof_add_sample(p, &s, &number), 0);
		assert_int_equal(number, i);
	}
	assert_int_equal(pprof_location(p, 299).address, 300);
	assert_int_equal(pprof_location(p, 299).lines[0].line, 77);
	assert_int_equal(pprof_sample(p, 299).values[0], 5);
	assert_int_equal(pprof_sample(p, 299).values[1], 50000000);
	pprof_free(p);
}

static void test_samples(void **state)
{
	struct pprof_profile *p = cpu_profile();
	uint32_t f = add_function(p, "main.f", 3);
	uint32_t a = add_location(p, 1, f, 4), b = add_location(p, 2, f, 5);
	struct pprof_sample s;

	(void)state;
	assert_int_equal(add_sample(p, 2, (uint32_t[]){ a, b }, 1), 0);
	assert_int_equal(add_sample(p, 2, (uint32_t[]){ b, a }, 1), 1);
	assert_int_equal(add_sample(p, 1, (uint32_t[]){ a }, 1), 2);
	assert_int_equal(add_sample(p, 0, NULL, 1), 3);
	assert_int_equal(add_sample(p, 2, (uint32_t[]){ a, b }, 6), 0);
	assert_int_equal(pprof_n_samples(p), 4);
	s = pprof_sample(p, 0);
	assert_int_equal(s.n_locations, 2);
	assert_int_equal(s.locations[0], a);
	assert_int_equal(s.locations[1], b);
	assert_int_equal(s.values[0], 7);
	assert_int_equal(s.values[1], 70000000);
	assert_int_equal(s.n_labels, 0);
	pprof_free(p);
}

static uint32_t add_labelled(struct pprof_profile *p, size_t n, const struct pprof_label *labels)
{
	struct pprof_sample s = { .values = (int64_t[]){ 1, 2 }, .labels = labels, .n_labels = n };
	uint32_t number;

	assert_int_equal(pprof_add_sample(p, &s, &number), 0);
	return number;
}

static void test_labels(void **state)
{
	struct pprof_label labels[] = {
		{ .key = "size", .number = 9, .unit = "bytes" },
		{ .key = "path", .text = "/z" },
		{ .key = "path", .text = "/a" },
		{ .key = "path", .number = 3 },
		{ .key = "empty", .text = "" },
		{ .key = "zero", .number = 0 },
		{ .key = "none", .number = 0, .unit = "count" },
	};
	struct pprof_label swapped[] = { labels[6], labels[3], labels[1], labels[2], labels[0] };
	struct pprof_profile *p = cpu_profile();
	struct pprof_sample s;

	(void)state;
	assert_int_equal(add_labelled(p, 7, labels), 0);
	assert_int_equal(add_labelled(p, 5, swapped), 0);
	assert_int_equal(add_labelled(p, 4, swapped), 1);
	s = pprof_sample(p, 0);
	assert_int_equal(s.values[0], 2);
	assert_int_equal(s.n_labels, 5);
	assert_string_equal(s.labels[0].key, "none");
	assert_null(s.labels[0].text);
	assert_string_equal(s.labels[0].unit, "count");
	assert_string_equal(s.labels[1].text, "/z");
	assert_null(s.labels[1].unit);
	assert_string_equal(s.labels[2].text, "/a");
	assert_int_equal(s.labels[3].number, 3);
	assert_string_equal(s.labels[3].unit, "");
	assert_int_equal(s.labels[4].number, 9);
	assert_string_equal(s.labels[4].unit, "bytes");
	pprof_free(p);
}

/* Labels that differ in one thing are different. */
static void test_equal_labels(void **state)
{
	static const struct pprof_label all[] = {
		{ "a", "b", 0, NULL },	{ "z", "b", 0, NULL },	{ "a", "z", 0, NULL },
		{ "a", NULL, 1, NULL }, { "a", NULL, 2, NULL }, { "a", NULL, 1, "c" },
	};
	struct pprof_profile *p = cpu_profile();

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			assert_int_equal(add_labelled(p, 1, &all[i]), i);
	pprof_free(p);
}

/* Wrapping, not undefined behaviour. */
static void test_overflow(void **state)
{
	struct pprof_profile *p = cpu_profile();
	struct pprof_sample s = { .values = (int64_t[]){ INT64_MAX, 1 } };

	(void)state;
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	assert_int_equal(pprof_sample(p, 0).values[0], -2);
	pprof_free(p);
}

static void test_misuse(void **state)
{
	struct pprof_value_type type = { "samples", "count" };
	struct pprof_line line = { .function = 0 };
	struct pprof_location l = { .mapping = 0 };
	struct pprof_sample s = { .values = (int64_t[]){ 1 } };
	struct pprof_profile *p;

	(void)state;
	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_add_location(p, &l, NULL), -EINVAL);
	l = (struct pprof_location){ .mapping = PPROF_NONE, .lines = &line, .n_lines = 1 };
	assert_int_equal(pprof_add_location(p, &l, NULL), -EINVAL);
	assert_int_equal(pprof_add_sample(p, &s, NULL), -EINVAL);
	assert_int_equal(pprof_add_sample_type(p, &type), 0);
	s.locations = (uint32_t[]){ 0 };
	s.n_locations = 1;
	assert_int_equal(pprof_add_sample(p, &s, NULL), -EINVAL);
	s.n_locations = 0;
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	assert_int_equal(pprof_add_sample_type(p, &type), -EINVAL);
	pprof_free(p);
}

/* Far more rows than any first capacity, found again by their contents. */
static void test_many(void **state)
{
	struct pprof_profile *p = cpu_profile();
	char name[160];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 2000; i++) {
			snprintf(name, sizeof(name), "example.com/pkg%u.Function%0*u", i, i % 80,
				 i);
			assert_int_equal(add_function(p, name, i), i);
			assert_int_equal(add_location(p, i * 16, i, i + 1), i);
			assert_int_equal(add_sample(p, 2, (uint32_t[]){ i, i / 2 }, 1), i);
		}
	}
	assert_string_equal(pprof_function(p, 1281).name, "example.com/pkg1281.Function1281");
	assert_int_equal(pprof_sample(p, 1281).values[0], 2);
	pprof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),	     cmocka_unit_test(test_comments),
		cmocka_unit_test(test_mappings),     cmocka_unit_test(test_functions),
		cmocka_unit_test(test_locations),    cmocka_unit_test(test_aliasing),
		cmocka_unit_test(test_samples),	     cmocka_unit_test(test_labels),
		cmocka_unit_test(test_equal_labels), cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_misuse),	     cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
