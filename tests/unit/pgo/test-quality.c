/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/pgo/made.h"

#include <string.h>

#include "pgo/quality.h"

static struct pgo_quality assess(struct pprof_profile *p)
{
	struct pgo_quality q;

	assert_int_equal(pgo_assess(p, &q, NULL), 0);
	return q;
}

static bool has_reason(const struct pgo_quality *q, enum pgo_reason_kind kind)
{
	for (size_t i = 0; i < q->n_reasons; i++)
		if (q->reasons[i].kind == kind)
			return true;
	return false;
}

/* main.caller with main.inlined inlined, calling main.callee: so that inlining is seen. */
static void add_inlined(struct pprof_profile *p, int64_t value)
{
	struct pprof_line lines[] = {
		{ .function = made_function(p, "main.inlined", 10), .line = 11 },
		{ .function = made_function(p, "main.caller", 10), .line = 12 },
	};
	struct pprof_location l = {
		.mapping = PPROF_NONE,
		.address = 0x77,
		.lines = lines,
		.n_lines = 2,
	};
	uint32_t number;

	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	made_sample(p, made_location(p, "main.callee", 11, 0x78), number, value);
}

/* @calls edges seen @times each and @once seen once. */
static struct pprof_profile *made_spread(unsigned int calls, int64_t times, unsigned int once)
{
	struct pprof_profile *p = made_count_profile();

	add_inlined(p, times);
	for (unsigned int i = 0; i < calls + once; i++)
		made_call(p, i, i < calls ? times : 1);
	return p;
}

static struct pgo_quality spread(unsigned int calls, int64_t times, unsigned int once)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_spread(calls, times, once);

	return assess(p);
}

static void verdicts_follow_samples_and_coverage(void **state)
{
	struct pgo_quality q = spread(9, 50, 0);

	(void)state;
	assert_int_equal(q.verdict, PGO_THIN); /* 500 samples */
	assert_true(has_reason(&q, PGO_REASON_SAMPLES));
	q = spread(99, 20, 1500);
	assert_int_equal(q.verdict, PGO_THIN); /* 3 500 samples, coverage under 0.6 */
	assert_true(has_reason(&q, PGO_REASON_COVERAGE));
	assert_false(q.enough);
	q = spread(99, 50, 500);
	assert_int_equal(q.verdict, PGO_FAIR); /* 5 500 samples, 0.91 */
	assert_true(has_reason(&q, PGO_REASON_SAMPLES) && has_reason(&q, PGO_REASON_COVERAGE));
	q = spread(99, 180, 900);
	assert_int_equal(q.verdict, PGO_FAIR); /* 18 900 samples, 0.953 */
	assert_int_equal(q.n_reasons, 0);
	q = spread(99, 230, 1100);
	assert_int_equal(q.verdict, PGO_GOOD); /* 24 100 samples, 0.955 */
	q = spread(99, 50, 50);
	assert_int_equal(q.verdict, PGO_GOOD); /* 5 050 samples, 0.99 */
	assert_true(q.enough);
	assert_int_equal(q.n_reasons, 0);
}

static void measures_are_those_of_the_edges(void **state)
{
	struct pgo_quality q = spread(9, 50, 5);

	(void)state;
	assert_int_equal(q.samples, 505);
	assert_int_equal(q.edges, 16); /* with main.caller > main.inlined > main.callee */
	assert_int_equal(q.weight, 555);
	assert_int_equal(q.tips, 15);
	assert_int_equal(q.hot_edges, 11);
	assert_true(q.start_lines == 1);
	assert_true(q.inlined > 0.098 && q.inlined < 0.1);
	assert_false(q.notes_known);
}

static void refusals_are_the_compilers(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *empty = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *heap = made_profile("space", "bytes");
	_cleanup_(made_profile_freep) struct pprof_profile *zero = made_count_profile();
	_cleanup_(made_profile_freep) struct pprof_profile *flat = made_count_profile();

	(void)state;
	assert_int_equal(assess(empty).outcome, PGO_E_EMPTY);
	assert_int_equal(assess(empty).verdict, PGO_REFUSED);
	made_call(heap, 1, 1);
	assert_int_equal(assess(heap).outcome, PGO_E_NO_SAMPLE_TYPE);
	made_call(zero, 1, 0);
	assert_int_equal(assess(zero).outcome, PGO_E_ALL_ZERO);
	made_sample(flat, made_location(flat, "main.f", 11, 1), PPROF_NONE, 9);
	assert_int_equal(assess(flat).outcome, PGO_E_NO_EDGES);
	assert_int_equal(assess(flat).samples, 1);
	assert_false(pgo_outcome_fails_build(PGO_E_EMPTY));
	assert_false(pgo_outcome_fails_build(PGO_E_NO_EDGES));
	assert_true(pgo_outcome_fails_build(PGO_E_NO_SAMPLE_TYPE));
	assert_true(pgo_outcome_fails_build(PGO_E_ALL_ZERO));
}

