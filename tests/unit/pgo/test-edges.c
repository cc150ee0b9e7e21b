/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What golden/pgo/edges cannot see from outside: counts, tips, the limit on paths. That the edges
 * themselves are the compiler's is proved there.
 */
#include "tests/unit/pgo/made.h"

#include <string.h>

#include "pgo/hotset.h"

static void edges_print_as_preprofile_prints_them(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();
	_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

	(void)state;
	made_call(p, 2, 3);
	made_call(p, 1, 3);
	made_call(p, 3, 7);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	pgo_edges_print(edges, &text);
	buf_append_u8(&text, 0);
	assert_string_equal((const char *)text.data, "GO PREPROFILE V1\n"
						     "main.caller\nmain.callee3\n3 7\n"
						     "main.caller\nmain.callee1\n1 3\n"
						     "main.caller\nmain.callee2\n2 3\n");
	assert_int_equal(edges->total, 13);
	assert_int_equal(edges->samples, 13);
	text.size = 0;
	pgo_edges_print(NULL, &text);
	assert_int_equal(text.size, strlen("GO PREPROFILE V1\n"));
}

static void samples_fold_into_tips(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();
	uint32_t leaf = made_location(p, "main.leaf", 11, 1);
	uint32_t caller = made_location(p, "main.caller", 12, 2);
	uint32_t roots[] = { made_location(p, "main.a", 13, 3), made_location(p, "main.b", 14, 4) };
	int64_t value = 4;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		uint32_t stack[] = { leaf, caller, roots[i] };
		struct pprof_sample s = { .locations = stack, .n_locations = 3, .values = &value };

		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
	made_sample(p, caller, PPROF_NONE, 5);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	assert_int_equal(edges->n_tips, 2);
	assert_int_equal(edges->tips[0].count, 8);
	assert_int_equal(edges->tips[0].n, 1);
	assert_int_equal(edges->edges[edges->tip_edges[edges->tips[0].first]].weight, 8);
	assert_int_equal(edges->tips[1].n, 0);
	assert_int_equal(edges->samples, 13);
}

static void tips_find_their_edges_after_sorting(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		made_call(p, i, 1 + i * 37 % 100);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	for (size_t i = 0; i < edges->n_tips; i++) {
		const struct pgo_edge *e = &edges->edges[edges->tip_edges[edges->tips[i].first]];

		assert_int_equal(edges->tips[i].n, 1);
		assert_int_equal(e->weight, edges->tips[i].weight);
		assert_int_equal(e->weight, 1 + e->offset * 37 % 100);
	}
}

static void nanoseconds_are_counted_in_periods(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_profile("cpu", "nanoseconds");
	struct pprof_header header = { .period_type = { "cpu", "nanoseconds" },
				       .period = 10000000 };

	(void)state;
	assert_int_equal(pprof_set_header(p, &header), 0);
	made_call(p, 1, 30000000);
	made_call(p, 2, 9900000);
	made_call(p, 3, 14900000);
	made_call(p, 4, 15100000);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	assert_int_equal(edges->edges[0].count, 3);
	assert_int_equal(edges->edges[1].count, 2);
	assert_int_equal(edges->edges[2].count, 1);
	assert_int_equal(edges->edges[3].count, 1);
	assert_int_equal(edges->edges[0].weight, 30000000);
	assert_int_equal(edges->samples, 7);
}

static void nanoseconds_without_period_are_counted_by_the_smallest(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_profile("cpu", "nanoseconds");

	(void)state;
	made_call(p, 1, 20);
	made_call(p, 2, 5);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	assert_int_equal(edges->samples, 5);
}

/* The compiler takes the first type of use; how often something was sampled, samples/count tells.
 */
static void counts_come_from_the_count_type(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_profile("cpu", "nanoseconds");
	struct pprof_value_type second = { "samples", "count" };
	uint32_t stack[] = { made_location(p, "main.g", 11, 1), made_location(p, "main.f", 12, 2) };
	int64_t values[] = { 1000, 7 };
	struct pprof_sample s = { .locations = stack, .n_locations = 2, .values = values };

	(void)state;
	assert_int_equal(pprof_add_sample_type(p, &second), 0);
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	assert_int_equal(edges->edges[0].weight, 1000);
	assert_int_equal(edges->edges[0].count, 7);
}

