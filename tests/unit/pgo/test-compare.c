/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of known call shares is sampled at random; so what a comparison must say is known.
 * 60 callees of very unlike weight (1/k) are called by 4 callers each.
 */
#include "tests/unit/pgo/made.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/compare.h"
#include "pgo/hotset.h"
#include "pgo/random.h"

enum { CALLEES = 60, CALLERS = 4, CALLS = CALLEES * CALLERS };

struct program {
	double share[CALLS]; /* of callee i / CALLERS by its caller i % CALLERS; sum 1 */
};

static void normalize(struct program *p)
{
	double sum = 0;

	for (int i = 0; i < CALLS; i++)
		sum += p->share[i];
	for (int i = 0; i < CALLS; i++)
		p->share[i] /= sum;
}

static struct program program(void)
{
	struct program p;

	for (int i = 0; i < CALLS; i++)
		p.share[i] = 1. / (1 + i / CALLERS) / (1 + 2 * (i % CALLERS));
	normalize(&p);
	return p;
}

/* @n samples of the program; @wrong of them (a share) show another caller than the true one. */
static struct pprof_profile *sample_program(const struct program *program, int n, double wrong,
					    uint64_t seed)
{
	struct pprof_profile *p = made_count_profile();
	struct pgo_random rng;

	pgo_random_init(&rng, seed);
	for (int s = 0; s < n; s++) {
		double at = pgo_random_unit(&rng);
		char caller[48], callee[48];
		int i = 0;

		while (i < CALLS - 1 && (at -= program->share[i]) > 0)
			i++;
		snprintf(callee, sizeof(callee), "main.callee%d", i / CALLERS);
		if (pgo_random_unit(&rng) < wrong)
			snprintf(caller, sizeof(caller), "main.grandparent%d", i / CALLERS % 7);
		else
			snprintf(caller, sizeof(caller), "main.caller%d", i % CALLERS);
		made_sample(p, made_location(p, callee, 11, 0x10000 + i / CALLERS),
			    made_location(p, caller, 20 + i % 100, 0x90000 + i), 1);
	}
	return p;
}

static struct pgo_edges *sample_edges(const struct program *program, int n, double wrong,
				      uint64_t seed)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p =
		sample_program(program, n, wrong, seed);

	return made_edges(p);
}

/* Compare a sampling of @a, of which a share is @wrong, with one of @b. */
static struct pgo_comparison compare(const struct program *a, int n_a, double wrong,
				     const struct program *b, int n_b)
{
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_a = sample_edges(a, n_a, wrong, 11);
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_b = sample_edges(b, n_b, 0, 22);
	struct pgo_comparison c;

	assert_int_equal(pgo_compare(of_a, of_b, NULL, &c), 0);
	return c;
}

static void assert_near(double value, double wanted, double tolerance)
{
	if (!(fabs(value - wanted) <= tolerance))
		fail_msg("%f is not %f within %f", value, wanted, tolerance);
}

