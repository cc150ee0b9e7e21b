/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- reading into one profile ------------------------------------------------------------ */

struct bytes {
	uint8_t *data;
	size_t size;
};

static struct bytes encoded(struct pprof_profile *p)
{
	struct bytes b;

	assert_int_equal(pprof_encode(p, PPROF_PLAIN, &b.data, &b.size), 0);
	return b;
}

/* One stack in a program of that name. */
static struct bytes of_program(const char *file, const char *leaf)
{
	struct pprof_profile *p = one(file, leaf, 2);
	struct pprof_profile *moved = cpu_profile();
	struct pprof_mapping m = { .file = file, .limit = 0x1000 };
	struct bytes b;

	assert_int_equal(pprof_add_mapping(moved, &m, NULL), 0);
	assert_int_equal(pprof_merge(moved, p), 0);
	b = encoded(moved);
	pprof_free(p);
	pprof_free(moved);
	return b;
}

/* Profiles of two programs in turns, read into one and added by one merger. */
static void test_merger(void **state)
{
	struct bytes all[] = { of_program("a", "f"), of_program("b", "g"), of_program("a", "g") };
	struct pprof_profile *to = NULL, *other = NULL, *from = NULL, *p;
	struct pprof_merger *m;

	(void)state;
	assert_int_equal(pprof_new(&to), 0);
	assert_int_equal(pprof_new(&other), 0);
	assert_int_equal(pprof_new(&from), 0);
	assert_int_equal(pprof_merger_new(to, &m), 0);
	for (size_t i = 0; i < 7; i++) {
		const struct bytes *b = &all[i % 3];

		assert_int_equal(pprof_reread(from, b->data, b->size, NULL, NULL), 0);
		assert_int_equal(pprof_merger_add(m, from), 0);
		assert_int_equal(pprof_decode(b->data, b->size, NULL, &p, NULL), 0);
		assert_int_equal(pprof_merge(other, p), 0);
		pprof_free(p);
	}
	assert_int_equal(pprof_n_samples(to), 2);
	struct bytes a = encoded(to), b = encoded(other);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	free(a.data);
	free(b.data);
	for (size_t i = 0; i < 3; i++)
		free(all[i].data);
	pprof_merger_free(m);
	pprof_free(to);
	pprof_free(other);
	pprof_free(from);
}

static void reread(struct pprof_profile *p, struct bytes b)
{
	struct bytes again;

	assert_int_equal(pprof_reread(p, b.data, b.size, NULL, NULL), 0);
	again = encoded(p);
	assert_int_equal(again.size, b.size);
	assert_memory_equal(again.data, b.data, b.size);
	free(again.data);
}

static void test_reread(void **state)
{
	struct bytes a = of_program("/bin/a", "main.f"), b = of_program("/bin/b", "main.g");
	struct pprof_profile *p;
	uint32_t location;

	(void)state;
	assert_int_equal(pprof_new(&p), 0);
	reread(p, a);
	location = pprof_sample(p, 0).locations[0];
	assert_string_equal(pprof_mapping(p, pprof_main_mapping(p)).file, "/bin/a");
	reread(p, b);
	assert_int_not_equal(pprof_sample(p, 0).locations[0], location);
	assert_string_equal(pprof_mapping(p, pprof_main_mapping(p)).file, "/bin/b");
	assert_int_equal(pprof_reread(p, a.data, a.size - 1, NULL, NULL), PPROF_E_MALFORMED);
	assert_int_equal(pprof_n_samples(p) + pprof_n_comments(p) + pprof_n_sample_types(p), 0);
	assert_int_equal(pprof_main_mapping(p), PPROF_NONE);
	reread(p, a);
	assert_int_equal(pprof_sample(p, 0).locations[0], location);
	assert_int_equal(pprof_generation(p), 0);
	pprof_free(p);
	free(a.data);
	free(b.data);
}

static void test_reread_large(void **state)
{
	struct pprof_profile *p, *large = one("large", "main.f", 1);
	struct bytes a = of_program("/bin/a", "main.f"), b;
	char *text = calloc(1, (33 << 20) + 1);

	(void)state;
	memset(text, 'x', 33 << 20);
	assert_int_equal(pprof_add_comment(large, text), 0);
	b = encoded(large);
	assert_int_equal(pprof_new(&p), 0);
	reread(p, b);
	assert_int_equal(pprof_generation(p), 0);
	reread(p, a);
	assert_int_equal(pprof_generation(p), 1);
	assert_int_equal(pprof_n_functions(p), 2);
	pprof_free(large);
	pprof_free(p);
	free(text);
	free(a.data);
	free(b.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),	cmocka_unit_test(test_into_new),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_reread),	cmocka_unit_test(test_reread_large),
		cmocka_unit_test(test_merger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
