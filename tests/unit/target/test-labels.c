/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agent/target/labels.h"

static void assert_value(const char *value, const char *wanted)
{
	struct labels l = LABELS_NULL;

	labels_add_text(&l, "a", value);
	assert_int_equal(labels_finish(&l), 0);
	assert_string_equal(labels_value(&l, "a"), wanted);
	labels_fini(&l);
}

static void values_become_utf8_without_control_characters(void **state)
{
	(void)state;
	assert_value("plain text, with 100% of ASCII~", "plain text, with 100% of ASCII~");
	assert_value("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		     "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_value("a\nb\tc\x7f", "a?b?c?");
	/* cut short, alone, overlong, a surrogate, beyond Unicode */
	assert_value("a\xc3", "a?");
	assert_value("\xa9z", "?z");
	assert_value("\xc0\xafz", "??z");
	assert_value("\xe0\x80\xafz", "???z");
	assert_value("\xed\xa0\x80z", "???z");
	assert_value("\xf4\x90\x80\x80z", "????z");
	assert_value("\xf0\x9f\x98z", "???z");
}

static void long_values_are_cut_between_characters(void **state)
{
	struct labels l = LABELS_NULL;
	char value[2 * LABELS_MAX_VALUE];

	(void)state;
	memset(value, 'x', sizeof(value));
	labels_add(&l, "whole", span_of(value, LABELS_MAX_VALUE));
	labels_add(&l, "cut", span_of(value, LABELS_MAX_VALUE + 1));
	memcpy(value + LABELS_MAX_VALUE - 1, "\xc3\xa9", 2);
	labels_add(&l, "between", span_of(value, LABELS_MAX_VALUE + 1));
	assert_int_equal(labels_finish(&l), 0);
	assert_int_equal(strlen(labels_value(&l, "whole")), LABELS_MAX_VALUE);
	assert_int_equal(strlen(labels_value(&l, "cut")), LABELS_MAX_VALUE);
	assert_int_equal(strlen(labels_value(&l, "between")), LABELS_MAX_VALUE - 1);
	labels_fini(&l);
}

static void names_that_stores_take(void **state)
{
	char name[LABELS_MAX_NAME + 2];

	(void)state;
	assert_true(label_name_valid("__name__"));
	assert_true(label_name_valid("go1"));
	assert_true(label_name_valid("A"));
	assert_false(label_name_valid(""));
	assert_false(label_name_valid("1go"));
	assert_false(label_name_valid("a.b"));
	assert_false(label_name_valid("a-b"));
	assert_false(label_name_valid("caf\xc3\xa9"));
	memset(name, 'n', sizeof(name));
	name[LABELS_MAX_NAME] = '\0';
	assert_true(label_name_valid(name));
	name[LABELS_MAX_NAME] = 'n';
	name[LABELS_MAX_NAME + 1] = '\0';
	assert_false(label_name_valid(name));
}

static void what_is_left_out(void **state)
{
	struct labels l = LABELS_NULL;
	char name[16];

	(void)state;
	labels_add_text(&l, "empty", "");
	labels_add_text(&l, "none", NULL);
	assert_int_equal(l.n_left_out, 0);
	labels_add_text(&l, "team", "a");
	labels_add_text(&l, "team", "b");
	labels_add_text(&l, "no-name", "c");
	assert_int_equal(l.n_left_out, 2);
	for (unsigned int i = 1; i <= LABELS_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		labels_add_text(&l, name, "x");
	}
	assert_int_equal(l.n_left_out, 3);
	assert_int_equal(labels_finish(&l), 0);
	assert_int_equal(l.n, LABELS_MAX);
	assert_string_equal(l.list[0].name, "team");
	assert_string_equal(l.list[0].value, "a");
	assert_string_equal(l.list[LABELS_MAX - 1].name, "n29");
	assert_null(labels_value(&l, "n30"));
	labels_fini(&l);
}

static void equal_ones(void **state)
{
	struct labels a = LABELS_NULL, b = LABELS_NULL;

	(void)state;
	assert_true(labels_equal(&a, &b));
	labels_add_text(&a, "x", "1");
	labels_finish(&a);
	assert_false(labels_equal(&a, &b));
	labels_add_text(&b, "x", "1");
	labels_finish(&b);
	assert_true(labels_equal(&a, &b));
	labels_add_text(&a, "y", "1");
	labels_add_text(&b, "y", "2");
	labels_finish(&a);
	labels_finish(&b);
	assert_false(labels_equal(&a, &b));
	labels_fini(&a);
	labels_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_become_utf8_without_control_characters),
		cmocka_unit_test(long_values_are_cut_between_characters),
		cmocka_unit_test(names_that_stores_take),
		cmocka_unit_test(what_is_left_out),
		cmocka_unit_test(equal_ones),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
