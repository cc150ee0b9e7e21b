/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define N 4096

static void keys_are_drawn(void **state)
{
	(void)state;
	assert_true(hash_keys.multiply & 1);
	assert_int_not_equal(hash_keys.add, 0x243f6a8885a308d3ULL);
}

static void same_bytes_are_the_same(void **state)
{
	const char text[] = "x0123456789abcdef", copy[] = "0123456789abcdef";

	(void)state;
	for (size_t n = 0; n <= 16; n++)
		assert_int_equal(hash_bytes(text + 1, n), hash_bytes(copy, n));
	assert_int_not_equal(hash_bytes("a\0", 1), hash_bytes("a\0", 2));
	assert_int_not_equal(hash_bytes("", 0), hash_bytes("\0", 1));
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* How many of the 32 bits that an index keeps are those of another. */
static uint32_t collisions(uint32_t hashes[N])
{
	uint32_t n = 0;

	qsort(hashes, N, sizeof(hashes[0]), compare);
	for (uint32_t i = 1; i < N; i++)
		n += hashes[i] == hashes[i - 1];
	return n;
}

static uint32_t fold(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

/* Chance has it that one pair in 500 runs falls together. */
static void small_differences_are_told_apart(void **state)
{
	static uint32_t numbers[N], pages[N], stacks[N];
	uint32_t frames[8] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		numbers[i] = fold(hash_u64(i));
		pages[i] = fold(hash_combine(1, (uint64_t)i << 12));
		frames[i % 8] = i;
		stacks[i] = fold(hash_bytes(frames, sizeof(frames)));
	}
	assert_in_range(collisions(numbers), 0, 3);
	assert_in_range(collisions(pages), 0, 3);
	assert_in_range(collisions(stacks), 0, 3);
}

/*
 * Two words each that the hash before this one gave the same number for, whatever it began with: a
 * difference in the top bit of the first was taken back by one in the second.
 */
static void known_differences_do_not_cancel_out(void **state)
{
	uint32_t same = 0;

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		uint64_t a[2] = { i * 0x9e3779b97f4a7c15ULL, i };
		uint64_t b[2] = { a[0] ^ 1ULL << 63, a[1] ^ (1ULL << 63 | 1ULL << 31) };

		same += fold(hash_bytes(a, sizeof(a))) == fold(hash_bytes(b, sizeof(b)));
	}
	assert_in_range(same, 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_drawn),
		cmocka_unit_test(same_bytes_are_the_same),
		cmocka_unit_test(small_differences_are_told_apart),
		cmocka_unit_test(known_differences_do_not_cancel_out),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
