/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/span.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', 0, 0xff };

static void test_reads_end_at_the_end(void **state)
{
	struct span s = span_of(bytes, 8), sub;
	uint64_t value;
	uint8_t byte;

	(void)state;
	assert_true(span_u64(s, 0, &value));
	assert_int_equal(value, 0x0807060504030201);
	assert_false(span_u64(s, 1, &value));
	assert_true(span_u8(s, 7, &byte));
	assert_false(span_u8(s, 8, &byte));
	assert_true(span_sub(s, 8, 0, &sub));
	assert_false(span_sub(s, 9, 0, &sub));
}

static void test_huge_offsets_do_not_wrap(void **state)
{
	struct span s = span_of(bytes, sizeof(bytes)), sub;
	uint32_t value;

	(void)state;
	assert_false(span_u32(s, UINT64_MAX, &value));
	assert_false(span_u32(s, UINT64_MAX - 3, &value));
	assert_false(span_sub(s, 4, UINT64_MAX - 3, &sub));
	assert_false(span_from(s, UINT64_MAX, &sub));
}

static void test_strings_need_their_nul(void **state)
{
	struct span s = span_of(bytes, sizeof(bytes)), text;

	(void)state;
	assert_true(span_cstr(s, 8, &text));
	assert_true(span_equals(text, "ab"));
	assert_false(span_equals(text, "abc"));
	assert_true(span_starts_with(text, "a"));
	assert_false(span_starts_with(text, "abc"));
	assert_false(span_cstr(s, 11, &text));
	assert_false(span_cstr(s, 12, &text));
}

static void test_varints(void **state)
{
	static const uint8_t two[] = { 0x96, 0x01, 0x80 };
	static const uint8_t most[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
	};
	static const uint8_t over[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02
	};
	uint64_t at = 0, value;

	(void)state;
	assert_true(span_uvarint(span_of(two, sizeof(two)), &at, &value));
	assert_int_equal(value, 150);
	assert_int_equal(at, 2);
	assert_false(span_uvarint(span_of(two, sizeof(two)), &at, &value));
	at = 0;
	assert_true(span_uvarint(span_of(most, sizeof(most)), &at, &value));
	assert_true(value == UINT64_MAX);
	at = 0;
	assert_false(span_uvarint(span_of(over, sizeof(over)), &at, &value));
}

static void test_the_empty_span_is_the_empty_text(void **state)
{
	(void)state;
	assert_true(span_equals(span_of(NULL, 0), ""));
	assert_false(span_equals(span_of(NULL, 0), "x"));
	assert_false(span_equals(span_of("x", 1), ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_end_at_the_end),
		cmocka_unit_test(test_huge_offsets_do_not_wrap),
		cmocka_unit_test(test_strings_need_their_nul),
		cmocka_unit_test(test_varints),
		cmocka_unit_test(test_the_empty_span_is_the_empty_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
