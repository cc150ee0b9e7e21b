/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/hash.h"
#include "base/index.h"

static bool find(const struct index *ix, const uint64_t *records, uint64_t wanted, uint32_t *ret_id)
{
	uint32_t at = INDEX_START;

	while (index_next(ix, hash_u64(wanted), &at, ret_id))
		if (records[*ret_id] == wanted)
			return true;
	return false;
}

static void test_finds_what_was_added_and_nothing_else(void **state)
{
	enum { N = 10000 };
	static uint64_t records[N];
	struct index ix = INDEX_NULL;
	uint32_t id;

	(void)state;
	assert_false(find(&ix, records, 1, &id));
	for (uint32_t i = 0; i < N; i++) {
		records[i] = i * 7;
		assert_int_equal(index_add(&ix, hash_u64(records[i]), i), 0);
	}
	for (uint32_t i = 0; i < N; i++) {
		assert_true(find(&ix, records, i * 7, &id));
		assert_int_equal(id, i);
		assert_false(find(&ix, records, i * 7 + 1, &id));
	}
	assert_true(ix.n <= ix.capacity / 4 * 3 + 1);
	index_clear(&ix);
	assert_false(find(&ix, records, 0, &id));
	index_fini(&ix);
}

static void test_equal_hashes_are_all_found(void **state)
{
	struct index ix = INDEX_NULL;
	uint32_t at = INDEX_START, id, seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(index_add(&ix, 42, i), 0);
	while (index_next(&ix, 42, &at, &id))
		seen++;
	assert_int_equal(seen, 100);
	index_fini(&ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_was_added_and_nothing_else),
		cmocka_unit_test(test_equal_hashes_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
