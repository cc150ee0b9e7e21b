/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's head: types, times, and what it says of itself in its comments. */
#include "tests/unit/unit.h"

#include "agent/symbolize/profile.h"
#include "tests/unit/symbolize/fake.h"

#define TEXT(s)                                     \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

static const struct binary binary = {
	.build = {
		.go_version = TEXT("go1.26.8 X:experiment"),
		.minor = 26,
		.main_path = TEXT("example.com/shop/cmd/api"),
		.main_version = TEXT("v1.2.3"),
		.vcs_revision = TEXT("abcdef"),
		.go_build_id = TEXT("one/two"),
	},
};

static const struct profile_facts facts = {
	.start = 1700000000000000001,
	.duration = 30000000000,
	.period = 10101010,
};

static struct pprof_profile *made(void)
{
	struct pprof_profile *p = NULL;

	assert_int_equal(profile_new(&binary, &facts, &p), 0);
	return p;
}

static void test_header_is_that_of_a_cpu_profile(void **state)
{
	struct pprof_profile *p = made();
	const struct pprof_header h = pprof_header(p);

	(void)state;
	assert_int_equal(h.time_nanos, 1700000000000000001);
	assert_int_equal(h.duration_nanos, 30000000000);
	assert_int_equal(h.period, 10101010);
	assert_string_equal(h.period_type.type, "cpu");
	assert_string_equal(h.period_type.unit, "nanoseconds");
	assert_string_equal(h.default_sample_type, "");
	assert_string_equal(h.drop_frames, "");
	assert_string_equal(h.keep_frames, "");
	pprof_free(p);
}

static void test_sample_types_are_those_of_runtime_pprof(void **state)
{
	struct pprof_profile *p = made();

	(void)state;
	assert_int_equal(pprof_n_sample_types(p), 2);
	assert_string_equal(pprof_sample_type(p, 0).type, "samples");
	assert_string_equal(pprof_sample_type(p, 0).unit, "count");
	assert_string_equal(pprof_sample_type(p, 1).type, "cpu");
	assert_string_equal(pprof_sample_type(p, 1).unit, "nanoseconds");
	pprof_free(p);
}

/* A space within a value would end it: it becomes an underscore. What is not known is not said. */
static void test_comment_names_the_build(void **state)
{
	struct pprof_profile *p = made();

	(void)state;
	assert_int_equal(pprof_n_comments(p), 1);
	assert_string_equal(pprof_comment(p, 0),
			    "hone: go=go1.26.8_X:experiment main=example.com/shop/cmd/api "
			    "version=v1.2.3 revision=abcdef build-id=one/two");
	pprof_free(p);
}

static void test_what_was_lost_is_a_comment(void **state)
{
	const struct pgo_notes notes = {
		.known = true,
		.samples = 100,
		.lost = 3,
		.truncated = 2,
		.unsymbolized = 1,
	};
	struct pprof_profile *p = made();
	struct pgo_notes read;

	(void)state;
	assert_int_equal(profile_note(p, &notes), 0);
	assert_int_equal(pprof_n_comments(p), 2);
	assert_string_equal(pprof_comment(p, 1),
			    "hone: samples=100 lost=3 truncated=2 unsymbolized=1");
	pgo_notes_read(p, &read);
	assert_true(read.known);
	assert_int_equal(read.samples, 100);
	assert_int_equal(read.lost, 3);
	assert_int_equal(read.truncated, 2);
	assert_int_equal(read.unsymbolized, 1);
	pprof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_is_that_of_a_cpu_profile),
		cmocka_unit_test(test_sample_types_are_those_of_runtime_pprof),
		cmocka_unit_test(test_comment_names_the_build),
		cmocka_unit_test(test_what_was_lost_is_a_comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
