/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <string.h>

#include "agent/capture/record.h"

union record {
	struct record_header header;
	struct process_event event;
	struct sample sample;
	uint64_t words[sizeof(struct sample) / 8 + SAMPLE_MAX_DATA + 8];
};

static void make_sample(union record *r, uint16_t words, uint16_t frames, uint16_t sched_words,
			uint16_t sched_frames)
{
	memset(r, 0, sizeof(*r));
	r->header.type = RECORD_SAMPLE;
	r->header.size = sizeof(struct sample) + 8u * (words + frames + sched_words + sched_frames);
	r->sample.n_words = words;
	r->sample.n_frames = frames;
	r->sample.n_sched_words = sched_words;
	r->sample.n_sched_frames = sched_frames;
}

static bool check(const union record *r)
{
	return record_check(span_of(r, r->header.size));
}

static void test_samples(void **state)
{
	union record r;

	(void)state;
	make_sample(&r, 0, 0, 0, 0);
	assert_true(check(&r));
	make_sample(&r, 16, 20, 4, 17);
	r.sample.flags = SAMPLE_GO | SAMPLE_ON_G0 | SAMPLE_POLICY | SAMPLE_KERNEL |
			 SAMPLE_IN_SIGNAL | SAMPLE_MORE_FRAMES;
	assert_true(check(&r));
	make_sample(&r, SAMPLE_MAX_WORDS, SAMPLE_MAX_FRAMES, SAMPLE_SCHED_WORDS, SAMPLE_MAX_FRAMES);
	assert_true(check(&r));
	assert_int_equal(r.header.size, sizeof(struct sample) + 8 * SAMPLE_MAX_DATA);
}

static void test_counts_beyond_limits(void **state)
{
	union record r;

	(void)state;
	make_sample(&r, SAMPLE_MAX_WORDS + 1, 0, 0, 0);
	assert_false(check(&r));
	make_sample(&r, 0, SAMPLE_MAX_FRAMES + 1, 0, 0);
	assert_false(check(&r));
	make_sample(&r, 0, 0, SAMPLE_SCHED_WORDS + 1, 0);
	assert_false(check(&r));
	make_sample(&r, 0, 0, 0, SAMPLE_MAX_FRAMES + 1);
	assert_false(check(&r));
}

static void test_counts_against_size(void **state)
{
	union record r;

	(void)state;
	make_sample(&r, 16, 20, 0, 0);
	r.sample.n_frames++;
	assert_false(check(&r));
	r.sample.n_frames -= 2;
	assert_false(check(&r));
	make_sample(&r, 16, 20, 0, 0);
	r.sample.flags = SAMPLE_MORE_FRAMES << 1;
	assert_false(check(&r));
}

static void test_sizes(void **state)
{
	union record r;

	(void)state;
	make_sample(&r, 16, 20, 0, 0);
	assert_false(record_check(span_of(&r, r.header.size - 8)));
	assert_false(record_check(span_of(&r, r.header.size + 8)));
	assert_false(record_check(span_of(&r, 0)));
	assert_false(record_check(span_of(&r, sizeof(struct record_header) - 1)));
	r.header.size = sizeof(struct record_header);
	assert_false(check(&r));
	r.header.size = sizeof(struct sample) - 8;
	assert_false(check(&r));
}

static void test_events(void **state)
{
	union record r = { 0 };

	(void)state;
	for (uint32_t type = 0; type < 6; type++) {
		r.header.type = type;
		r.header.size = sizeof(struct process_event);
		assert_int_equal(check(&r), type >= RECORD_EXEC && type <= RECORD_MOVE);
		r.header.size += 8;
		assert_false(check(&r));
	}
}

static void test_parts(void **state)
{
	union record r;

	(void)state;
	make_sample(&r, 3, 5, 4, 2);
	struct sample_parts p = sample_parts(&r.sample);

	assert_ptr_equal(p.words, r.sample.data);
	assert_ptr_equal(p.frames, r.sample.data + 3);
	assert_ptr_equal(p.sched_words, r.sample.data + 8);
	assert_ptr_equal(p.sched_frames, r.sample.data + 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_counts_beyond_limits),
		cmocka_unit_test(test_counts_against_size),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
