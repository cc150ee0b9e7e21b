/* SPDX-License-Identifier: Apache-2.0 */
/* What a recorder keeps from one window to the next, of what it lets go, and when. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/unit/recorder/bench.h"

/* ---- windows ----------------------------------------------------------------------------- */

static void test_a_window_begins_empty(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	assert_true(b.recorder.bytes > 0);
	turn(&b, 1);
	assert_int_equal(b.recorder.bytes, 0);
	turn(&b, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	assert_int_equal(b.n_groups, 1);
	bench_fini(&b);
}

static void test_what_is_not_seen_is_forgotten(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.in_container = true;
	sampled(&b, SELF, CONTAINER, 0);
	sampled(&b, SELF, CONTAINER, 0);
	turn(&b, 1);
	for (uint32_t i = 1; i < RECORDER_KEEP; i++)
		turn(&b, 0);
	assert_int_equal(fake_kernel.cgroup, CONTAINER);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	turn(&b, 0);
	turn(&b, 0);
	assert_int_equal(fake_kernel.cgroup, 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	assert_int_equal(ended, 1);
	sampled(&b, SELF, CONTAINER, 0); /* met anew */
	assert_int_equal(recorder_samples(&b.recorder), 1);
	bench_fini(&b);
}

static void test_addresses_of_what_is_not_in_use_take_no_memory(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	const struct pc_cache *cache =
		&builds_find(&b.recorder.builds, &(struct exe_key){ .inode = 1 })->unwinder.cache;
	turn(&b, 1);
	assert_true(pc_cache_memory(cache) > 0);
	turn(&b, 0);
	assert_int_equal(pc_cache_memory(cache), 0);
	assert_int_equal(cache->asked, 2);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_samples(&b.recorder), 1);
	assert_int_equal(cache->asked, 4);
	bench_fini(&b);
}

/* ---- memory for addresses ------------------------------------------------------------------ */

static const struct fake_function many[16] = { [0 ... 15] = { "main.work", 10, 0 } };

/* A sample of another place in another executable. */
static void sample_at(struct bench *b, union one_frame *s, uint64_t inode, uint64_t offset)
{
	const struct record_header *record = &s->sample.header;

	s->sample.header.exe.inode = inode;
	s->sample.pc = FAKE_TEXT + offset;
	fake_kernel.records = &record;
	fake_kernel.n_records = 1;
	assert_int_equal(recorder_drain(&b->recorder), 0);
}

static const struct pc_cache *cache_of(struct bench *b, uint64_t inode)
{
	return &builds_find(&b->recorder.builds, &(struct exe_key){ .inode = inode })
			->unwinder.cache;
}

static void test_addresses_of_all_have_one_cap(void **state)
{
	union one_frame s = sample_of(SELF, HOST, 0);
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.max_address_bytes = 2 * 256 * sizeof(struct pc_info);
	sample_at(&b, &s, 1, 0x10);
	sample_at(&b, &s, 2, 0x10);
	sample_at(&b, &s, 1, 0x20);
	assert_int_equal(b.recorder.counters.addresses_evicted, 0);
	sample_at(&b, &s, 3, 0x10);
	assert_int_equal(b.recorder.counters.addresses_evicted, 2);
	assert_int_equal(pc_cache_memory(cache_of(&b, 2)), 0);
	assert_int_equal(cache_of(&b, 1)->n, 3);
	assert_int_equal(cache_of(&b, 3)->n, 2);
	sample_at(&b, &s, 2, 0x10);
	assert_int_equal(cache_of(&b, 2)->n, 2);
	assert_int_equal(recorder_samples(&b.recorder), 5);
	bench_fini(&b);
}

static void test_addresses_that_go_are_counted(void **state)
{
	union one_frame s = sample_of(SELF, HOST, 0);
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = many;
	fake_kernel.n_functions = ARRAY_SIZE(many);
	for (uint64_t n = 0; n < PC_CACHE_MAX_CAPACITY; n++)
		sample_at(&b, &s, 1, n + 1);
	const struct pc_cache *cache = cache_of(&b, 1);
	assert_true(b.recorder.counters.addresses_evicted > 0);
	assert_int_equal(b.recorder.counters.addresses_evicted, cache->asked - cache->n);
	bench_fini(&b);
}

/* A tally that is being written keeps what it is made of. */
static void test_nothing_in_use_is_forgotten(void **state)
{
	struct tallies tallies;
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(recorder_turn(&b.recorder, 1, &tallies), 0);
	for (uint32_t i = 0; i < RECORDER_KEEP + 2; i++)
		turn(&b, 0);
	assert_int_equal(tallies.items[0]->build->key.inode, 1);
	assert_int_equal(ended, 0);
	tallies_fini(&tallies);
	assert_int_equal(ended, 1);
	turn(&b, 0);
	assert_int_equal(fake_kernel.policy.verdict, 0);
	bench_fini(&b);
}

/* Nothing is in two counters. */
static void test_what_finds_no_room_is_not_counted(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.max_tally_bytes = 1;
	sampled(&b, SELF, HOST, 2);
	assert_int_equal(b.recorder.counters.refused, 4);
	assert_int_equal(b.recorder.counters.counted, 0);
	assert_int_equal(b.recorder.tallies.items[0]->taken, 0);
	bench_fini(&b);
}

/* What it is sampled for after that is not even unwound. */
static void test_what_costs_too_much_is_given_up(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.max_pairs = 1000;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(fake_kernel.allowed, 1000);
	assert_int_equal(fake_kernel.policy.verdict, EXE_GO);
	assert_int_equal(b.recorder.counters.exhausted, 0);
	fake_kernel.exhausted = true;
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.exhausted, 1);
	assert_string_equal(b.recorder.exhausted, b.recorder.tallies.items[0]->build->path);
	assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
	assert_int_equal(b.recorder.counters.counted, 2);
	sampled(&b, SELF, HOST, 3);
	assert_int_equal(b.recorder.counters.counted, 2);
	assert_int_equal(b.recorder.counters.ignored, 8);
	assert_int_equal(b.recorder.counters.foreign, 0);
	assert_int_equal(b.recorder.counters.exhausted, 1);
	bench_fini(&b);
}

