/* SPDX-License-Identifier: Apache-2.0 */
/* The executable itself, given as the first argument: its own options and wrong commands. */
#include "tests/unit/cli/hone.h"

#include <string.h>

#include "base/cleanup.h"

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

static void wrong_options_are_named(void **state)
{
	static const struct {
		const char *arguments, *said;
	} cases[] = {
		{ "check --jsn a", "hone check: there is no option --jsn. " },
		{ "check --json=yes a", "hone check: --json takes no value. " },
		{ "check -xh a", "hone check: there is no option -x. " },
		{ "compare --top=5 -json a b", "hone compare: there is no option -j. " },
		{ "compare --top", "hone compare: --top takes a value. " },
		{ "compare a b -q", "hone compare: there is no option -q. " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run r = hone(state, cases[i].arguments);

		assert_int_equal(r.code, 2);
		assert_string_equal(r.out, "");
		assert_int_equal(strncmp(r.err, cases[i].said, strlen(cases[i].said)), 0);
	}
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

/* It is loaded to record, and kept small for that. */
static void what_http_needs_is_not_loaded(void **state)
{
	char command[4096], libraries[16384];

	snprintf(command, sizeof(command), "LD_TRACE_LOADED_OBJECTS=1 '%s'", (const char *)*state);
	FILE *f = popen(command, "re");
	assert_non_null(f);
	libraries[fread(libraries, 1, sizeof(libraries) - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
	assert_non_null(strstr(libraries, "libbpf"));
	assert_null(strstr(libraries, "libcurl"));
}

/* Copied without its other part, it does not look for that anywhere else. */
static void what_speaks_with_stores_is_beside_it(void **state)
{
	char folder[] = "/tmp/test-hone-XXXXXX", copy[64], command[4096], wanted[128];
	void *alone = copy;

	assert_non_null(mkdtemp(folder));
	snprintf(copy, sizeof(copy), "%s/hone", folder);
	snprintf(command, sizeof(command), "cp '%s' %s", (const char *)*state, copy);
	assert_int_equal(system(command), 0);
	struct run r = hone(&alone, "pull --help");
	unlink(copy);
	rmdir(folder);
	snprintf(wanted, sizeof(wanted), "hone pull: cannot run %s-remote: ", copy);
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, wanted));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(help_and_version_go_to_stdout, argv[1]),
		cmocka_unit_test_prestate(wrong_commands_are_usage_errors, argv[1]),
		cmocka_unit_test_prestate(wrong_options_are_named, argv[1]),
		cmocka_unit_test_prestate(text_from_outside_cannot_steer_the_terminal, argv[1]),
		cmocka_unit_test_prestate(output_that_cannot_be_written_is_an_error, argv[1]),
		cmocka_unit_test_prestate(what_http_needs_is_not_loaded, argv[1]),
		cmocka_unit_test_prestate(what_speaks_with_stores_is_beside_it, argv[1]),
	};

	return argc == 2 ? cmocka_run_group_tests_name("hone", tests, NULL, NULL) : 1;
}
