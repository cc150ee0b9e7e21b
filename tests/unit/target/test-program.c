/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/target/program.h"

static const char *kind(const char *path, const char *head)
{
	return program_kind(span_of(path, strlen(path)), span_of(head, strlen(head)));
}

static void by_name_without_version(void **state)
{
	(void)state;
	assert_string_equal(kind("/usr/bin/python3.11", "\177ELF"), "a Python program");
	assert_string_equal(kind("/usr/sbin/php-fpm8.2", "\177ELF"), "a PHP program");
	assert_string_equal(kind("/opt/jdk-21/bin/java", "\177ELF"), "a Java program");
	assert_string_equal(kind("node", "\177ELF"), "a Node.js program");
	assert_string_equal(kind("/bin/bash", "\177ELF"), "a shell");
	assert_string_equal(kind("/python/server", "\177ELF"), "a compiled program");
	assert_string_equal(kind("/app/123", "\177ELF"), "a compiled program");
	assert_string_equal(kind("", "\177ELF"), "a compiled program");
}

static void by_the_first_bytes(void **state)
{
	(void)state;
	assert_string_equal(kind("/app/python", "#!/bin/sh\n"), "a script");
	assert_string_equal(kind("/app/python", "text"), "a file of another kind");
	assert_string_equal(kind("/app/python", ""), "a file of another kind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name_without_version),
		cmocka_unit_test(by_the_first_bytes),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
