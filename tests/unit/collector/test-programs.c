/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages are made of, from a depot: builds, hours, and the tree of CPU time. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/depot/programs.h"
#include "collector/query/cpu.h"
#include "tests/unit/collector/place.h"

#define SECOND ((int64_t)NSEC_PER_SEC)
#define NOW    (1000 * DEPOT_DAY + 13 * DEPOT_HOUR)

struct fixture {
	struct place place;
	struct query *query;
	uint8_t keys;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	place_init(&f->place, "programs");
	place_open(&f->place, f->place.data);
	assert_int_equal(query_new(f->place.depot, &f->query), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	query_free(f->query);
	place_fini(&f->place);
	free(f);
	return 0;
}

/* ---- profiles ---------------------------------------------------------------------------- */

/* main.main calls @leaf for @cpu ns. */
static void make(const char *leaf, int64_t cpu, uint8_t **ret_data, size_t *ret_size)
{
	const struct pprof_value_type type = { "cpu", "nanoseconds" };
	const struct pprof_header header = { .period_type = type, .period = 1 };
	const char *const names[] = { leaf, "main.main" };
	struct pprof_profile *p;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_sample_type(p, &type), 0);
	for (uint32_t i = 0; i < 2; i++) {
		const struct pprof_function fn = { .name = names[i], .start_line = 1 };
		const struct pprof_line line = { .function = i, .line = 2 };
		const struct pprof_location l = {
			.mapping = PPROF_NONE, .address = i + 1, .lines = &line, .n_lines = 1
		};
		assert_int_equal(pprof_add_function(p, &fn, NULL), 0);
		assert_int_equal(pprof_add_location(p, &l, NULL), 0);
	}
	const struct pprof_sample s = { .locations = (const uint32_t[]){ 0, 1 },
					.n_locations = 2,
					.values = &cpu };
	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
	assert_int_equal(pprof_encode(p, PPROF_GZIP, ret_data, ret_size), 0);
	pprof_free(p);
}

struct pushed {
	const char *tenant, *service, *package, *build, *pod, *pgo;
	int64_t start, cpu;
};

static void push(struct fixture *f, const struct pushed *x)
{
	const struct depot_label labels[] = { { "pgo", x->pgo },
					      { "pod", x->pod },
					      { "service_name", x->service } };
	const struct depot_type type = { "cpu:nanoseconds:cpu:nanoseconds", x->cpu };
	struct depot_profile row = { .key = { ++f->keys },
				     .tenant = x->tenant,
				     .labels = labels,
				     .n_labels = ARRAY_SIZE(labels),
				     .types = &type,
				     .n_types = 1,
				     .service = x->service,
				     .package = x->package,
				     .build = x->build,
				     .start = x->start,
				     .duration = SECOND,
				     .samples = 1,
				     .cpu = true };
	char leaf[32];
	uint8_t *data;
	size_t added;

	snprintf(leaf, sizeof(leaf), "main.%s", x->build);
	make(leaf, x->cpu, &data, &row.pprof.size);
	row.pprof.data = data;
	assert_int_equal(depot_add(f->place.depot, &row, 1, &added), 0);
	assert_int_equal(added, 1);
	free(data);
}