/* Go programs that cannot be read are told from what is no Go program. */
static void test_go_that_cannot_be_read_is_counted(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.open_error = BINARY_E_NOT_GO;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.recorder.counters.unreadable, 0);
	bench_fini(&b);
	bench_init(&b, 0);
	fake_kernel.open_error = BINARY_E_TOO_OLD;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(b.recorder.counters.unreadable, 1);
	assert_int_equal(b.recorder.unreadable_outcome, BINARY_E_TOO_OLD);
	assert_true(b.recorder.unreadable[0]);
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.unreadable, 1);
	bench_fini(&b);
}

/* Where it could not be opened, nothing is known of it: with the time it is looked at again. */
static void test_what_was_not_opened_is_tried_again(void **state)
{
	static const struct {
		int error;
		uint32_t verdict; /* in the end; 0: none */
	} cases[] = { { -EMFILE, 0 }, { -EIO, 0 }, { BINARY_E_NOT_GO, EXE_IGNORE } };
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		bench_init(&b, 0);
		fake_kernel.open_error = cases[i].error;
		event(&b, RECORD_EXEC, HOST);
		assert_int_equal(fake_kernel.policy.verdict, EXE_IGNORE);
		for (uint32_t n = 0; n < RECORDER_KEEP + 2; n++)
			turn(&b, 0);
		assert_int_equal(fake_kernel.policy.verdict, cases[i].verdict);
		bench_fini(&b);
	}
}

/* ---- pages of executables ------------------------------------------------------------------ */

static const struct fake_function sysmon[] = {
	{ "runtime.sysmon", 60, BINARY_SYSMON },
	{ "runtime.goexit", 40, BINARY_GOEXIT },
};

/* Its tables are read before it is known that such samples make no tally. */
static void test_pages_are_given_back_without_a_tally(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = sysmon;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(fake_kernel.n_rested, 1); /* opened */
	sampled(&b, SELF, HOST, 0);
	assert_int_equal(b.recorder.counters.not_sampled, 1);
	assert_int_equal(b.recorder.tallies.n, 0);
	assert_int_equal(fake_kernel.n_rested, 2);
	sampled(&b, SELF, HOST, 0); /* nothing is read */
	assert_int_equal(fake_kernel.n_rested, 2);
	bench_fini(&b);
}

/* Nobody counts it, so it may have to go for another one before the drain is over. */
static void test_what_is_forgotten_has_no_pages(void **state)
{
	union one_frame first = sample_of(SELF, HOST, 0), second = sample_of(SELF, HOST, 0);
	const struct record_header *const records[] = { &first.sample.header,
							&second.sample.header };
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	fake_kernel.functions = sysmon;
	event(&b, RECORD_EXEC, HOST);
	b.recorder.builds.n_open = BUILDS_MAX_OPEN;
	second.sample.header.exe.inode = 2;
	fake_kernel.records = records;
	fake_kernel.n_records = ARRAY_SIZE(records);
	assert_int_equal(recorder_drain(&b.recorder), 0);
	assert_int_equal(b.recorder.counters.builds_evicted, 1);
	assert_int_equal(b.recorder.n_awake, 0);
	b.recorder.builds.n_open = 1;
	bench_fini(&b);
}

/* What a rule asks of it is read from its file. */
static void test_pages_are_given_back_when_rules_change(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	b.recorder.options.ignores = ignores;
	event(&b, RECORD_EXEC, HOST);
	assert_int_equal(fake_kernel.n_rested, 1);
	assert_int_equal(recorder_reconsider(&b.recorder), 0);
	assert_int_equal(fake_kernel.n_rested, 2);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_window_begins_empty),
		cmocka_unit_test(test_what_is_not_seen_is_forgotten),
		cmocka_unit_test(test_addresses_of_what_is_not_in_use_take_no_memory),
		cmocka_unit_test(test_addresses_of_all_have_one_cap),
		cmocka_unit_test(test_addresses_that_go_are_counted),
		cmocka_unit_test(test_nothing_in_use_is_forgotten),
		cmocka_unit_test(test_what_costs_too_much_is_given_up),
		cmocka_unit_test(test_go_that_cannot_be_read_is_counted),
		cmocka_unit_test(test_what_was_not_opened_is_tried_again),
		cmocka_unit_test(test_what_finds_no_room_is_not_counted),
		cmocka_unit_test(test_pages_are_given_back_without_a_tally),
		cmocka_unit_test(test_what_is_forgotten_has_no_pages),
		cmocka_unit_test(test_pages_are_given_back_when_rules_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
