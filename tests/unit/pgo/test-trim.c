/* SPDX-License-Identifier: Apache-2.0 */
/* A trimmed profile is the same one to the compiler. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/edges.h"
#include "pgo/random.h"
#include "pgo/trim.h"

#define FUNCTIONS 12
#define LOCATIONS 60
#define SAMPLES	  400

/* Deep stacks of few functions, much recursion, inlined calls, locations and names that lack. */
static struct pprof_profile *make(uint64_t seed, bool samples, bool cpu)
{
	struct pgo_random rng;
	const struct pprof_value_type types[] = { { "samples", "count" },
						  { "cpu", "nanoseconds" } };
	const struct pprof_header header = { .period = 10 };
	struct pprof_profile *p;
	char name[32];

	pgo_random_init(&rng, seed);
	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	/* As in a trimmed one the CPU time first, which then is the weight. */
	if (cpu)
		assert_int_equal(pprof_add_sample_type(p, &types[1]), 0);
	if (samples)
		assert_int_equal(pprof_add_sample_type(p, &types[0]), 0);
	for (unsigned int i = 0; i < FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "main.f%u", i);
		const struct pprof_function f = { .name = i ? name : "",
						  .file = "f.go",
						  .start_line = i * 10 };
		assert_int_equal(pprof_add_function(p, &f, NULL), 0);
	}
	for (unsigned int i = 0; i < LOCATIONS; i++) {
		struct pprof_line lines[3];
		size_t n = pgo_random_u64(&rng) % 4;

		for (size_t k = 0; k < n; k++)
			lines[k] =
				(struct pprof_line){ .function = pgo_random_u64(&rng) % FUNCTIONS,
						     .line = pgo_random_u64(&rng) % 5 + 1 };
		const struct pprof_location l = {
			.mapping = PPROF_NONE, .address = 1000 + i, .lines = lines, .n_lines = n
		};
		assert_int_equal(pprof_add_location(p, &l, NULL), 0);
	}
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint32_t stack[6];
		size_t n = pgo_random_u64(&rng) % 6 + 1;
		int64_t count = pgo_random_u64(&rng) % 9;
		const int64_t values[] = { cpu ? count * 10 : count, count };

		for (size_t k = 0; k < n; k++)
			stack[k] = pgo_random_u64(&rng) % pprof_n_locations(p);
		if (n > 1 && i % 7 == 0)
			stack[1] = stack[0];
		const struct pprof_sample s = { .locations = stack,
						.n_locations = n,
						.values = values };
		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
	return p;
}

static char *edges_of(struct pprof_profile *p)
{
	struct buf text = BUF_INIT(1u << 20);
	struct pgo_edges *edges;

	assert_int_equal(pgo_edges_new(p, &edges), 0);
	pgo_edges_print(edges, &text);
	buf_append_u8(&text, 0);
	assert_int_equal(buf_error(&text), 0);
	pgo_edges_free(edges);
	return (char *)text.data;
}

static struct pprof_profile *trimmed(struct pprof_profile *p, size_t depth)
{
	struct pprof_profile *to;

	assert_int_equal(trim_new(&to), 0);
	assert_int_equal(trim_add(to, p, depth), 0);
	return to;
}

static void same_edges(void **state)
{
	static const size_t depths[] = { 2, 3, 5, 0 };

	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		struct pprof_profile *p = make(seed, true, true);
		char *before = edges_of(p);

		for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
			struct pprof_profile *t = trimmed(p, depths[i]);
			char *after = edges_of(t);

			assert_string_equal(before, after);
			free(after);
			pprof_free(t);
		}
		free(before);
		pprof_free(p);
	}
}

static void less_of_everything(void **state)
{
	struct pprof_profile *p = make(3, true, true), *t = trimmed(p, 2);

	(void)state;
	assert_true(pprof_n_samples(t) < pprof_n_samples(p));
	assert_int_equal(pprof_n_mappings(t), 0);
	for (size_t i = 0; i < pprof_n_samples(t); i++)
		assert_true(pprof_sample(t, i).n_locations <= 2);
	for (size_t i = 0; i < pprof_n_functions(t); i++)
		assert_string_equal(pprof_function(t, i).file, "");
	pprof_free(t);
	pprof_free(p);
}

/* One of the two sample types does for both. */
static void makes_both_values(void **state)
{
	struct pprof_profile *both = make(5, true, true), *samples = make(5, true, false),
			     *cpu = make(5, false, true);
	struct pprof_profile *a = trimmed(both, 2), *b = trimmed(samples, 2), *c = trimmed(cpu, 2);
	uint8_t *x, *y, *z;
	size_t nx, ny, nz;

	(void)state;
	assert_int_equal(pprof_encode(a, PPROF_PLAIN, &x, &nx), 0);
	assert_int_equal(pprof_encode(b, PPROF_PLAIN, &y, &ny), 0);
	assert_int_equal(pprof_encode(c, PPROF_PLAIN, &z, &nz), 0);
	assert_int_equal(nx, ny);
	assert_memory_equal(x, y, nx);
	assert_int_equal(nx, nz);
	assert_memory_equal(x, z, nx);
	free(x), free(y), free(z);
	pprof_free(a), pprof_free(b), pprof_free(c);
	pprof_free(both), pprof_free(samples), pprof_free(cpu);
}

