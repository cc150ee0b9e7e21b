/* SPDX-License-Identifier: Apache-2.0 */
/* What hone pull was asked, and times as options take them. */
#include "tests/unit/unit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/number.h"
#include "cli/pull_options.h"

#define SECOND NSEC_PER_SEC
#define DAY    (24 * 3600 * SECOND)

static struct pull_options options;

static int parse(const char *first, ...)
{
	static char *argv[32];
	int argc = 0;
	va_list words;

	memset(argv, 0, sizeof(argv));
	argv[argc++] = (char *)"pull";
	va_start(words, first);
	for (const char *word = first; word; word = va_arg(words, const char *))
		argv[argc++] = (char *)word;
	va_end(words);
	return pull_options_parse(&options, argc, argv);
}

static void nothing_said_is_the_default(void **state)
{
	(void)state;
	unsetenv("HONE_STORE");
	unsetenv("HONE_TOKEN");
	unsetenv("HONE_TENANT");
	assert_int_equal(parse(NULL), -1);
	assert_string_equal(options.remote.options.url, "http://127.0.0.1:4040");
	assert_true(options.remote.options.timeout == 30 * SECOND);
	assert_int_equal(options.remote.options.auth, STORE_AUTH_NONE);
	assert_int_equal(options.n_patterns, 0);
	assert_int_equal(options.seconds, 30);
	assert_true(!options.fail && !options.any && !options.json && options.min_change == 0);
}

static void all_can_be_said(void **state)
{
	(void)state;
	assert_int_equal(parse("--store", "https://s", "./a", "--window", "7d", "--max-age", "90m",
			       "--min-coverage", "92.5%", "--min-change", "5", "--any", "--fail",
			       "./b", "--dry-run", "--cold", "list", "--timeout", "5s", "--header",
			       "A: b", NULL),
			 -1);
	assert_string_equal(options.remote.options.url, "https://s");
	assert_true(options.window == 7 * DAY && options.max_age == 90 * 60 * SECOND);
	assert_true(options.min_coverage > 0.9249 && options.min_coverage < 0.9251);
	assert_true(options.min_change > 0.0499 && options.min_change < 0.0501);
	assert_true(options.any && options.fail && options.dry_run);
	assert_true(options.remote.options.timeout == 5 * SECOND);
	assert_int_equal(options.remote.options.n_headers, 1);
	assert_string_equal(options.cold_file, "list");
	assert_int_equal(options.n_patterns, 2);
	assert_string_equal(options.patterns[1], "./b");
}

static void the_environment_counts_where_nothing_is_said(void **state)
{
	(void)state;
	setenv("HONE_STORE", "http://env", 1);
	setenv("HONE_TOKEN", "secret", 1);
	setenv("HONE_TENANT", "", 1);
	assert_int_equal(parse(NULL), -1);
	assert_string_equal(options.remote.options.url, "http://env");
	assert_string_equal(options.remote.options.secret, "secret");
	assert_int_equal(options.remote.options.auth, STORE_AUTH_BEARER);
	assert_null(options.remote.options.tenant);
	assert_int_equal(parse("--store", "http://said", "--token-file", "f", NULL), -1);
	assert_string_equal(options.remote.options.url, "http://said");
	assert_null(options.remote.options.secret);
	assert_int_equal(parse("--user", "me", NULL), -1);
	assert_int_equal(options.remote.options.auth, STORE_AUTH_BASIC);
	unsetenv("HONE_STORE");
	unsetenv("HONE_TOKEN");
	unsetenv("HONE_TENANT");
}

static void what_cannot_be_is_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "--window", "0d" },	     { "--window", "367d" },
		{ "--window", "3" },	     { "--window", "-3d" },
		{ "--min-coverage", "101" }, { "--min-coverage", "" },
		{ "--min-coverage", "-1" },  { "--min-change", "nan" },
		{ "--min-coverage", "1e1" }, { "--timeout", "2h" },
		{ "--seconds", "5" },	     { "--from", NULL },
		{ "--user", "me" },	     { "-o", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i][0], bad[i][1], NULL), HONE_USAGE);
	assert_int_equal(parse("--tag", "t", "--window", "1d", NULL), HONE_USAGE);
	assert_int_equal(parse("--from", "a", "--service", "s", NULL), HONE_USAGE);
	assert_int_equal(parse("-o", "x", "../a", NULL), HONE_USAGE);
	assert_int_equal(parse("-o", "x", "a", "b", NULL), HONE_USAGE);
}

static void times_have_a_unit_and_a_limit(void **state)
{
	uint64_t time;

	(void)state;
	assert_true(parse_time("1s", DAY, &time) && time == SECOND);
	assert_true(parse_time("24h", DAY, &time) && time == DAY);
	assert_false(parse_time("25h", DAY, &time));
	assert_false(parse_time("", DAY, &time));
	assert_false(parse_time("s", DAY, &time));
	assert_false(parse_time("1", DAY, &time));
	assert_false(parse_time("1ss", DAY, &time));
	assert_false(parse_time("18446744073709551615d", UINT64_MAX, &time));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_the_default),
		cmocka_unit_test(all_can_be_said),
		cmocka_unit_test(the_environment_counts_where_nothing_is_said),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(times_have_a_unit_and_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
