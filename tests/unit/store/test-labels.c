/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/cleanup.h"
#include "store/labels.h"
#include "store/text.h"

static void cleaned(const char *name, const char *value, const char *want_name,
		    const char *want_value, uint32_t want_changed)
{
	_cleanup_(clean_labels_fini) struct clean_labels l = CLEAN_LABELS_NULL;
	struct store_label label = { name, value };

	assert_int_equal(clean_labels_make(&l, &label, 1), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(clean_labels_text(&l, l.of[0].name), want_name);
	assert_string_equal(clean_labels_text(&l, l.of[0].value), want_value);
	assert_int_equal(l.changed, want_changed);
}

static void labels_are_made_fit(void **state)
{
	(void)state;
	cleaned("__name__", "process_cpu", "__name__", "process_cpu", 0);
	cleaned("service_name", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "service_name",
		"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 0);
	cleaned("app.name", "x", "app_name", "x", 1);
	cleaned("9x", "x", "_x", "x", 1);
	cleaned("x9", "x", "x9", "x", 0);
	/* not UTF-8: a stray byte, a cut character, too long a form, a surrogate, beyond Unicode */
	cleaned("a", "x\xffy", "a", "x?y", 1);
	cleaned("a", "x\xe2\x82", "a", "x??", 1);
	cleaned("a", "\xc0\x80", "a", "??", 1);
	cleaned("a", "\xe0\x80\x80", "a", "???", 1);
	cleaned("a", "\xed\xa0\x80", "a", "???", 1);
	cleaned("a", "\xf4\x90\x80\x80", "a", "????", 1);
	cleaned("a", "\xf4\x8f\xbf\xbf", "a", "\xf4\x8f\xbf\xbf", 0);
}

static void empty_values_and_doubles_are_left_out(void **state)
{
	_cleanup_(clean_labels_fini) struct clean_labels l = CLEAN_LABELS_NULL;
	static const struct store_label labels[] = {
		{ "a", "first" }, { "b", "" },	     { "", "x" },    { "c", NULL },
		{ NULL, "x" },	  { "a", "second" }, { "a.b", "x" }, { "a_b", "y" },
	};

	(void)state;
	assert_int_equal(clean_labels_make(&l, labels, ARRAY_SIZE(labels)), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(clean_labels_text(&l, l.of[0].value), "first");
	assert_string_equal(clean_labels_text(&l, l.of[1].value), "x");
	assert_int_equal(l.changed, 3); /* the second a; a.b became a_b; a_b was there by then */
}

static void long_ones_are_cut_between_characters(void **state)
{
	_cleanup_(clean_labels_fini) struct clean_labels l = CLEAN_LABELS_NULL;
	_cleanup_(freep) char *value = malloc(4096 + 1), *name = malloc(4096 + 1);
	struct store_label label = { name, value };

	(void)state;
	memset(name, 'n', 4096);
	name[4096] = '\0';
	/* one, and then two-byte characters: the limit falls inside of one */
	value[0] = 'v';
	for (size_t i = 1; i + 1 < 4096; i += 2)
		memcpy(value + i, "\xc3\xa9", 3);
	assert_int_equal(clean_labels_make(&l, &label, 1), 0);
	assert_int_equal(strlen(clean_labels_text(&l, l.of[0].name)), LABEL_NAME_SIZE);
	assert_int_equal(strlen(clean_labels_text(&l, l.of[0].value)), LABEL_VALUE_SIZE - 1);
	assert_int_equal(l.changed, 1);
}

static void there_is_room_for_as_many_as_a_server_takes(void **state)
{
	_cleanup_(clean_labels_fini) struct clean_labels l = CLEAN_LABELS_NULL;
	_cleanup_(freep) char *value = malloc(LABEL_VALUE_SIZE + 1);
	struct store_label labels[LABELS_MAX + 5];
	char names[LABELS_MAX + 5][LABEL_NAME_SIZE + 1];

	(void)state;
	memset(value, 'v', LABEL_VALUE_SIZE);
	value[LABEL_VALUE_SIZE] = '\0';
	for (uint32_t i = 0; i < ARRAY_SIZE(labels); i++) {
		memset(names[i], 'a', LABEL_NAME_SIZE);
		names[i][LABEL_NAME_SIZE] = '\0';
		names[i][0] = (char)('A' + i % 26);
		names[i][1] = (char)('A' + i / 26);
		labels[i] = (struct store_label){ names[i], value };
	}
	assert_int_equal(clean_labels_make(&l, labels, ARRAY_SIZE(labels)), 0);
	assert_int_equal(l.n, LABELS_MAX);
	assert_int_equal(l.changed, 5);
	assert_string_equal(clean_labels_text(&l, l.of[LABELS_MAX - 1].value), value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_made_fit),
		cmocka_unit_test(empty_values_and_doubles_are_left_out),
		cmocka_unit_test(long_ones_are_cut_between_characters),
		cmocka_unit_test(there_is_room_for_as_many_as_a_server_takes),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
