/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/record_options.h"

#define MAX_ARGUMENTS 160
#define ID	      "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"

static struct record_options options;

/* The words after "record", up to NULL. The options point into them. */
static int parse(const char *first, ...)
{
	static char *argv[MAX_ARGUMENTS];
	int argc = 0;
	va_list words;

	memset(argv, 0, sizeof(argv));
	argv[argc++] = (char *)"record";
	va_start(words, first);
	for (const char *word = first; word; word = va_arg(words, const char *))
		argv[argc++] = (char *)word;
	va_end(words);
	return record_options_parse(argc, argv, &options);
}

#define PARSE(...)	 parse(__VA_ARGS__, NULL)
#define ASSERT_GOOD(...) assert_int_equal(PARSE(__VA_ARGS__), 0)
#define ASSERT_WRONG(problem_text, ...)                                       \
	do {                                                                  \
		assert_int_equal(PARSE(__VA_ARGS__), RECORD_OPTIONS_E_USAGE); \
		assert_string_equal(options.problem, problem_text);           \
	} while (0)

static void defaults(void **state)
{
	(void)state;
	ASSERT_GOOD("--pid", "42");
	assert_int_equal(options.n_pids, 1);
	assert_int_equal(options.pids[0], 42);
	assert_null(options.exe);
	assert_null(options.command);
	assert_string_equal(options.container.text, "");
	assert_true(options.duration == 30 * NSEC_PER_SEC);
	assert_int_equal(options.freq, RECORD_DEFAULT_FREQ);
	assert_string_equal(options.output, "default.pgo");
	assert_false(options.until_ready || options.quiet || options.json);
}

static void every_option(void **state)
{
	(void)state;
	ASSERT_GOOD("--exe=/app", "--duration", "5m", "--until-ready", "--freq", "997", "-o", "x",
		    "--quiet", "--json");
	assert_string_equal(options.exe, "/app");
	assert_true(options.duration == 300 * NSEC_PER_SEC);
	assert_int_equal(options.freq, 997);
	assert_string_equal(options.output, "x");
	assert_true(options.until_ready && options.quiet && options.json);
	ASSERT_GOOD("--container", "containerd://" ID, "-ofile");
	assert_string_equal(options.container.text, ID);
	assert_string_equal(options.output, "file");
	ASSERT_GOOD("--pid", "1", "--pid=2147483647", "--pid", "1");
	assert_int_equal(options.n_pids, 2);
	assert_int_equal(options.pids[1], INT32_MAX);
	ASSERT_GOOD("--pid", "1", "--freq", "1");
	ASSERT_GOOD("--pid", "1", "--freq", "10000");
	ASSERT_GOOD("--pid", "1", "-o", "-");
	assert_string_equal(options.output, "-");
}

static void how_long(void **state)
{
	(void)state;
	ASSERT_GOOD("--pid", "1", "--duration", "1s");
	assert_true(options.duration == NSEC_PER_SEC);
	ASSERT_GOOD("--pid", "1", "--duration", "24h");
	assert_true(options.duration == 86400 * NSEC_PER_SEC);
	ASSERT_GOOD("--pid", "1", "--until-ready");
	assert_true(options.duration == 0);
	ASSERT_GOOD("--pid", "1", "--until-ready", "--duration", "90s");
	assert_true(options.duration == 90 * NSEC_PER_SEC);
	ASSERT_GOOD("--", "prog");
	assert_true(options.duration == 0);
	ASSERT_GOOD("--duration", "10s", "--", "prog");
	assert_true(options.duration == 10 * NSEC_PER_SEC);
}

static void a_command_keeps_its_own_options(void **state)
{
	(void)state;
	ASSERT_GOOD("--quiet", "--", "prog", "--pid", "7", "--", "-o", "x");
	assert_string_equal(options.command[0], "prog");
	assert_string_equal(options.command[1], "--pid");
	assert_string_equal(options.command[3], "--");
	assert_string_equal(options.command[5], "x");
	assert_null(options.command[6]);
	assert_int_equal(options.n_pids, 0);
	/* as the value of an option, "--" opens nothing */
	ASSERT_GOOD("--exe", "--");
	assert_string_equal(options.exe, "--");
	ASSERT_GOOD("-o", "--", "--", "prog");
	assert_string_equal(options.output, "--");
	assert_string_equal(options.command[0], "prog");
	ASSERT_WRONG("\"prog\" is not an option. To start a program, write -- before it.", "-o",
		     "--", "prog");
	ASSERT_WRONG("\"prog\" is not an option. To start a program, write -- before it.", "prog");
	ASSERT_WRONG("\"prog\" is not an option. To start a program, write -- before it.", "prog",
		     "--", "x");
	ASSERT_WRONG("-- wants a command after it.", "--");
}