static void fill(struct fixture *f)
{
	static const struct pushed all[] = {
		{ "t", "api", "x/api", "b1", "p1", "off", NOW - 3 * DEPOT_HOUR, 100 },
		{ "t", "api", "x/api", "b1", "p2", "off", NOW - 3 * DEPOT_HOUR, 50 },
		{ "t", "api", "x/api", "b2", "p1", "a.pgo", NOW - DEPOT_HOUR, 200 },
		{ "t", "db", "x/db", "b3", "p1", "off", NOW - DEPOT_HOUR, INT64_MAX },
		{ "t", "db", "x/db", "b3", "p1", "off", NOW - DEPOT_HOUR + 1, INT64_MAX },
		{ "other", "secret", "x/secret", "b4", "p1", "off", NOW - DEPOT_HOUR, 1 },
		{ "t", "old", "x/old", "b5", "p1", "off", NOW - 100 * DEPOT_DAY, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		push(f, &all[i]);
}

/* ---- what runs --------------------------------------------------------------------------- */

static struct depot_programs list(struct fixture *f, const char *name)
{
	struct depot_programs l = DEPOT_PROGRAMS_NULL;
	struct depot_reader *r;

	assert_int_equal(depot_reader_open(f->place.depot, &r), 0);
	assert_int_equal(depot_list_programs(r, "t", name, NOW - DEPOT_DAY, &l), 0);
	depot_reader_close(r);
	return l;
}

static void test_list(void **state)
{
	struct fixture *f = *state;

	fill(f);
	struct depot_programs l = list(f, NULL);
	/* Of this tenant and window; the build seen last is first. */
	assert_int_equal(l.n, 3);
	assert_false(l.more);
	assert_string_equal(depot_programs_text(&l, l.rows[0].service), "api");
	assert_string_equal(depot_programs_text(&l, l.rows[0].build), "b2");
	assert_string_equal(depot_programs_text(&l, l.rows[0].pgo), "a.pgo");
	assert_string_equal(depot_programs_text(&l, l.rows[1].package), "x/api");
	assert_string_equal(depot_programs_text(&l, l.rows[1].build), "b1");
	assert_string_equal(depot_programs_text(&l, l.rows[1].version), "");
	assert_int_equal(l.rows[1].profiles, 2);
	assert_int_equal(l.rows[1].instances, 2);
	assert_int_equal(l.rows[1].cpu, 150);
	assert_int_equal(l.rows[1].first, NOW - 3 * DEPOT_HOUR);
	assert_int_equal(l.rows[1].last, NOW - 3 * DEPOT_HOUR + SECOND);
	/* Sums beyond the end of numbers stay there. */
	assert_true(l.rows[2].cpu == INT64_MAX);
	depot_programs_fini(&l);
}

static void test_list_by_name(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name;
		size_t n;
	} cases[] = { { "api", 2 }, { "x/api", 2 }, { "x/db", 1 }, { "secret", 0 }, { "", 0 } };

	fill(f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct depot_programs l = list(f, cases[i].name);

		assert_int_equal(l.n, cases[i].n);
		depot_programs_fini(&l);
	}
}

static void add_hour(void *context, const struct depot_hour *h)
{
	struct depot_hour *all = context;
	int64_t at = (NOW - h->start) / DEPOT_HOUR;

	assert_true(at >= 0 && at < 24);
	all[at] = *h;
}

static void test_hours(void **state)
{
	struct fixture *f = *state;
	struct depot_hour all[24] = { 0 };
	struct depot_reader *r;

	fill(f);
	assert_int_equal(depot_reader_open(f->place.depot, &r), 0);
	assert_int_equal(depot_each_hour(r, "t", NOW - DEPOT_DAY + 1, add_hour, all), 0);
	depot_reader_close(r);
	assert_int_equal(all[3].profiles, 2);
	assert_int_equal(all[3].cpu, 150);
	assert_int_equal(all[3].instances, 2);
	assert_true(all[3].bytes > 0);
	assert_int_equal(all[1].profiles, 3);
	assert_int_equal(all[2].profiles, 0);
}

/* ---- CPU time ---------------------------------------------------------------------------- */

static const struct cpu_request api = {
	.tenant = "t",
	.name = "api",
	.sides = { { "", NOW - DEPOT_DAY, INT64_MAX }, { "b1", NOW - DEPOT_DAY, INT64_MAX } },
	.n_sides = 2,
	.max_nodes = 100,
	.now = NOW,
	.deadline = UINT64_MAX,
	.patience = 3600 * NSEC_PER_SEC,
};

static int ask(struct fixture *f, const struct cpu_request *q, struct cpu_answer *ret)
{
	struct refusal why;

	*ret = (struct cpu_answer)CPU_ANSWER_NULL;
	return query_cpu(f->query, q, ret, &why);
}

static void test_cpu(void **state)
{
	struct fixture *f = *state;
	struct cpu_request q = api;
	struct cpu_answer a;

	fill(f);
	assert_int_equal(ask(f, &q, &a), 0);
	assert_int_equal(a.tree.nodes[0].total[0], 350);
	assert_int_equal(a.tree.nodes[0].total[1], 150);
	assert_int_equal(a.profiles[0], 3);
	assert_int_equal(a.profiles[1], 2);
	assert_int_equal(a.skipped[0], 0);
	assert_int_equal(a.nodes, 4); /* the root, main.main, main.b1, main.b2 */
	cpu_answer_fini(&a);

	q.max_nodes = 1;
	assert_int_equal(ask(f, &q, &a), 0);
	assert_int_equal(a.nodes, 4);
	assert_int_equal(a.tree.nodes[0].total[0], 350);
	cpu_answer_fini(&a);

	q.tenant = "other";
	assert_int_equal(ask(f, &q, &a), 0);
	assert_int_equal(a.tree.nodes[0].total[0], 0);
	cpu_answer_fini(&a);

	q = api;
	q.deadline = 0;
	assert_int_equal(ask(f, &q, &a), INGEST_E_REFUSED);
	cpu_answer_fini(&a);
}

/* With no time at all one of each side is looked at, the others are counted. */
static void test_impatient(void **state)
{
	struct fixture *f = *state;
	struct cpu_request q = api;
	struct cpu_answer a;

	fill(f);
	q.patience = 0;
	assert_int_equal(ask(f, &q, &a), 0);
	assert_int_equal(a.profiles[0], 1);
	assert_int_equal(a.skipped[0], 2);
	assert_int_equal(a.profiles[1], 1);
	assert_int_equal(a.skipped[1], 1);
	cpu_answer_fini(&a);
}

/* However many there are, none is added twice or left out. */
static void test_each_once(void **state)
{
	struct fixture *f = *state;
	struct cpu_request q = api;
	struct cpu_answer a;

	q.n_sides = 1;
	for (int64_t n = 0; n <= 40; n++) {
		assert_int_equal(ask(f, &q, &a), 0);
		assert_int_equal(a.profiles[0], n);
		assert_true(a.tree.nodes[0].total[0] == ((int64_t)1 << n) - 1);
		cpu_answer_fini(&a);
		const struct pushed one = { "t",
					    "api",
					    "x/api",
					    "b1",
					    "p1",
					    "off",
					    NOW - DEPOT_HOUR + n,
					    (int64_t)1 << n };
		push(f, &one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cpu, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_impatient, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_each_once, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}
