/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <string.h>

#include "pgo/names.h"

/* A word of a hash such as MurmurHash: nothing secret goes in, so the next can be chosen at will.
 */
static uint64_t step(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

/* The @i-th of names that such a hash cannot tell apart, or false: a NUL in it. */
static bool colliding_name(uint64_t i, char *ret_name)
{
	const uint64_t wanted = 0x0123456789abcdefULL;
	uint64_t first = 0x6161616161616161ULL + i, second;

	second = wanted ^ step(16 * 0x9e3779b97f4a7c15ULL, first);
	memcpy(ret_name, &first, 8);
	memcpy(ret_name + 8, &second, 8);
	ret_name[16] = 0;
	return strlen(ret_name) == 16;
}

/* A file is free to choose its names; found by a hash without a secret, these take minutes. */
static void test_names_made_to_collide(void **state)
{
	struct pgo_names names = PGO_NAMES_NULL;
	uint32_t number;
	char name[17];
	size_t n = 0;
	(void)state;

	for (uint64_t i = 0; n < 300000; i++) {
		if (!colliding_name(i, name))
			continue;
		assert_int_equal(pgo_names_add(&names, name, &number), 0);
		assert_int_equal(number, n++);
	}
	assert_int_equal(pgo_names_add(&names, name, &number), 0);
	assert_int_equal(number, n - 1);
	pgo_names_fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_made_to_collide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