/* Two locations of many lines, and few more samples than locations: paths longer than any file. */
static void paths_beyond_reason_are_refused(void **state)
{
	enum { LINES = 60000, LOCATIONS = 20 };
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();
	_cleanup_(freep) struct pprof_line *lines = calloc(LINES, sizeof(*lines));
	uint32_t function = made_function(p, "main.f", 10), numbers[LOCATIONS];
	struct pgo_edges *edges = NULL;

	(void)state;
	for (int i = 0; i < LINES; i++)
		lines[i] = (struct pprof_line){ .function = function, .line = i };
	for (int i = 0; i < LOCATIONS; i++) {
		struct pprof_location l = {
			.mapping = PPROF_NONE,
			.address = i,
			.lines = lines,
			.n_lines = LINES,
		};
		assert_int_equal(pprof_add_location(p, &l, &numbers[i]), 0);
	}
	for (int i = 0; i < LOCATIONS; i++)
		for (int j = 0; j < LOCATIONS; j++)
			made_sample(p, numbers[i], numbers[j], 1);
	assert_int_equal(pgo_edges_new(p, &edges), PGO_E_TOO_LARGE);
	assert_null(edges);
}

/* ---- hot set and coverage ---------------------------------------------------------------- */

static size_t hot_of(const int64_t *weights, size_t n)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();

	for (size_t i = 0; i < n; i++)
		made_call(p, i, weights[i]);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	return pgo_hot_edges(edges);
}

/* hotNodesFromCDF: up to and with the edge that takes the sum *over* 99 %. */
static void the_hot_set_ends_where_the_compilers_does(void **state)
{
	(void)state;
	assert_int_equal(hot_of((int64_t[]){ 1000 }, 1), 1);
	assert_int_equal(hot_of((int64_t[]){ 991, 9 }, 2), 1);	  /* 99.1 */
	assert_int_equal(hot_of((int64_t[]){ 990, 10 }, 2), 2);	  /* 99.0 is not over */
	assert_int_equal(hot_of((int64_t[]){ 990, 5, 5 }, 3), 2); /* of a tie, the first by name */
	assert_int_equal(hot_of((int64_t[]){ 1, 1, 1, 1 }, 4), 4);
}

static void coverage_is_good_turings(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();

	(void)state;
	made_call(p, 1, 6);
	made_call(p, 2, 2);
	made_call(p, 3, 1);
	made_call(p, 4, 1);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	assert_true(pgo_coverage(edges, 1) > 0.7999 && pgo_coverage(edges, 1) < 0.8001);
}

static double coverage_of(const int64_t *counts, size_t n, uint64_t max_weight)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();

	for (size_t i = 0; i < n; i++)
		made_call(p, (unsigned int)i, counts[i]);
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = made_edges(p);
	return pgo_coverage(edges, max_weight);
}

/* What one sample stands for hides that it was one: the counts of the test above, times eight. */
static void coverage_of_thinned_samples_is_the_same(void **state)
{
	(void)state;
	assert_float_equal(coverage_of((int64_t[]){ 48, 16, 8, 8 }, 4, 8), 0.8, 1e-9);
	assert_float_equal(coverage_of((int64_t[]){ 48, 16, 8, 8 }, 4, 1), 1, 1e-9);
	/* of mixed weights, all that one sample may have shown, and no others */
	assert_float_equal(coverage_of((int64_t[]){ 80, 12, 4, 3, 1 }, 5, 8), 0.95, 1e-9);
	assert_float_equal(coverage_of((int64_t[]){ 80, 12, 4, 3, 1 }, 5, 2), 0.99, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coverage_of_thinned_samples_is_the_same),
		cmocka_unit_test(edges_print_as_preprofile_prints_them),
		cmocka_unit_test(samples_fold_into_tips),
		cmocka_unit_test(tips_find_their_edges_after_sorting),
		cmocka_unit_test(nanoseconds_are_counted_in_periods),
		cmocka_unit_test(nanoseconds_without_period_are_counted_by_the_smallest),
		cmocka_unit_test(counts_come_from_the_count_type),
		cmocka_unit_test(paths_beyond_reason_are_refused),
		cmocka_unit_test(the_hot_set_ends_where_the_compilers_does),
		cmocka_unit_test(coverage_is_good_turings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