static void calls_without_start_lines_are_refused(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();
	struct pprof_line caller = { .function = made_function(p, "main.caller", 0), .line = 12 };
	struct pprof_line callee = { .function = made_function(p, "main.callee", 0), .line = 22 };
	struct pprof_location locations[] = {
		{ .mapping = PPROF_NONE, .address = 1, .lines = &callee, .n_lines = 1 },
		{ .mapping = PPROF_NONE, .address = 2, .lines = &caller, .n_lines = 1 },
	};
	uint32_t numbers[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pprof_add_location(p, &locations[i], &numbers[i]), 0);
	made_sample(p, numbers[0], numbers[1], 5);
	assert_int_equal(assess(p).outcome, PGO_E_NO_START_LINES);
	assert_true(pgo_outcome_fails_build(PGO_E_NO_START_LINES));
}

static void calls_without_names_are_refused(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();

	(void)state;
	made_sample(p, made_location(p, "", 0, 1), made_location(p, "main.f", 11, 2), 2000);
	assert_int_equal(assess(p).outcome, PGO_E_NO_NAMES);
	made_call(p, 1, 2000);
	struct pgo_quality q = assess(p);
	assert_int_equal(q.outcome, 0);
	assert_true(q.unsymbolized == 0.5);
	assert_true(has_reason(&q, PGO_REASON_UNSYMBOLIZED));
}

/* Each takes "good" away, and is the only reason given. */
static void flaws_take_good_away(void **state)
{
	struct pprof_profile *p;
	struct pgo_quality q;

	(void)state;
	p = made_spread(99, 50, 50);
	assert_int_equal(pprof_add_comment(p, "hone: samples=1000 lost=20 truncated=40"), 0);
	q = assess(p);
	assert_int_equal(q.verdict, PGO_FAIR);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_BROKEN);
	assert_true(q.enough);
	pprof_free(p);

	p = made_spread(99, 50, 50);
	made_sample(p, made_location(p, "main.F[...]", 11, 1), made_location(p, "main.f", 11, 2),
		    300);
	q = assess(p);
	assert_int_equal(q.verdict, PGO_FAIR);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_GENERICS_CUT);
	pprof_free(p);

	p = made_spread(99, 50, 50);
	made_sample(p, made_location(p, "main.g", 11, 1), made_location(p, "main.F[...]", 11, 2),
		    300);
	q = assess(p);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_GENERICS_CUT);
	pprof_free(p);

	p = made_spread(99, 50, 50);
	assert_int_equal(pprof_add_comment(p, "hone: samples=5050 unsymbolized=200"), 0);
	q = assess(p);
	assert_int_equal(q.verdict, PGO_FAIR);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_UNSYMBOLIZED);
	pprof_free(p);

	p = made_count_profile();
	for (unsigned int i = 0; i < 100; i++)
		made_call(p, i, 50);
	q = assess(p);
	assert_int_equal(q.verdict, PGO_FAIR);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_NO_INLINING);
	pprof_free(p);
}

static void callers_without_start_line_are_a_flaw(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_spread(99, 50, 50);
	struct pprof_line line = { .function = made_function(p, "main.f", 0), .line = 3 };
	struct pprof_location l = { .mapping = PPROF_NONE, .lines = &line, .n_lines = 1 };
	uint32_t number;

	(void)state;
	assert_int_equal(pprof_add_location(p, &l, &number), 0);
	made_sample(p, made_location(p, "main.g", 11, 1), number, 300);
	struct pgo_quality q = assess(p);
	assert_int_equal(q.verdict, PGO_FAIR);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_START_LINES);
	assert_true(q.start_lines > 0.94 && q.start_lines < 0.95);
}

static void remarks_leave_good_alone(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_spread(99, 50, 50);

	(void)state;
	made_sample(p, made_location(p, "main.hot", 11, 1), made_location(p, "main.f", 11, 2),
		    20000);
	made_sample(p, made_location(p, "main.root", 11, 3), PPROF_NONE, 20000);
	struct pgo_quality q = assess(p);
	assert_int_equal(q.verdict, PGO_GOOD);
	assert_int_equal(q.n_reasons, 2);
	assert_int_equal(q.reasons[0].kind, PGO_REASON_TOP_EDGE);
	assert_int_equal(q.reasons[1].kind, PGO_REASON_CALLERLESS);
}

/* ---- notes ------------------------------------------------------------------------------- */

