/* SPDX-License-Identifier: Apache-2.0 */
/* The executable itself, given as the first argument: its own options and wrong commands. */
#include "tests/unit/cli/hone.h"

#include <string.h>

static void help_and_version_go_to_stdout(void **state)
{
	struct run r = hone(state, "--help");

	assert_int_equal(r.code, 0);
	assert_non_null(strstr(r.out, "Usage: hone COMMAND"));
	assert_string_equal(r.err, "");
	r = hone(state, "--version");
	assert_int_equal(r.code, 0);
	assert_int_equal(strncmp(r.out, "hone 0.", 7), 0);
	assert_non_null(strstr(r.out, "libbpf"));
	assert_string_equal(r.err, "");
}

static void wrong_commands_are_usage_errors(void **state)
{
	struct run r = hone(state, "");

	assert_int_equal(r.code, 2);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, "hone: a command is missing. See hone --help.\n");
	r = hone(state, "recrod --pid 1");
	assert_int_equal(r.code, 2);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, "hone: there is no command \"recrod\". There are: "));
}

static void text_from_outside_cannot_steer_the_terminal(void **state)
{
	struct run r = hone(state, "\"$(printf 'a\\033[2Jb\\302\\233c\\303\\251')\"");

	assert_int_equal(r.code, 2);
	assert_non_null(strstr(r.err, "\"a?[2Jb??c\303\251\""));
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
	assert_int_equal(hone(state, "--version >/dev/full").code, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(help_and_version_go_to_stdout, argv[1]),
		cmocka_unit_test_prestate(wrong_commands_are_usage_errors, argv[1]),
		cmocka_unit_test_prestate(text_from_outside_cannot_steer_the_terminal, argv[1]),
		cmocka_unit_test_prestate(output_that_cannot_be_written_is_an_error, argv[1]),
	};

	return argc == 2 ? cmocka_run_group_tests_name("hone", tests, NULL, NULL) : 1;
}
