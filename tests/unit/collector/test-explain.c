/* SPDX-License-Identifier: Apache-2.0 */
/* What was written of a published profile is read back: a held or tagged one says the same. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/curate/explain.h"

#define NOW ((int64_t)1800000000 * 1000000000)

static void print(const struct curate_explain *e, struct buf *to)
{
	*to = (struct buf)BUF_INIT(1 << 20);
	assert_int_equal(curate_explain_json(e, NOW, to), 0);
	buf_append_u8(to, 0);
	to->size--;
	assert_int_equal(buf_error(to), 0);
}

/* One of each. */
static void set_quality(struct pgo_quality *q)
{
	*q = (struct pgo_quality){
		.verdict = PGO_FAIR,
		.samples = 1234,
		.coverage = 0.875,
		.edges = 30,
		.hot_edges = 20,
		.lost = 0.125,
		.truncated = 0.0625,
		.unsymbolized = 0.25,
		.start_lines = 0.5,
	};
	for (enum pgo_reason_kind kind = 0; kind < PGO_N_REASONS; kind++)
		q->reasons[q->n_reasons++] = (struct pgo_reason){ kind, 0.25 + kind, 0.5 + kind };
}

static void set(struct curate_explain *e)
{
	*e = (struct curate_explain){
		.name = "example.com/api",
		.package = "example.com/api",
		.etag = "\"0123\"",
		.policy = CURATE_POLICY_DEFAULT,
		.bytes = 77,
		.good = true,
		.why = "Fair.",
		.builds = { { .id = "b1",
			      .first = NOW - 5000000000,
			      .last = NOW,
			      .instances = 2,
			      .profiles = 3,
			      .cpu = 4000000000,
			      .samples = 5,
			      .factor = 0.5,
			      .fate = CURATE_TOO_MANY } },
		.n_builds = 1,
		.n_builds_used = 1,
		.modes = { { .name = "leader", .profiles = 3, .cpu = 1000000000, .used = true } },
		.n_modes = 1,
		.n_instances = 2,
		.n_profiles = 3,
		.cpu = 4000000000,
		.scale = 0.25,
		.first = NOW - 7000000000,
		.last = NOW - 1000000000,
		.left_out = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.edges = { { .caller = "main.main",
			     .callee = "main.f",
			     .offset = -3,
			     .share = 1 } },
		.n_edges = 1,
		.cold_functions = 1,
		.cold_share = 0.25,
		.published = { .time = NOW - 1000000000,
			       .overlap = 0.5,
			       .previous_etag = "\"0122\"",
			       .previous_time = NOW - 2000000000 },
	};
	set_quality(&e->quality);
}

static void read_back(void **state)
{
	_cleanup_(buf_fini) struct buf written = { 0 }, again = { 0 };
	struct curate_explain from, to;

	(void)state;
	set(&from);
	print(&from, &written);
	assert_int_equal(curate_explain_read(span_of(written.data, written.size), &to), 0);
	print(&to, &again);
	assert_string_equal((char *)again.data, (char *)written.data);
	assert_int_equal(to.quality.n_reasons, PGO_N_REASONS);
	for (size_t i = 0; i < PGO_N_REASONS; i++) {
		const struct pgo_reason *is = &to.quality.reasons[i];

		assert_int_equal(is->kind, from.quality.reasons[i].kind);
		assert_true(is->value == from.quality.reasons[i].value);
		assert_true(is->limit == from.quality.reasons[i].limit);
	}
}

static void what_it_does_not_know(void **state)
{
	static const char json[] = "{\"quality\": {\"details\": [{}, 7, {\"reason\": \"new\"},"
				   " {\"reason\": 1}, {\"reason\": \"samples\"}]}}";
	struct curate_explain e;

	(void)state;
	assert_int_equal(curate_explain_read(span_of(json, sizeof(json) - 1), &e), 0);
	assert_true(e.scale == 1);
	assert_int_equal(e.quality.n_reasons, 1);
	assert_int_equal(e.quality.reasons[0].kind, PGO_REASON_SAMPLES);
	assert_int_equal(curate_explain_read(span_of("[]", 2), &e), CURATE_EXPLAIN_E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_back),
		cmocka_unit_test(what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
