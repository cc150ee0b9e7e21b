/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/text.h"

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

static void lines_with_and_without_their_newline(void **state)
{
	struct span rest = text("one\n\nthree"), line;

	(void)state;
	assert_true(text_line(&rest, &line));
	assert_true(span_equals(line, "one"));
	assert_true(text_line(&rest, &line));
	assert_true(span_equals(line, ""));
	assert_true(text_line(&rest, &line));
	assert_true(span_equals(line, "three"));
	assert_false(text_line(&rest, &line));
	rest = text("last\n");
	assert_true(text_line(&rest, &line));
	assert_false(text_line(&rest, &line));
}

static void numbers_of_a_base(void **state)
{
	struct span rest = text("007f 18446744073709551615;");
	uint64_t value = 1;

	(void)state;
	assert_true(text_number(&rest, 16, &value));
	assert_int_equal(value, 0x7f);
	assert_false(text_number(&rest, 10, &value));
	text_skip_blanks(&rest);
	assert_true(text_number(&rest, 10, &value));
	assert_true(value == UINT64_MAX);
	assert_false(text_skip(&rest, ","));
	assert_true(text_skip(&rest, ";"));
	assert_int_equal(rest.size, 0);
	assert_false(text_number(&rest, 10, &value));
}

static void numbers_that_are_none_leave_all_as_it_was(void **state)
{
	const char *const bad[] = { "", "x", "-1", "18446744073709551616", "99999999999999999999" };
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct span rest = text(bad[i]);

		assert_false(text_number(&rest, 10, &value));
		assert_true(span_equals(rest, bad[i]));
	}
	assert_int_equal(value, 7);
}

static void copies_are_cut_to_fit(void **state)
{
	char four[4];

	(void)state;
	assert_true(text_copy(text("abc"), four, sizeof(four)));
	assert_string_equal(four, "abc");
	assert_false(text_copy(text("abcd"), four, sizeof(four)));
	assert_string_equal(four, "abc");
	assert_true(text_copy(span_of(NULL, 0), four, sizeof(four)));
	assert_string_equal(four, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_with_and_without_their_newline),
		cmocka_unit_test(numbers_of_a_base),
		cmocka_unit_test(numbers_that_are_none_leave_all_as_it_was),
		cmocka_unit_test(copies_are_cut_to_fit),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
