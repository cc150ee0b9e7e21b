/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of a run fails once: the call says so, nothing leaks (the sanitizer would tell),
 * and the profile is as good as before: the same call then succeeds and the result is the same.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/libpprof/sample-profile.h"

/* Allocations left before the one that fails; negative: none fails. */
static long left = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *data, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *data, size_t n, size_t size);

static bool fails(void)
{
	return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *data, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(data, n, size);
}

/* One step of building; each is repeated until it succeeds. */
static int step(struct pprof_profile *p, uint32_t i)
{
	char name[32];
	struct pprof_function f = { .name = name, .start_line = i };
	struct pprof_mapping m = { .start = i };
	struct pprof_line lines[2] = { { .function = i / 5 }, { .function = 0, .line = i } };
	struct pprof_location l = { .address = i, .lines = lines, .n_lines = 2 };
	struct pprof_label label = { .key = name, .text = "text" };
	struct pprof_sample s = {
		.locations = (uint32_t[]){ i / 5, 0, i / 7 },
		.n_locations = 3,
		.values = (int64_t[]){ 1, i },
		.labels = &label,
		.n_labels = 1,
	};

	snprintf(name, sizeof(name), "main.function%u", i);
	switch (i % 5) {
	case 0:
		return pprof_add_function(p, &f, NULL);
	case 1:
		return pprof_add_mapping(p, &m, NULL);
	case 2:
		return pprof_add_location(p, &l, NULL);
	case 3:
		return pprof_add_comment(p, name);
	default:
		return pprof_add_sample(p, &s, NULL);
	}
}

static long failures;

/* With every allocation failing once, if @failing. */
static struct pprof_profile *build(bool failing)
{
	struct pprof_profile *p = cpu_profile();

	for (uint32_t i = 0; i < 600; i++) {
		int r = -ENOMEM;

		for (long n = 0; r; n++) {
			left = failing ? n : -1;
			r = step(p, i);
			left = -1;
			if (!r)
				break;
			assert_int_equal(r, -ENOMEM);
			failures++;
		}
	}
	return p;
}

static void test_build(void **state)
{
	struct pprof_profile *p = build(true), *q = build(false);
	uint8_t *p_data, *q_data;
	size_t p_size, q_size;

	(void)state;
	assert_true(failures > 50);
	assert_int_equal(pprof_encode(p, PPROF_PLAIN, &p_data, &p_size), 0);
	assert_int_equal(pprof_encode(q, PPROF_PLAIN, &q_data, &q_size), 0);
	assert_int_equal(p_size, q_size);
	assert_memory_equal(p_data, q_data, p_size);
	free(p_data);
	free(q_data);
	pprof_free(p);
	pprof_free(q);
}

static void test_encode(void **state)
{
	struct pprof_profile *p = build(false);
	uint8_t *data = NULL;
	size_t size;

	(void)state;
	for (int encoding = PPROF_PLAIN; encoding <= PPROF_GZIP; encoding++) {
		int r = -ENOMEM;

		for (long n = 0; r; n++) {
			left = n;
			r = pprof_encode(p, encoding, &data, &size);
			left = -1;
			assert_true(r == 0 || r == -ENOMEM);
			assert_true(r == 0 || data == NULL);
		}
		free(data);
		data = NULL;
	}
	pprof_free(p);
}

/* What is encoded may be kept for long, and counts as its size. */
static void test_encoded_takes_its_size(void **state)
{
	struct pprof_profile *p = build(false);
	uint8_t *data = NULL;
	size_t size;

	(void)state;
	for (int encoding = PPROF_PLAIN; encoding <= PPROF_GZIP; encoding++) {
		assert_int_equal(pprof_encode(p, encoding, &data, &size), 0);
		assert_in_range(malloc_usable_size(data), size, size + 64);
		free(data);
	}
	pprof_free(p);
}

static void test_decode(void **state)
{
	struct pprof_profile *p = build(false), *q = NULL;
	uint8_t *data;
	size_t size;

	(void)state;
	for (int encoding = PPROF_PLAIN; encoding <= PPROF_GZIP; encoding++) {
		int r = -ENOMEM;

		assert_int_equal(pprof_encode(p, encoding, &data, &size), 0);
		for (long n = 0; r; n++) {
			left = n;
			r = pprof_decode(data, size, NULL, &q, NULL);
			left = -1;
			assert_true(r == 0 || r == -ENOMEM);
			assert_true(r == 0 || q == NULL);
		}
		free(data);
		q = pprof_free(q);
	}
	pprof_free(p);
}

static void test_merge(void **state)
{
	struct pprof_profile *from = build(false), *to;
	int r = -ENOMEM;

	(void)state;
	for (long n = 0; r; n++) {
		assert_int_equal(pprof_new(&to), 0);
		left = n;
		r = pprof_merge(to, from);
		left = -1;
		assert_true(r == 0 || r == -ENOMEM);
		pprof_free(to);
	}
	pprof_free(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_encoded_takes_its_size),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
