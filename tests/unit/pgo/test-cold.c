/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of cold functions are renamed, all others stay as they are, weights and order included. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/cold.h"
#include "pgo/edges.h"
#include "pgo/random.h"
#include "pgo/trim.h"

#define FUNCTIONS 40
#define SAMPLES	  300

static const char user[] = "# ours\nmain.f3\n  main.f2* # f2, f20 to f29\nmain.f9\n-main.f9\n";

/*
 * Stacks without recursion: the numbers of functions grow from the outermost on. Or with it: of
 * @few functions, so that most of them come more than once, in calls of one line and of several.
 */
static struct pprof_profile *make_of(uint64_t seed, unsigned int few)
{
	struct pgo_random rng;
	struct pprof_profile *p;
	char name[32];

	pgo_random_init(&rng, seed);
	assert_int_equal(trim_new(&p), 0);
	for (unsigned int i = 0; i < FUNCTIONS; i++) {
		snprintf(name, sizeof(name), i % 5 ? "main.f%u" : "main.f%u[go.shape.int]", i);
		const struct pprof_function f = { .name = name, .start_line = i * 10 + 1 };
		assert_int_equal(pprof_add_function(p, &f, NULL), 0);
	}
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint32_t stack[3], function = FUNCTIONS;
		size_t n = 1 + pgo_random_u64(&rng) % 3;
		bool one_address = few && i % 2;

		for (size_t k = 0; k < n; k++) {
			struct pprof_line lines[8];
			size_t n_lines = 1 + pgo_random_u64(&rng) % (few ? 8 : 3);

			for (size_t l = 0; l < n_lines; l++) {
				function = few ? pgo_random_u64(&rng) % few
					       : function - 1 - pgo_random_u64(&rng) % 4;
				lines[l] = (struct pprof_line){
					.function = function,
					.line = 1 + pgo_random_u64(&rng) % (few ? 2 : 9),
				};
			}
			const struct pprof_location l = { .mapping = PPROF_NONE,
							  .address = k && !one_address ? 2 : 1,
							  .lines = lines,
							  .n_lines = n_lines };
			assert_int_equal(pprof_add_location(p, &l, &stack[k]), 0);
		}
		const int64_t values[] = { 1 + pgo_random_u64(&rng) % 1000000, 1 };
		const struct pprof_sample s = { .locations = stack,
						.n_locations = n,
						.values = values };
		assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	}
	return p;
}

static struct pprof_profile *make(uint64_t seed)
{
	return make_of(seed, 0);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The edges as lines "caller callee offset weight", sorted; @plain: without the prefix. */
static size_t edges_of(struct pprof_profile *p, char **lines, bool plain, int64_t *ret_samples)
{
	struct pgo_edges *edges;
	size_t n;

	assert_int_equal(pgo_edges_new(p, &edges), 0);
	n = edges->n_edges;
	for (size_t i = 0; i < n; i++) {
		const struct pgo_edge *e = &edges->edges[i];
		const char *callee = pgo_names_text(&edges->names, e->callee);

		assert_true(strncmp(pgo_names_text(&edges->names, e->caller), "cold:", 5) != 0);
		if (plain && !strncmp(callee, "cold:", 5))
			callee += 5;
		assert_true(asprintf(&lines[i], "%s %s %lld %lld",
				     pgo_names_text(&edges->names, e->caller), callee,
				     (long long)e->offset, (long long)e->weight) > 0);
	}
	qsort(lines, n, sizeof(*lines), compare);
	*ret_samples = edges->samples;
	pgo_edges_free(edges);
	return n;
}

static struct cold_list *list(void)
{
	struct cold_list *l;
	size_t line;

	assert_int_equal(cold_new(span_of(user, sizeof(user) - 1), &l, &line), 0);
	return l;
}

static void names(void **state)
{
	struct cold_list *l = list();
	size_t line;

	(void)state;
	assert_true(cold_has(l, "runtime.gopark"));
	assert_true(cold_has(l, "google.golang.org/grpc/internal/transport.(*loopyWriter)."
				"processData"));
	assert_false(cold_has(l, "runtime.gopark_m"));
	assert_true(cold_has(l, "main.f3"));
	assert_true(cold_has(l, "main.f3[go.shape.int]"));
	assert_false(cold_has(l, "main.f30"));
	assert_true(cold_has(l, "main.f25"));
	assert_false(cold_has(l, "main.f9"));
	cold_free(l);
	assert_int_equal(cold_new(span_of("a\nb c\n", 6), &l, &line), COLD_E_WRONG);
	assert_int_equal(line, 2);
	assert_int_equal(cold_new(span_of("-\n", 2), &l, &line), COLD_E_WRONG);
	assert_int_equal(cold_new(span_of("*\n", 2), &l, &line), COLD_E_WRONG);
	assert_int_equal(cold_new(span_of("-runtime.gopark\n", 16), &l, &line), 0);
	assert_false(cold_has(l, "runtime.gopark"));
	cold_free(l);
}

static void only_those_calls(void **state)
{
	struct cold_list *l = list();

	(void)state;
	for (uint64_t seed = 1; seed < 60; seed++) {
		/* Of the first four functions, main.f2 and main.f3 are cold. */
		struct pprof_profile *before = make_of(seed, seed < 30 ? 0 : 3 + seed % 2), *after;
		static char *was[8 * SAMPLES], *is[8 * SAMPLES];
		struct cold_effect effect;
		struct pgo_edges *edges;
		int64_t samples_was, samples_is, weight = 0;

		assert_int_equal(cold_apply(l, before, &after, &effect), 0);
		assert_non_null(after);
		size_t n = edges_of(before, was, false, &samples_was);
		assert_int_equal(edges_of(after, is, true, &samples_is), n);
		for (size_t i = 0; i < n; i++) {
			assert_string_equal(was[i], is[i]);
			free(was[i]);
			free(is[i]);
		}
		assert_int_equal(samples_was, samples_is);
		assert_int_equal(pgo_edges_new(after, &edges), 0);
		for (size_t i = 0; i < edges->n_edges; i++) {
			const struct pgo_edge *e = &edges->edges[i];
			const char *callee = pgo_names_text(&edges->names, e->callee);

			assert_false(cold_has(l, callee));
			if (!strncmp(callee, "cold:", 5))
				weight += e->weight;
		}
		assert_int_equal(weight, effect.weight);
		pgo_edges_free(edges);
		pprof_free(before);
		pprof_free(after);
	}
	cold_free(l);
}

/* Of deeper stacks the outer part, which the compiler does not read, makes no calls. */
static void nothing_to_do(void **state)
{
	struct pprof_profile *p = make(1), *after;
	struct cold_effect effect;
	struct cold_list *l;
	size_t line;

	(void)state;
	assert_int_equal(cold_new(span_of("", 0), &l, &line), 0);
	assert_int_equal(cold_apply(l, p, &after, &effect), 0);
	assert_null(after);
	assert_int_equal(effect.weight, 0);
	cold_free(l);
	pprof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(only_those_calls),
		cmocka_unit_test(nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
