/* SPDX-License-Identifier: Apache-2.0 */
/* Many profiles to one: builds, comments, times. */
#include "tests/unit/pgo/made.h"

#include <string.h>

#include "cli/pull_blend.h"
#include "pgo/quality.h"

static struct pprof_profile *calls(unsigned int n, int64_t times, const char *comment)
{
	struct pprof_profile *p = made_count_profile();
	const struct pprof_header header = { .time_nanos = 1000 + n, .duration_nanos = 10 };

	for (unsigned int i = 0; i < n; i++)
		made_call(p, i, times);
	assert_int_equal(pprof_set_header(p, &header), 0);
	if (comment)
		assert_int_equal(pprof_add_comment(p, comment), 0);
	return p;
}

static void add(struct blend *b, const char *build, struct pprof_profile *p)
{
	assert_int_equal(blend_add(b, build, p), 0);
	pprof_free(p);
}

/* With the shipped list of cold functions. */
static int finish(struct blend *b, struct blend_result *r)
{
	struct cold_list *cold;
	size_t line;

	assert_int_equal(cold_new(span_of(NULL, 0), &cold, &line), 0);
	int e = blend_make(b, cold, r);
	cold_free(cold);
	return e;
}

static int64_t samples_of(const struct blend_result *r, struct pgo_notes *ret_notes)
{
	struct pprof_profile *p;
	struct pgo_quality q;

	assert_int_equal(pprof_decode(r->pprof.data, r->pprof.size, NULL, &p, NULL), 0);
	assert_int_equal(pgo_assess(p, &q, NULL), 0);
	pgo_notes_read(p, ret_notes);
	pprof_free(p);
	return q.samples;
}

static void all_are_added_up(void **state)
{
	struct blend b = BLEND_NULL;
	struct blend_result r = BLEND_RESULT_NULL;
	struct pgo_notes notes;

	(void)state;
	add(&b, "new", calls(3, 2, "hone: samples=6 lost=1 truncated=2 unsymbolized=0"));
	add(&b, "old", calls(5, 1, "hone: samples=5 lost=3 truncated=0 unsymbolized=1"));
	assert_int_equal(finish(&b, &r), 0);
	assert_int_equal(r.n_builds, 2);
	assert_int_equal(r.n_profiles, 2);
	assert_int_equal(r.until, 1015);
	assert_int_equal(samples_of(&r, &notes), 11);
	assert_int_equal(notes.samples, 11);
	assert_int_equal(notes.lost, 4);
	assert_int_equal(notes.truncated, 2);
	blend_result_fini(&r);
	blend_fini(&b);
}

/* By half with each older one; how often something was seen stays. */
static void older_builds_weigh_less(void **state)
{
	struct blend b = BLEND_NULL;
	struct blend_result r = BLEND_RESULT_NULL;
	struct pprof_profile *p;
	struct pgo_edges *edges;
	char name[2] = "a";

	(void)state;
	for (unsigned int i = 1; i <= BLEND_MAX_USED + 1; i++, name[0]++)
		add(&b, name, calls(i, 10, NULL));
	assert_int_equal(finish(&b, &r), 0);
	assert_int_equal(r.n_builds, BLEND_MAX_USED);
	assert_false(r.enough);
	assert_int_equal(pprof_decode(r.pprof.data, r.pprof.size, NULL, &p, NULL), 0);
	assert_int_equal(pgo_edges_new(p, &edges), 0);
	assert_int_equal(edges->n_edges, BLEND_MAX_USED);
	assert_int_equal(edges->samples, 150);
	for (size_t i = 0; i < edges->n_edges; i++) {
		const struct pgo_edge *e = &edges->edges[i];
		int n = pgo_names_text(&edges->names, e->callee)[strlen("main.callee")] - '0';
		/* Its own build's, and those of the older ones: 1/2^n and half of it, and so on. */
		int sixteenths = (32 >> n) - 1;

		assert_int_equal(e->weight * 31, edges->edges[0].weight * sixteenths);
	}
	pgo_edges_free(edges);
	pprof_free(p);
	blend_result_fini(&r);
	blend_fini(&b);
}

/* During a rollout the old build is the one that was seen last, as often as not. */
static void the_newest_build_appeared_last(void **state)
{
	static const char *const wanted[] = { "new", "old", "x" };
	struct blend b = BLEND_NULL;

	(void)state;
	add(&b, "x", calls(2, 1, NULL));
	add(&b, "old", calls(9, 1, NULL));
	add(&b, "new", calls(8, 1, NULL));
	add(&b, "old", calls(5, 1, NULL));
	blend_order(&b);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(b.builds[i].id, wanted[i]);
	assert_int_equal(b.builds[1].since, 1005);
	assert_int_equal(b.builds[1].until, 1019);
	blend_fini(&b);
}

