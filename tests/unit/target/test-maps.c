/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/target/maps.h"

static bool parse(const char *line, struct mapping *ret_mapping)
{
	return mapping_parse(span_of(line, strlen(line)), ret_mapping);
}

static void code_of_a_file(void **state)
{
	struct mapping m;

	(void)state;
	assert_true(parse("55f5b9fc0000-55f5b9fd4000 r-xp 00003000 fe:0a 247741"
			  "                     /usr/my bin/a (deleted)",
			  &m));
	assert_true(m.start == 0x55f5b9fc0000 && m.end == 0x55f5b9fd4000);
	assert_int_equal(m.offset, 0x3000);
	assert_int_equal(m.major, 0xfe);
	assert_int_equal(m.minor, 10);
	assert_int_equal(m.inode, 247741);
	assert_true(m.executable);
	assert_true(span_equals(m.path, "/usr/my bin/a (deleted)"));
}

static void memory_without_a_file(void **state)
{
	struct mapping m;

	(void)state;
	assert_true(parse("7ffd1c5e8000-7ffd1c5ea000 r-xp 00000000 00:00 0          [vdso]", &m));
	assert_true(m.executable);
	assert_int_equal(m.inode, 0);
	assert_true(span_equals(m.path, "[vdso]"));
	/* as the kernel writes it, and without the blank at its end */
	assert_true(parse("c000000000-c000400000 rw-p 00000000 00:00 0 ", &m));
	assert_false(m.executable);
	assert_int_equal(m.path.size, 0);
	assert_true(parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0", &m));
	assert_true(m.executable);
}

static void what_is_no_mapping(void **state)
{
	const char *const lines[] = {
		"",
		"1000",
		"1000-",
		"2000-1000 r-xp 0 0:0 0",
		"1000-2000 r-x 0 0:0 0",
		"1000-2000 r-xpp 0 0:0 0",
		"1000-2000 r-xp",
		"1000-2000 r-xp 0",
		"1000-2000 r-xp 0 0 0",
		"1000-2000 r-xp 0 0: 0",
		"1000-2000 r-xp 0 100000000:0 0",
		"1000-2000 r-xp 0 0:100000000 0",
		"1000-2000 r-xp 0 0:0 x",
		"11111111111111111-22222222222222222 r-xp 0 0:0 0",
	};
	struct mapping m;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(parse(lines[i], &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_of_a_file),
		cmocka_unit_test(memory_without_a_file),
		cmocka_unit_test(what_is_no_mapping),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
