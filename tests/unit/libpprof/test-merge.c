/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/libpprof/sample-profile.h"

static struct pprof_profile *one(const char *comment, const char *leaf, int64_t count)
{
	struct pprof_profile *p = cpu_profile();
	struct pprof_mapping m = { .file = "/bin/api", .limit = 0x1000 };
	struct pprof_line lines[2];
	struct pprof_location l = { .address = 0x40, .lines = lines, .n_lines = 2 };
	struct pprof_label label = { .key = "k", .text = "v" };
	struct pprof_sample s = {
		.locations = (uint32_t[]){ 0 },
		.n_locations = 1,
		.values = (int64_t[]){ count, count * 10000000 },
		.labels = &label,
		.n_labels = 1,
	};

	lines[0] = (struct pprof_line){ .function = add_function(p, leaf, 5), .line = 6 };
	lines[1] = (struct pprof_line){ .function = add_function(p, "main.main", 1), .line = 2 };
	assert_int_equal(pprof_add_comment(p, comment), 0);
	assert_int_equal(pprof_add_comment(p, "both"), 0);
	assert_int_equal(pprof_add_mapping(p, &m, NULL), 0);
	assert_int_equal(pprof_add_location(p, &l, NULL), 0);
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	return p;
}

static void test_merge(void **state)
{
	struct pprof_profile *p = one("first", "main.f", 2), *same = one("second", "main.f", 3);
	struct pprof_profile *other = one("third", "main.g", 4);
	struct pprof_header h = pprof_header(other);
	struct pprof_location l;

	(void)state;
	h.time_nanos -= 5;
	h.period *= 2;
	assert_int_equal(pprof_set_header(other, &h), 0);
	h.time_nanos = 0; /* not known, so no earlier one */
	h.period = 0;
	assert_int_equal(pprof_set_header(same, &h), 0);
	assert_int_equal(pprof_merge(p, other), 0);
	assert_int_equal(pprof_merge(p, same), 0);
	pprof_free(same);
	pprof_free(other);

	assert_int_equal(pprof_n_samples(p), 2);
	assert_int_equal(pprof_sample(p, 0).values[0], 5);
	assert_int_equal(pprof_sample(p, 1).values[1], 40000000);
	assert_string_equal(pprof_sample(p, 1).labels[0].text, "v");
	assert_int_equal(pprof_n_mappings(p), 1);
	assert_int_equal(pprof_n_functions(p), 3);
	l = pprof_location(p, pprof_sample(p, 1).locations[0]);
	assert_int_equal(l.mapping, 0);
	assert_string_equal(pprof_function(p, l.lines[0].function).name, "main.g");
	assert_string_equal(pprof_function(p, l.lines[1].function).name, "main.main");
	h = pprof_header(p);
	assert_int_equal(h.time_nanos, 1700000000000000001 - 5);
	assert_int_equal(h.duration_nanos, 3 * 30000000000);
	assert_int_equal(h.period, 20000000);
	assert_int_equal(pprof_n_comments(p), 4);
	assert_string_equal(pprof_comment(p, 1), "both");
	assert_string_equal(pprof_comment(p, 2), "third");
	pprof_free(p);
}

static void test_into_new(void **state)
{
	struct pprof_profile *p, *from = one("first", "main.f", 2);
	uint8_t *a, *b;
	size_t a_size, b_size;

	(void)state;
	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_merge(p, from), 0);
	assert_int_equal(pprof_encode(p, PPROF_PLAIN, &a, &a_size), 0);
	assert_int_equal(pprof_encode(from, PPROF_PLAIN, &b, &b_size), 0);
	assert_int_equal(a_size, b_size);
	assert_memory_equal(a, b, a_size);
	free(a);
	free(b);
	pprof_free(p);
	pprof_free(from);
}

/* Rows that are numbered otherwise in the one that is added to. */
static void test_numbers(void **state)
{
	struct pprof_profile *p = cpu_profile(), *from = one("first", "main.f", 2);
	struct pprof_location l;

	(void)state;
	assert_int_equal(
		pprof_add_mapping(p, &(struct pprof_mapping){ .file = "/bin/other" }, NULL), 0);
	add_location(p, 1, add_function(p, "main.other", 1), 1);
	assert_int_equal(pprof_merge(p, from), 0);
	l = pprof_location(p, pprof_sample(p, 0).locations[0]);
	assert_int_equal(l.address, 0x40);
	assert_string_equal(pprof_mapping(p, l.mapping).file, "/bin/api");
	assert_string_equal(pprof_function(p, l.lines[0].function).name, "main.f");
	pprof_free(p);
	pprof_free(from);
}

static void test_mismatch(void **state)
{
	struct pprof_profile *p = one("first", "main.f", 2), *heap, *wall = cpu_profile();
	struct pprof_header h = pprof_header(wall);

	(void)state;
	assert_int_equal(pprof_new(&heap), 0);
	assert_int_equal(pprof_set_header(heap, &h), 0);
	assert_int_equal(
		pprof_add_sample_type(heap, &(struct pprof_value_type){ "space", "bytes" }), 0);
	assert_int_equal(pprof_merge(p, heap), PPROF_E_MISMATCH);
	assert_int_equal(pprof_add_sample_type(heap, &(struct pprof_value_type){ "n", "count" }),
			 0);
	assert_int_equal(pprof_merge(p, heap), PPROF_E_MISMATCH);
	h.period_type.type = "wall";
	assert_int_equal(pprof_set_header(wall, &h), 0);
	assert_int_equal(pprof_merge(p, wall), PPROF_E_MISMATCH);
	assert_int_equal(pprof_merge(p, p), -EINVAL);
	assert_int_equal(pprof_header(p).duration_nanos, 30000000000);
	pprof_free(p);
	pprof_free(heap);
	pprof_free(wall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_into_new),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_mismatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