static void exactly_one_kind_of_target(void **state)
{
	const char *none = "what to record? Give --pid, --exe, --container or -- COMMAND.";

	(void)state;
	assert_int_equal(parse(NULL), RECORD_OPTIONS_E_USAGE);
	assert_string_equal(options.problem, none);
	ASSERT_WRONG(none, "--quiet");
	ASSERT_WRONG("--pid and --exe do not go together: give one.", "--pid", "1", "--exe", "x");
	ASSERT_WRONG("--exe and --container do not go together: give one.", "--container", "4f",
		     "--exe", "x");
	ASSERT_WRONG("--pid and -- COMMAND do not go together: give one.", "--pid", "1", "--", "x");
	ASSERT_WRONG("--exe can be given once.", "--exe", "a", "--exe", "b");
	ASSERT_WRONG("--container can be given once.", "--container", "4f", "--container", "5f");
}

static void values_that_will_not_do(void **state)
{
	const char *const pids[] = { "", "0", "-1", "x", "1x", " 1", "2147483648" };
	const char *const times[] = { "",
				      "0s",
				      "30",
				      "30x",
				      "s",
				      "-1s",
				      "1.5h",
				      "30s ",
				      "25h",
				      "86401s",
				      "99999999999999999999s" };
	const char *const freqs[] = { "", "0", "10001", "99.9", "-5", "1k" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_int_equal(PARSE("--pid", pids[i]), RECORD_OPTIONS_E_USAGE);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_int_equal(PARSE("--pid", "1", "--duration", times[i]),
				 RECORD_OPTIONS_E_USAGE);
	for (size_t i = 0; i < ARRAY_SIZE(freqs); i++)
		assert_int_equal(PARSE("--pid", "1", "--freq", freqs[i]), RECORD_OPTIONS_E_USAGE);
	ASSERT_WRONG("--pid wants a process id, not \"x\".", "--pid", "x");
	ASSERT_WRONG("--duration wants a time like 30s, 5m or 1h, 24h at most, not \"30\".",
		     "--duration", "30");
	ASSERT_WRONG("--freq wants a number from 1 to 10000, not \"0\".", "--freq", "0");
	ASSERT_WRONG("--exe wants the path of an executable.", "--exe", "");
	ASSERT_WRONG("-o wants the name of a file.", "-o", "");
	ASSERT_WRONG("--container wants an id as docker ps or crictl ps shows it, not \"web\".",
		     "--container", "web");
	ASSERT_WRONG("--json and -o - both want standard output: give -o a file.", "--pid", "1",
		     "--json", "-o", "-");
}

static void options_that_are_none(void **state)
{
	(void)state;
	ASSERT_WRONG("there is no option --fast.", "--fast");
	ASSERT_WRONG("there is no option -x.", "--quiet", "-x");
	ASSERT_WRONG("--quiet takes no value.", "--quiet=1");
	ASSERT_WRONG("--help takes no value.", "--help=1");
	ASSERT_WRONG("--freq wants a value.", "--pid", "1", "--freq");
	ASSERT_WRONG("-o wants a value.", "-o");
}

static void too_many_pids(void **state)
{
	char *argv[2 * RECORD_MAX_PIDS + 3] = { (char *)"record" }, pids[RECORD_MAX_PIDS + 1][8];
	int argc = 1;

	(void)state;
	for (int i = 0; i <= RECORD_MAX_PIDS; i++) {
		snprintf(pids[i], sizeof(pids[i]), "%d", i + 1);
		argv[argc++] = (char *)"--pid";
		argv[argc++] = pids[i];
	}
	assert_int_equal(record_options_parse(argc, argv, &options), RECORD_OPTIONS_E_USAGE);
	assert_string_equal(options.problem, "--pid can be given 64 times. Use --exe for more.");
	assert_int_equal(record_options_parse(argc - 2, argv, &options), 0);
	assert_int_equal(options.n_pids, RECORD_MAX_PIDS);
}

static void help_names_every_option_and_default(void **state)
{
	const char *const words[] = { "--pid",	    "--exe",  "--container", "-- COMMAND",
				      "--duration", "--freq", "-o ",	     "--until-ready",
				      "--quiet",    "--json", "--help",	     "default.pgo" };
	char freq[16];

	(void)state;
	assert_int_equal(PARSE("--help"), RECORD_OPTIONS_E_HELP);
	assert_int_equal(PARSE("--quiet", "-h", "--nonsense"), RECORD_OPTIONS_E_HELP);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_non_null(strstr(record_help, words[i]));
	snprintf(freq, sizeof(freq), "(%d)", RECORD_DEFAULT_FREQ);
	assert_non_null(strstr(record_help, freq));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(how_long),
		cmocka_unit_test(a_command_keeps_its_own_options),
		cmocka_unit_test(exactly_one_kind_of_target),
		cmocka_unit_test(values_that_will_not_do),
		cmocka_unit_test(options_that_are_none),
		cmocka_unit_test(too_many_pids),
		cmocka_unit_test(help_names_every_option_and_default),
	};

	return cmocka_run_group_tests_name("record-options", tests, NULL, NULL);
}
