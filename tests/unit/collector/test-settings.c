/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/clock.h"
#include "collector/settings/settings.h"
#include "tests/unit/config/promises.h"

static struct settings settings;
static struct config_problems problems;

static int parse(const char *file, const char *const *environment, const char *const *argv)
{
	struct config_input in = {
		.file = span_of(file, strlen(file)),
		.file_name = "collector.yaml",
		.argv = argv,
		.environment = environment,
	};

	while (argv[in.argc])
		in.argc++;
	settings_fini(&settings);
	int r = config_parse(&settings_schema, &in, &settings, &problems);
	for (size_t i = 0; r && i < problems.n; i++)
		print_message("  %s\n", problems.texts[i]);
	return r;
}

static int parse_file(const char *file)
{
	return parse(file, NULL, (const char *const[]){ "hone-collector", NULL });
}

static int teardown(void **state)
{
	(void)state;
	settings_fini(&settings);
	return 0;
}

static void nothing_given_is_the_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse_file(""), 0);
	assert_string_equal(settings.listen, "127.0.0.1:4040");
	assert_null(settings.data);
	assert_int_equal(settings.log.level, LOG_LEVEL_INFO);
	assert_false(settings.log.requests);
	assert_int_equal(settings.limits.body, 64 << 20);
	assert_int_equal(settings.limits.idle, 150 * NSEC_PER_SEC);
}

static void flags_before_variables_before_the_file(void **state)
{
	static const char *const environment[] = { "HONE_COLLECTOR_LIMITS_BODY=2MiB",
						   "HONE_COLLECTOR_LIMITS_WORKERS=2",
						   /* Kubernetes', and the agent's */
						   "HONE_COLLECTOR_PORT_4040_TCP=tcp://10.0.0.1:4",
						   "HONE_COLLECTOR_SERVICE_HOST=10.0.0.1",
						   "HONE_WINDOW=10s", NULL };
	static const char *const flags[] = { "hone-collector", "--limits-workers=3", NULL };

	(void)state;
	assert_int_equal(
		parse("limits: {body: 1MiB, workers: 1, connections: 7}\n", environment, flags), 0);
	assert_int_equal(settings.limits.connections, 7);
	assert_int_equal(settings.limits.body, 2 << 20);
	assert_int_equal(settings.limits.workers, 3);
}

static void mistakes_are_told_with_their_line(void **state)
{
	static const char *const environment[] = { "HONE_COLLECTOR_LISTENS=x", NULL };
	static const struct {
		const char *file, *problem;
	} cases[] = {
		{ "listen: 127.0.0.1:1\nlistn: x\n",
		  "collector.yaml:2: there is no key \"listn\"" },
		{ "\nlimits:\n  bodies: 1\n",
		  "collector.yaml:3: there is no key \"bodies\" here." },
		{ "limits: {workers: 0}\n",
		  "collector.yaml:1: limits.workers wants a number from" },
		{ "listen: store.example:80\n", "collector.yaml:1: listen wants an address like" },
		/* Over an int64_t it would be an age below zero, of which everything is older. */
		{ "retention: {age: 150000d}\n",
		  "collector.yaml:1: retention.age wants a time like 500ms, 60s, 5m or 24h of at "
		  "most 100000d" },
		{ "limits: {memory: 1MiB}\n",
		  "limits.memory has no room for a single request of limits.body." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_file(cases[i].file), CONFIG_E_WRONG);
		assert_non_null(strstr(problems.texts[0], cases[i].problem));
	}
	assert_int_equal(parse("", environment, (const char *const[]){ "hone-collector", NULL }),
			 CONFIG_E_WRONG);
	assert_string_equal(problems.texts[0],
			    "HONE_COLLECTOR_LISTENS: there is no such variable. See --help.");
}

static void the_tables_keep_their_promises(void **state)
{
	(void)state;
	check_promises(&settings_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_given_is_the_defaults, teardown),
		cmocka_unit_test_teardown(flags_before_variables_before_the_file, teardown),
		cmocka_unit_test_teardown(mistakes_are_told_with_their_line, teardown),
		cmocka_unit_test(the_tables_keep_their_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
