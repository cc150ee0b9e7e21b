/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: what may be said, how it is printed, what a file says of whom. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "collector/curate/policy.h"

#define HOUR (3600 * (int64_t)1000000000)

static const struct curate_policy standard = CURATE_POLICY_DEFAULT;

static void values(void **state)
{
	static const char *const right[][2] = {
		{ "window", "3d" },	    { "window", "30m" },	{ "depth", "0" },
		{ "depth", "1000" },	    { "weight", "equal-time" }, { "decay", "0.25" },
		{ "decay", "1" },	    { "decay", "0" },		{ "max-builds", "1" },
		{ "min-instances", "100" }, { "modes", "each" },	{ "mode-label", "role" },
		{ "canary-share", "0.5" },  { "canary-age", "0" },	{ "canary-label", "" },
		{ "hold", "0.999999" },	    { "max-hold", "14d" },	{ "cold", "0" },
	};
	static const char *const wrong[][2] = {
		{ "window", "0" },
		{ "window", "0h" },
		{ "window", "367d" },
		{ "window", "5" },
		{ "window", "5s" },
		{ "window", "" },
		{ "window", "5hh" },
		{ "depth", "1" },
		{ "depth", "1001" },
		{ "weight", "CPU" },
		{ "weight", "" },
		{ "decay", "1.1" },
		{ "decay", "-1" },
		{ "decay", "0.1234567" },
		{ "decay", "nan" },
		{ "decay", "0x1" },
		{ "decay", "1e0" },
		{ "max-builds", "0" },
		{ "modes", "all" },
		{ "mode-label", "a b" },
		{ "cold", "2" },
		{ "window", "99999999999999999999d" },
		{ "window", "999999d" },
		{ "mode-label",
		  "0123456789012345678901234567890123456789012345678901234567890123" },
	};
	struct curate_policy p = standard;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		if (curate_policy_set(&p, right[i][0], right[i][1]) != 0)
			fail_msg("%s=%s", right[i][0], right[i][1]);
	assert_int_equal(p.window, HOUR / 2);
	assert_int_equal(p.weight, CURATE_WEIGHT_TIME);
	assert_int_equal(p.modes, CURATE_MODES_EACH);
	assert_string_equal(p.mode_label, "role");
	assert_string_equal(p.canary_label, "");
	assert_int_equal(p.max_hold, 14 * 24 * HOUR);
	assert_false(p.cold);
	p = standard;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (curate_policy_set(&p, wrong[i][0], wrong[i][1]) != CURATE_POLICY_E_WRONG)
			fail_msg("%s=%s", wrong[i][0], wrong[i][1]);
	assert_memory_equal(&p, &standard, sizeof(p));
	assert_int_equal(curate_policy_set(&p, "windo", "1h"), CURATE_POLICY_E_UNKNOWN);
	assert_null(curate_policy_range("windo"));
	assert_non_null(curate_policy_range("hold"));
}

/* What is printed sets the same policy; any change is seen. */
static void printed(void **state)
{
	struct buf text = BUF_INIT(4096);
	struct curate_policy p;
	char *rest, *pair;

	(void)state;
	memset(&p, 0xff, sizeof(p));
	curate_policy_print(&standard, &text);
	buf_append_u8(&text, 0);
	assert_int_equal(buf_error(&text), 0);
	rest = (char *)text.data;
	while ((pair = strsep(&rest, " "))) {
		char *value = strchr(pair, '=');

		*value++ = '\0';
		assert_int_equal(curate_policy_set(&p, pair, value), 0);
	}
	assert_int_equal(p.window, standard.window);
	assert_true(p.decay == standard.decay && p.hold == standard.hold);
	assert_int_equal(p.max_hold, standard.max_hold);
	assert_string_equal(p.canary_label, standard.canary_label);
	assert_true(p.cold);
	buf_fini(&text);
}

static int read_rules(const char *text, struct curate_rules **ret_rules, size_t *ret_line)
{
	return curate_rules_new(span_of(text, strlen(text)), ret_rules, ret_line);
}

static void file(void **state)
{
	struct curate_rules *rules = NULL;
	struct curate_policy p = standard;
	size_t line;

	(void)state;
	assert_int_equal(
		read_rules("# all\n window = 48h # two days\n\n"
			   "[shop/*]\nmin-instances=3\n[ shop/api ]\r\nmin-instances = 5\r\n",
			   &rules, &line),
		0);
	curate_rules_apply(rules, "other", &p);
	assert_int_equal(p.window, 48 * HOUR);
	assert_int_equal(p.min_instances, 1);
	curate_rules_apply(rules, "shop/web", &p);
	assert_int_equal(p.min_instances, 3);
	curate_rules_apply(rules, "shop/api", &p);
	assert_int_equal(p.min_instances, 5);
	curate_rules_free(rules);
	curate_rules_apply(NULL, "x", &p);
	assert_int_equal(read_rules("window = 48h\nwindow\n", &rules, &line),
			 CURATE_POLICY_E_WRONG);
	assert_int_equal(line, 2);
	assert_int_equal(read_rules("\n\nwind = 48h\n", &rules, &line), CURATE_POLICY_E_UNKNOWN);
	assert_int_equal(line, 3);
	assert_int_equal(read_rules("", &rules, &line), 0);
	curate_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(printed),
		cmocka_unit_test(file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
