/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <math.h>

#include "base/cleanup.h"
#include "pgo/random.h"

/* The published reference outputs of both generators. */
static void numbers_are_the_published_ones(void **state)
{
	static const uint64_t splitmix[] = { 6457827717110365317ULL, 3203168211198807973ULL,
					     9817491932198370423ULL, 4593380528125082431ULL };
	static const uint64_t xoshiro[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct pgo_random rng;

	(void)state;
	pgo_random_init(&rng, 1234567);
	for (size_t i = 0; i < ARRAY_SIZE(splitmix); i++)
		assert_true(rng.state[i] == splitmix[i]);
	rng = (struct pgo_random){ { 1, 2, 3, 4 } };
	for (size_t i = 0; i < ARRAY_SIZE(xoshiro); i++)
		assert_true(pgo_random_u64(&rng) == xoshiro[i]);
}

static void below_is_below_and_even(void **state)
{
	struct pgo_random rng;
	unsigned int seen[7] = { 0 };

	(void)state;
	pgo_random_init(&rng, 1);
	for (int i = 0; i < 70000; i++) {
		uint64_t x = pgo_random_below(&rng, ARRAY_SIZE(seen));

		assert_in_range(x, 0, ARRAY_SIZE(seen) - 1);
		seen[x]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_in_range(seen[i], 9600, 10400);
	assert_int_equal(pgo_random_below(&rng, 1), 0);
}

static void certain_draws_are_certain(void **state)
{
	struct pgo_random rng;

	(void)state;
	pgo_random_init(&rng, 1);
	assert_int_equal(pgo_random_draw(&rng, 10, 0, 5), 0);
	assert_int_equal(pgo_random_draw(&rng, 10, 5, 0), 0);
	assert_int_equal(pgo_random_draw(&rng, 10, 10, 4), 4);
	assert_int_equal(pgo_random_draw(&rng, 10, 3, 10), 3);
	assert_int_equal(pgo_random_draw(&rng, 100000, 100000, 777), 777);
	assert_int_equal(pgo_random_draw(&rng, 100000, 777, 100000), 777);
}

/* Mean and variance of the hypergeometric distribution, and its bounds. */
static void check_draws(double all, double marked, double drawn)
{
	double mean = drawn * marked / all, sum = 0, squares = 0, n = 20000;
	double variance = mean * (1 - marked / all) * (all - drawn) / (all - 1);
	struct pgo_random rng;

	pgo_random_init(&rng, 5);
	for (int i = 0; i < n; i++) {
		double x = pgo_random_draw(&rng, all, marked, drawn);

		assert_true(x <= fmin(marked, drawn) && x >= fmax(0, marked + drawn - all));
		sum += x;
		squares += (x - mean) * (x - mean);
	}
	assert_true(fabs(sum / n - mean) < 5 * sqrt(variance / n));
	assert_true(fabs(squares / n / variance - 1) < 0.08);
}

static void draws_are_hypergeometric(void **state)
{
	(void)state;
	check_draws(1000, 10, 300);  /* ball by ball */
	check_draws(100, 64, 50);    /* the most of that */
	check_draws(100, 65, 50);    /* by inversion */
	check_draws(1000, 400, 700); /* forced: at least 100 */
	check_draws(20000, 5000, 3); /* few drawn */
	check_draws(1e9, 1e6, 1e8);  /* a fleet's */
	check_draws(4e6, 3.9e6, 1e6);
}

/* More balls than a double can tell apart. */
static void draws_stay_possible(void **state)
{
	const uint64_t many = (1ULL << 60) + 1;
	struct pgo_random rng;

	(void)state;
	pgo_random_init(&rng, 5);
	for (uint64_t i = 0; i <= 100; i++) {
		assert_true(pgo_random_draw(&rng, many + 100, many + i, many) >= many + i - 100);
		assert_true(pgo_random_draw(&rng, many + 100, many + i, many) <= many);
		assert_true(pgo_random_draw(&rng, many * 2, many, many + i) <= many);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_published_ones),
		cmocka_unit_test(below_is_below_and_even),
		cmocka_unit_test(certain_draws_are_certain),
		cmocka_unit_test(draws_are_hypergeometric),
		cmocka_unit_test(draws_stay_possible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