static void older_builds_only_until_it_suffices(void **state)
{
	struct blend b = BLEND_NULL;
	struct blend_result r = BLEND_RESULT_NULL;
	struct pgo_notes notes;

	(void)state;
	add(&b, "new", calls(30, 1000, NULL));
	add(&b, "old", calls(40, 1000, NULL));
	add(&b, "new", calls(10, 1000, NULL));
	assert_int_equal(finish(&b, &r), 0);
	assert_int_equal(r.n_builds, 1);
	assert_true(r.enough);
	assert_int_equal(r.n_profiles, 2);
	assert_int_equal(r.until, 1040);
	assert_int_equal(samples_of(&r, &notes), 40000);
	blend_result_fini(&r);
	blend_fini(&b);
}

/* What the compiler is to inline as without a profile, in whatever build. */
static void cold_functions_are_not_called(void **state)
{
	struct blend b = BLEND_NULL;
	struct blend_result r = BLEND_RESULT_NULL;
	struct pprof_profile *p = calls(2, 1, NULL);
	struct pgo_edges *edges;
	size_t cold = 0;

	(void)state;
	made_sample(p, made_location(p, "runtime.gopark", 11, 0x200000),
		    made_location(p, "runtime.ReadTrace", 12, 0x2000), 5);
	add(&b, "new", calls(3, 2, NULL));
	add(&b, "old", p);
	assert_int_equal(finish(&b, &r), 0);
	assert_int_equal(pprof_decode(r.pprof.data, r.pprof.size, NULL, &p, NULL), 0);
	assert_int_equal(pgo_edges_new(p, &edges), 0);
	assert_int_equal(edges->n_edges, 4);
	for (size_t i = 0; i < edges->n_edges; i++) {
		const char *callee = pgo_names_text(&edges->names, edges->edges[i].callee);

		assert_string_not_equal(callee, "runtime.gopark");
		cold += !strcmp(callee, COLD_PREFIX "runtime.gopark");
	}
	assert_int_equal(cold, 1);
	pgo_edges_free(edges);
	pprof_free(p);
	blend_result_fini(&r);
	blend_fini(&b);
}

static void only_cpu_profiles_are_taken(void **state)
{
	struct blend b = BLEND_NULL;
	struct blend_result r = BLEND_RESULT_NULL;
	struct pprof_profile *heap = made_profile("inuse_space", "bytes");

	(void)state;
	made_call(heap, 1, 1);
	assert_int_equal(blend_add(&b, "", heap), BLEND_E_MALFORMED);
	pprof_free(heap);
	assert_int_equal(finish(&b, &r), BLEND_E_EMPTY);
	blend_result_fini(&r);
	blend_fini(&b);
}

static void builds_beyond_the_cap_are_counted(void **state)
{
	struct blend b = BLEND_NULL;
	char name[16];

	(void)state;
	for (int i = 0; i < BLEND_MAX_BUILDS + 3; i++) {
		snprintf(name, sizeof(name), "b%d", i);
		add(&b, name, calls(1, 1, NULL));
	}
	add(&b, "b0", calls(1, 1, NULL));
	assert_int_equal(b.n_builds, BLEND_MAX_BUILDS);
	assert_int_equal(b.left_out, 3);
	blend_fini(&b);
}

static void comments_tell_the_origin(void **state)
{
	struct pprof_profile *p = calls(1, 1, "hone: go=go1.26.8 main=x.com/a build-id=b/1");
	struct blend_origin origin;

	(void)state;
	assert_int_equal(pprof_add_comment(p, "main=other"), 0);
	assert_int_equal(pprof_add_comment(p, "hone: samples=1"), 0);
	blend_origin(p, &origin);
	assert_string_equal(origin.main_package, "x.com/a");
	assert_string_equal(origin.build, "b/1");
	pprof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_added_up),
		cmocka_unit_test(older_builds_weigh_less),
		cmocka_unit_test(the_newest_build_appeared_last),
		cmocka_unit_test(older_builds_only_until_it_suffices),
		cmocka_unit_test(cold_functions_are_not_called),
		cmocka_unit_test(only_cpu_profiles_are_taken),
		cmocka_unit_test(builds_beyond_the_cap_are_counted),
		cmocka_unit_test(comments_tell_the_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
