/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/hash.h"
#include "base/lru.h"

enum { CAPACITY = 100 };

struct table {
	struct lru lru;
	uint64_t records[CAPACITY];
};

static uint32_t find(const struct table *t, uint64_t wanted, uint64_t hash)
{
	uint32_t id = LRU_NONE;

	while ((id = lru_next(&t->lru, hash, id)) != LRU_NONE)
		if (t->records[id] == wanted)
			break;
	return id;
}

static void add(struct table *t, uint64_t record, uint64_t hash)
{
	if (lru_is_full(&t->lru))
		lru_remove(&t->lru, lru_oldest(&t->lru));
	t->records[lru_add(&t->lru, hash)] = record;
}

static void test_oldest_goes_first(void **state)
{
	struct table t;

	(void)state;
	assert_int_equal(lru_init(&t.lru, CAPACITY), 0);
	assert_int_equal(lru_oldest(&t.lru), LRU_NONE);
	for (uint64_t i = 0; i < CAPACITY; i++)
		add(&t, i, hash_u64(i));
	lru_touch(&t.lru, find(&t, 0, hash_u64(0)));
	for (uint64_t i = CAPACITY; i < 2 * CAPACITY - 1; i++)
		add(&t, i, hash_u64(i));
	assert_int_not_equal(find(&t, 0, hash_u64(0)), LRU_NONE);
	for (uint64_t i = 1; i < CAPACITY; i++)
		assert_int_equal(find(&t, i, hash_u64(i)), LRU_NONE);
	for (uint64_t i = CAPACITY; i < 2 * CAPACITY - 1; i++)
		assert_int_not_equal(find(&t, i, hash_u64(i)), LRU_NONE);
	assert_int_equal(t.records[lru_oldest(&t.lru)], 0);
	lru_fini(&t.lru);
}

static void test_equal_hashes_are_all_found(void **state)
{
	struct table t;
	uint32_t id = LRU_NONE, n = 0;

	(void)state;
	assert_int_equal(lru_init(&t.lru, CAPACITY), 0);
	for (uint64_t i = 0; i < 10; i++)
		add(&t, i, 42);
	lru_remove(&t.lru, find(&t, 5, 42));
	while ((id = lru_next(&t.lru, 42, id)) != LRU_NONE) {
		assert_int_not_equal(t.records[id], 5);
		n++;
	}
	assert_int_equal(n, 9);
	lru_fini(&t.lru);
}

/* Against a plain list that is kept in the same order. */
static void test_any_order_of_calls(void **state)
{
	uint64_t model[CAPACITY], random = 1;
	uint32_t n = 0;
	struct table t;

	(void)state;
	assert_int_equal(lru_init(&t.lru, CAPACITY), 0);
	for (uint64_t step = 0; step < 20000; step++) {
		random = hash_u64(random + step);
		uint64_t record = random % 150, at = 0;

		while (at < n && model[at] != record)
			at++;
		uint32_t id = find(&t, record, hash_u64(record / 2));
		assert_int_equal(id != LRU_NONE, at < n);
		if (id == LRU_NONE) {
			if (n == CAPACITY) {
				assert_int_equal(t.records[lru_oldest(&t.lru)], model[0]);
				memmove(model, model + 1, --n * sizeof(*model));
			}
			add(&t, record, hash_u64(record / 2));
			model[n++] = record;
			continue;
		}
		memmove(model + at, model + at + 1, (--n - at) * sizeof(*model));
		if (random >> 60) {
			lru_touch(&t.lru, id);
			model[n++] = record;
		} else {
			lru_remove(&t.lru, id);
		}
	}
	uint32_t id = lru_oldest(&t.lru);
	for (uint32_t i = 0; i < n; i++, id = lru_newer(&t.lru, id))
		assert_int_equal(t.records[id], model[i]);
	assert_int_equal(id, LRU_NONE);
	lru_fini(&t.lru);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_goes_first),
		cmocka_unit_test(test_equal_hashes_are_all_found),
		cmocka_unit_test(test_any_order_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