static void noise_alone_gives_a_ratio_of_one(void **state)
{
	struct program p = program();
	const int sizes[][2] = { { 16000, 4000 }, { 3000, 9000 }, { 40000, 10000 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct pgo_comparison c = compare(&p, sizes[i][0], 0, &p, sizes[i][1]);

		assert_false(c.pooled);
		assert_true(c.edges.overlap < 0.96);
		assert_near(c.edges.ratio, 1, 0.01);
		assert_near(c.form.ratio, 1, 0.01);
		assert_near(c.edges.ratio, c.edges.overlap / c.edges.ceiling, 1e-12);
		pgo_comparison_fini(&c);
	}
}

/* Twice is enough not to be pooled, but the rest is only as large as the part: a low ceiling. */
static void twice_the_samples_are_enough_to_split(void **state)
{
	struct program p = program();
	struct pgo_comparison c = compare(&p, 8000, 0, &p, 4000);

	(void)state;
	assert_false(c.pooled);
	assert_near(c.edges.ratio, 1.015, 0.015);
	pgo_comparison_fini(&c);
}

static void profiles_of_like_size_are_pooled(void **state)
{
	struct program p = program();
	struct pgo_comparison c = compare(&p, 7999, 0, &p, 4000);

	(void)state;
	assert_true(c.pooled);
	assert_near(c.edges.ratio, 1, 0.02);
	assert_near(c.form.ratio, 1, 0.02);
	pgo_comparison_fini(&c);
}

/*
 * By 0.1 where there is no noise; by less here, as the wrong edges, seen rarely, also make the
 * profile look noisier where it is the larger one.
 */
static void a_tenth_of_wrong_callers_lowers_both(void **state)
{
	struct program p = program();
	struct pgo_comparison c = compare(&p, 40000, 0.1, &p, 10000);

	(void)state;
	assert_near(c.edges.ratio, 0.945, 0.015);
	assert_near(c.form.ratio, 0.945, 0.015);
	assert_near(c.only_a, 0.1, 0.01);
	assert_true(c.only_b < 0.001);
	pgo_comparison_fini(&c);
	c = compare(&p, 4000, 0.1, &p, 16000);
	assert_near(c.edges.ratio, 0.93, 0.015);
	assert_near(c.form.ratio, 0.93, 0.015);
	pgo_comparison_fini(&c);
}

/* Every third callee hit three times as often: other shares, the same callers. */
static void form_is_blind_to_shares_of_callees(void **state)
{
	struct program p = program(), skewed = p;

	(void)state;
	for (int i = 0; i < CALLS; i++)
		skewed.share[i] *= i / CALLERS % 3 == 0 ? 3 : 1;
	normalize(&skewed);
	struct pgo_comparison c = compare(&skewed, 40000, 0, &p, 10000);
	assert_near(c.edges.ratio, 0.77, 0.02);
	assert_near(c.form.ratio, 1, 0.01);
	pgo_comparison_fini(&c);
}

static void lines_are_part_of_the_form(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *a = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *b = made_count_profile();

	(void)state;
	made_sample(a, made_location(a, "main.g", 11, 1), made_location(a, "main.f", 20, 2), 90);
	made_sample(b, made_location(b, "main.g", 11, 1), made_location(b, "main.f", 20, 2), 15);
	made_sample(b, made_location(b, "main.g", 11, 1), made_location(b, "main.f", 21, 2), 15);
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_a = made_edges(a), *of_b = made_edges(b);
	struct pgo_comparison c;
	assert_int_equal(pgo_compare(of_a, of_b, NULL, &c), 0);
	assert_near(c.form.overlap, 0.5, 1e-9);
	pgo_comparison_fini(&c);
}

/* Callees weigh as in B, and what A does not have counts as 0. */
static void form_is_weighted_by_the_reference(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *a = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *b = made_count_profile();

	(void)state;
	made_call(a, 1, 10);
	made_call(a, 3, 990);
	made_call(b, 1, 75);
	made_call(b, 2, 25);
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_a = made_edges(a), *of_b = made_edges(b);
	struct pgo_comparison c;
	assert_int_equal(pgo_compare(of_a, of_b, NULL, &c), 0);
	assert_near(c.form.overlap, 0.75, 1e-9);
	assert_near(c.edges.overlap, 0.01, 1e-9);
	assert_near(c.only_a, 0.99, 1e-9);
	assert_near(c.only_b, 0.25, 1e-9);
	pgo_comparison_fini(&c);
}

static void form_leaves_async_preempt_out(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *a = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *b = made_count_profile();

	(void)state;
	made_call(a, 1, 80);
	made_sample(a, made_location(a, "runtime.asyncPreempt", 11, 1),
		    made_location(a, "main.f", 12, 2), 20);
	made_call(b, 1, 50);
	made_sample(b, made_location(b, "runtime.asyncPreempt", 11, 1),
		    made_location(b, "main.f", 12, 2), 50);
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_a = made_edges(a), *of_b = made_edges(b);
	struct pgo_comparison c;
	assert_int_equal(pgo_compare(of_a, of_b, NULL, &c), 0);
	assert_near(c.form.overlap, 1, 1e-9);
	assert_near(c.edges.overlap, 0.7, 1e-9);
	pgo_comparison_fini(&c);
}

/* One sample shows one callee of four: it can reproduce a quarter of the larger's form. */
static void ceilings_keep_the_roles_of_both(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *one = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *many = made_count_profile();

	(void)state;
	made_call(one, 1, 1);
	for (unsigned int i = 1; i <= 4; i++)
		made_call(many, i, 1000);
	_cleanup_(pgo_edges_freep) struct pgo_edges *a = made_edges(one), *b = made_edges(many);
	struct pgo_comparison c;
	assert_int_equal(pgo_compare(a, b, NULL, &c), 0);
	assert_near(c.form.ceiling, 0.25, 0.01);
	pgo_comparison_fini(&c);
	assert_int_equal(pgo_compare(b, a, NULL, &c), 0);
	assert_near(c.form.ceiling, 1, 0.01);
	pgo_comparison_fini(&c);
}

/* What is in one only is dealt to both: the pool is taken for one program. */
static void the_pool_holds_both(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *a = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *b = made_count_profile();

	(void)state;
	made_call(a, 1, 1000);
	made_call(b, 2, 900);
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_a = made_edges(a), *of_b = made_edges(b);
	struct pgo_comparison c;
	assert_int_equal(pgo_compare(of_a, of_b, NULL, &c), 0);
	assert_near(c.edges.ceiling, 0.98, 0.015);
	assert_true(c.edges.overlap == 0);
	pgo_comparison_fini(&c);
	assert_int_equal(pgo_compare(of_b, of_a, NULL, &c), 0);
	assert_near(c.edges.ceiling, 0.98, 0.015);
	pgo_comparison_fini(&c);
}

static void same_seed_same_numbers(void **state)
{
	struct program p = program();
	_cleanup_(pgo_edges_freep) struct pgo_edges *a = sample_edges(&p, 6000, 0, 1);
	_cleanup_(pgo_edges_freep) struct pgo_edges *b = sample_edges(&p, 2000, 0, 2);
	struct pgo_compare_options seed_7 = { .seed = 7 }, seed_8 = { .seed = 8 };
	struct pgo_comparison one, two, other;

	(void)state;
	assert_int_equal(pgo_compare(a, b, &seed_7, &one), 0);
	assert_int_equal(pgo_compare(a, b, &seed_7, &two), 0);
	assert_int_equal(pgo_compare(a, b, &seed_8, &other), 0);
	assert_true(one.edges.ceiling == two.edges.ceiling);
	assert_true(one.form.ceiling == two.form.ceiling);
	assert_true(one.edges.ceiling != other.edges.ceiling);
	assert_near(one.edges.ceiling, other.edges.ceiling, 0.02);
	assert_int_equal(one.splits, PGO_SPLITS_DEFAULT);
	pgo_comparison_fini(&one);
	pgo_comparison_fini(&two);
	pgo_comparison_fini(&other);
}

/* The same profile as @counts, in nanoseconds at 499 Hz. */
static struct pprof_profile *in_nanoseconds(struct pprof_profile *counts)
{
	struct pprof_profile *p = made_profile("cpu", "nanoseconds");

	for (size_t i = 0; i < pprof_n_samples(counts); i++) {
		struct pprof_sample s = pprof_sample(counts, i);
		uint32_t stack[2];

		for (int j = 0; j < 2; j++) {
			struct pprof_location l = pprof_location(counts, s.locations[j]);
			struct pprof_function f = pprof_function(counts, l.lines[0].function);

			stack[j] = made_location(p, f.name, l.lines[0].line, l.address);
		}
		made_sample(p, stack[0], stack[1], s.values[0] * 2004008);
	}
	return p;
}

/* Only the shares of weight count, and for the ceiling the numbers of samples. */
static void check_nanoseconds(int n_a, int n_b)
{
	struct program p = program();
	_cleanup_(made_profile_freep) struct pprof_profile *counts = sample_program(&p, n_a, 0, 1);
	_cleanup_(made_profile_freep) struct pprof_profile *nanoseconds = in_nanoseconds(counts);
	_cleanup_(pgo_edges_freep) struct pgo_edges *a = made_edges(counts);
	_cleanup_(pgo_edges_freep) struct pgo_edges *also_a = made_edges(nanoseconds);
	_cleanup_(pgo_edges_freep) struct pgo_edges *b = sample_edges(&p, n_b, 0, 2);
	struct pgo_comparison one, two;

	assert_int_equal(also_a->samples, n_a);
	assert_int_equal(pgo_compare(a, b, NULL, &one), 0);
	assert_int_equal(pgo_compare(also_a, b, NULL, &two), 0);
	assert_near(one.edges.overlap, two.edges.overlap, 1e-9);
	assert_near(one.edges.ceiling, two.edges.ceiling, 1e-9);
	assert_near(one.form.ceiling, two.form.ceiling, 1e-9);
	pgo_comparison_fini(&one);
	pgo_comparison_fini(&two);
}

static void nanoseconds_compare_like_counts(void **state)
{
	(void)state;
	check_nanoseconds(6000, 2000);
	check_nanoseconds(3000, 2000);
}

/* Good–Turing against the truth: the weight, in the program, of the calls that were seen. */
static void coverage_is_near_the_truth(void **state)
{
	static const int sizes[] = { 300, 1000, 5000, 20000 };
	struct program p = program();

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		_cleanup_(pgo_edges_freep) struct pgo_edges *edges =
			sample_edges(&p, sizes[s], 0, 40 + s);
		double seen = 0;

		for (size_t i = 0; i < edges->n_edges; i++) {
			const char *caller = pgo_names_text(&edges->names, edges->edges[i].caller);
			const char *callee = pgo_names_text(&edges->names, edges->edges[i].callee);

			seen += p.share[atoi(callee + strlen("main.callee")) * CALLERS +
					atoi(caller + strlen("main.caller"))];
		}
		assert_near(pgo_coverage(edges, 1), seen, sizes[s] < 1000 ? 0.03 : 0.01);
	}
}