/* Scaled down a lot nothing vanishes, and what is heavier stays heavier; counts stay as they are.
 */
static void scaled_keeps_order(void **state)
{
	struct pprof_profile *p = make(7, true, true), *whole = trimmed(p, 2), *half, *least;
	struct trim_sum sum, other;

	(void)state;
	assert_int_equal(trim_new(&half), 0);
	assert_int_equal(trim_add_scaled(half, whole, 2, 0.5), 0);
	assert_int_equal(trim_new(&least), 0);
	assert_int_equal(trim_add_scaled(least, whole, 2, 1e-9), 0);
	assert_int_equal(trim_measure(whole, &sum), 0);
	assert_int_equal(trim_measure(half, &other), 0);
	assert_int_equal(other.samples, sum.samples);
	assert_int_equal(other.cpu, sum.cpu / 2);
	assert_int_equal(pprof_n_samples(half), pprof_n_samples(whole));
	assert_int_equal(pprof_n_samples(least), pprof_n_samples(whole));
	for (size_t i = 0; i < pprof_n_samples(whole); i++) {
		int64_t value = pprof_sample(whole, i).values[0];

		assert_int_equal(pprof_sample(half, i).values[0], value / 2);
		assert_int_equal(pprof_sample(least, i).values[0], 1);
	}
	pprof_free(half);
	pprof_free(least);
	pprof_free(whole);
	pprof_free(p);
}

static struct pprof_profile *with_value(int64_t value)
{
	const struct pprof_value_type type = { "cpu", "nanoseconds" };
	const struct pprof_sample s = { .values = &value };
	struct pprof_profile *p;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_add_sample_type(p, &type), 0);
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	return p;
}

static void refuses_what_cannot_be(void **state)
{
	static const struct {
		int64_t value;
		int outcome;
	} cases[] = {
		{ -1, TRIM_E_NEGATIVE },
		{ INT64_MIN, TRIM_E_NEGATIVE },
		{ TRIM_MAX_CPU, 0 },
		{ TRIM_MAX_CPU + 1, TRIM_E_OVERFLOW },
		{ INT64_MAX, TRIM_E_OVERFLOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pprof_profile *p = with_value(cases[i].value), *to;
		struct trim_sum sum;

		assert_int_equal(trim_measure(p, &sum), cases[i].outcome);
		assert_int_equal(trim_new(&to), 0);
		assert_int_equal(trim_add(to, p, 2), cases[i].outcome);
		assert_int_equal(pprof_n_samples(to), cases[i].outcome ? 0 : 1);
		pprof_free(to);
		pprof_free(p);
	}
}

/* What the compiler cannot add up is scaled, all alike, and not more than need be. */
static void fits_the_compiler(void **state)
{
	struct pprof_profile *p = make(7, true, true), *whole = trimmed(p, 2), *large;
	struct trim_sum sum;

	(void)state;
	assert_true(trim_fit(0) == 1);
	assert_true(trim_fit((double)TRIM_MAX_WEIGHT) == 1);
	assert_true(trim_fit((double)TRIM_MAX_WEIGHT * 1.001) == 0.5);
	assert_true(trim_fit((double)TRIM_MAX_CPU) == 1.0 / 128);
	assert_int_equal(trim_new(&large), 0);
	assert_int_equal(trim_measure(whole, &sum), 0);
	int64_t times = TRIM_MAX_CPU / sum.cpu, samples = sum.samples;
	assert_int_equal(trim_add_scaled(large, whole, 2, (double)times), 0);
	assert_int_equal(trim_measure(large, &sum), 0);
	assert_true(sum.cpu > TRIM_MAX_CPU / 2);
	assert_int_equal(trim_scale(&large, 2, trim_fit((double)sum.cpu)), 0);
	assert_int_equal(trim_measure(large, &sum), 0);
	assert_true(sum.cpu <= TRIM_MAX_WEIGHT && sum.cpu > TRIM_MAX_WEIGHT / 2 - SAMPLES);
	assert_int_equal(sum.samples, samples);
	for (size_t i = 0; i < pprof_n_samples(whole); i++)
		assert_true(labs(pprof_sample(whole, i).values[0] * (times / 128) -
				 pprof_sample(large, i).values[0]) <= times);
	pprof_free(large);
	pprof_free(whole);
	pprof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scaled_keeps_order), cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(same_edges),	      cmocka_unit_test(less_of_everything),
		cmocka_unit_test(makes_both_values),  cmocka_unit_test(fits_the_compiler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
