/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "libpprof/index.h"

#define HALVES (1u << 16)

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t hash_twice(uint64_t seed, uint32_t half)
{
	const uint64_t word = 0x6d61696e2e663031 ^ ((uint64_t)half << 32 | half);
	const uint64_t text[] = { word, word };

	return pp_hash_bytes(seed, text, sizeof(text));
}

/*
 * Two equal words, each of two halves that differ from some word by the same: between two of these
 * there is each difference of this kind. Whatever the seed, none may swap the factors of another.
 */
static void no_texts_collide_for_every_seed(void **state)
{
	uint64_t *hashes = calloc(2 * HALVES, sizeof(*hashes));
	const uint64_t seed = pp_hash_seed();

	(void)state;
	assert_non_null(hashes);
	for (uint32_t i = 0; i < HALVES; i++) {
		hashes[i] = hash_twice(seed, i);
		hashes[HALVES + i] = i ? hash_twice(seed, i << 16) : 0;
	}
	qsort(hashes, 2 * HALVES, sizeof(*hashes), compare);
	for (uint32_t i = 1; i < 2 * HALVES; i++)
		assert_int_not_equal(hashes[i], hashes[i - 1]);
	free(hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_texts_collide_for_every_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