static void differences_come_largest_first(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *a = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *b = made_count_profile();

	(void)state;
	for (unsigned int i = 1; i <= 3; i++) {
		made_call(a, i, 10 * i);
		made_call(b, i, i == 3 ? 40 : 10);
	}
	_cleanup_(pgo_edges_freep) struct pgo_edges *of_a = made_edges(a), *of_b = made_edges(b);
	struct pgo_comparison c;
	assert_int_equal(pgo_compare(of_a, of_b, NULL, &c), 0);
	assert_int_equal(c.n_differences, 3);
	assert_string_equal(pgo_names_text(&c.names, c.differences[0].callee), "main.callee2");
	assert_near(c.differences[0].a, 20. / 60, 1e-12);
	assert_near(c.differences[0].b, 10. / 60, 1e-12);
	assert_int_equal(c.differences[2].offset, 1);
	assert_int_equal(c.hot_a, 3);
	assert_int_equal(c.hot_both, 3);
	pgo_comparison_fini(&c);
}

static void differences_of_profiles_are_not_compared(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();
	struct pgo_comparison c;

	(void)state;
	made_call(p, 1, 5);
	made_call(p, 2, -2);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	assert_int_equal(pgo_compare(edges, edges, NULL, &c), PGO_E_NEGATIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_alone_gives_a_ratio_of_one),
		cmocka_unit_test(twice_the_samples_are_enough_to_split),
		cmocka_unit_test(profiles_of_like_size_are_pooled),
		cmocka_unit_test(a_tenth_of_wrong_callers_lowers_both),
		cmocka_unit_test(form_is_blind_to_shares_of_callees),
		cmocka_unit_test(lines_are_part_of_the_form),
		cmocka_unit_test(form_is_weighted_by_the_reference),
		cmocka_unit_test(form_leaves_async_preempt_out),
		cmocka_unit_test(ceilings_keep_the_roles_of_both),
		cmocka_unit_test(the_pool_holds_both),
		cmocka_unit_test(same_seed_same_numbers),
		cmocka_unit_test(nanoseconds_compare_like_counts),
		cmocka_unit_test(coverage_is_near_the_truth),
		cmocka_unit_test(differences_come_largest_first),
		cmocka_unit_test(differences_of_profiles_are_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