static struct pgo_notes notes_of(const char *comment, const char *other)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_count_profile();
	struct pgo_notes notes;

	assert_int_equal(pprof_add_comment(p, comment), 0);
	assert_int_equal(pprof_add_comment(p, other), 0);
	pgo_notes_read(p, &notes);
	return notes;
}

static void notes_are_read_back(void **state)
{
	struct pgo_notes notes = { .samples = 19240, .lost = 7, .truncated = 3, .unsymbolized = 1 };
	_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

	(void)state;
	pgo_notes_print(&notes, &text);
	buf_append_u8(&text, 0);
	assert_string_equal((const char *)text.data,
			    "hone: samples=19240 lost=7 truncated=3 unsymbolized=1");
	notes = notes_of((const char *)text.data, "hone: samples=60 lost=1 more=9 truncated=2");
	assert_true(notes.known);
	assert_int_equal(notes.samples, 19300);
	assert_int_equal(notes.lost, 8);
	assert_int_equal(notes.truncated, 5);
	assert_int_equal(notes.unsymbolized, 1);
}

static void strange_notes_are_passed_over(void **state)
{
	struct pgo_notes notes = notes_of("hone samples=5", "Hone: samples=5");

	(void)state;
	assert_false(notes.known);
	notes = notes_of("hone: samples=-5 lost=0x7 truncated=", "hone:   =  samples lost==1 x");
	assert_false(notes.known);
	assert_int_equal(notes.samples + notes.lost + notes.truncated, 0);
	notes = notes_of("hone: lost=99999999999999999999", "hone: lost=18446744073709551615");
	assert_true(notes.lost == UINT64_MAX);
	notes = notes_of("hone: lost=2", "hone: lost=18446744073709551615");
	assert_true(notes.lost == UINT64_MAX);
}

/* 3 000 samples that stand for 24 000 are no more than 3 000. */
static void thinned_samples_are_judged_by_their_number(void **state)
{
	_cleanup_(made_profile_freep) struct pprof_profile *p = made_spread(99, 230, 1100);
	struct pgo_quality q = assess(p);

	(void)state;
	assert_int_equal(q.taken, q.samples);
	assert_int_equal(q.verdict, PGO_GOOD);
	assert_int_equal(pprof_add_comment(p, "hone: samples=24000 taken=3000 max-weight=8"), 0);
	q = assess(p);
	assert_int_equal(q.samples, 100 * 230 + 1100);
	assert_int_equal(q.taken, q.samples / 8);
	assert_int_equal(q.verdict, PGO_FAIR);
	assert_true(has_reason(&q, PGO_REASON_SAMPLES));
}

static void notes_without_weights_are_of_whole_samples(void **state)
{
	struct pgo_notes notes =
		notes_of("hone: samples=800 taken=100 max-weight=16", "hone: samples=60 lost=1");

	(void)state;
	assert_int_equal(notes.taken, 160);
	assert_int_equal(notes.max_weight, 16);
}

/* ---- words ------------------------------------------------------------------------------- */

static void every_verdict_and_reason_has_words(void **state)
{
	(void)state;
	for (int kind = 0; kind < PGO_N_REASONS; kind++) {
		struct pgo_reason reason = { .kind = kind, .value = 0.5, .limit = 0.25 };
		_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

		assert_non_null(pgo_reason_name(kind));
		pgo_reason_print(&reason, &text);
		assert_true(text.size > 20 && text.data[text.size - 1] != '.');
	}
	for (int outcome = 0; outcome <= PGO_E_NO_NAMES; outcome++) {
		struct pgo_quality q = { .verdict = PGO_REFUSED, .outcome = outcome };
		_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

		pgo_quality_print(&q, &text);
		buf_append_u8(&text, 0);
		assert_non_null(strstr((const char *)text.data, pgo_outcome_fails_build(outcome)
									? "rejects"
									: "would do nothing"));
		assert_non_null(strstr((const char *)text.data, pgo_outcome_text(outcome)));
	}
	assert_string_equal(pgo_verdict_name(PGO_GOOD), "good");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_follow_samples_and_coverage),
		cmocka_unit_test(measures_are_those_of_the_edges),
		cmocka_unit_test(refusals_are_the_compilers),
		cmocka_unit_test(calls_without_start_lines_are_refused),
		cmocka_unit_test(calls_without_names_are_refused),
		cmocka_unit_test(flaws_take_good_away),
		cmocka_unit_test(callers_without_start_line_are_a_flaw),
		cmocka_unit_test(remarks_leave_good_alone),
		cmocka_unit_test(notes_are_read_back),
		cmocka_unit_test(notes_without_weights_are_of_whole_samples),
		cmocka_unit_test(thinned_samples_are_judged_by_their_number),
		cmocka_unit_test(strange_notes_are_passed_over),
		cmocka_unit_test(every_verdict_and_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
