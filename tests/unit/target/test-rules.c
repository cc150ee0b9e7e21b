/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/target/rules.h"
#include "base/cleanup.h"

static const struct target_pair labels[] = { { "team", "shop" }, { "tier", "" } };
static const struct target_pair annotations[] = { { "profile", "yes" } };

/* A process in a pod, with all that can be known. */
static const struct target_facts api = {
	.namespace = "shop",
	.pod = "api-7d4f",
	.container = "api",
	.container_id = "4f1d",
	.exe = "/usr/local/bin/api",
	.main_package = "example.com/shop/cmd/api",
	.labels = labels,
	.n_labels = ARRAY_SIZE(labels),
	.annotations = annotations,
	.n_annotations = ARRAY_SIZE(annotations),
};

static const struct target_facts on_host = {
	.unit = "web@eu.service",
	.exe = "/opt/web/.bin/web",
};

static bool matches(const struct target_rule *rule, const struct target_facts *facts)
{
	const struct target_rules rules = { .rules = rule, .n = 1, .otherwise = RULE_IGNORE };
	const struct target_rule *found;
	enum rule_action action;

	assert_int_equal(target_rules_match(&rules, facts, &action, &found), 0);
	assert_int_equal(action, found ? RULE_PROFILE : RULE_IGNORE);
	assert_true(!found || found == rule);
	return found;
}

#define MATCHES(facts, ...) matches(&(struct target_rule){ __VA_ARGS__ }, facts)

static void each_thing_that_a_rule_can_ask_for(void **state)
{
	(void)state;
	assert_true(MATCHES(&api, .namespace = "sho?"));
	assert_false(MATCHES(&api, .namespace = "kube-*"));
	assert_true(MATCHES(&api, .pod = "api-*"));
	assert_false(MATCHES(&api, .pod = "web-*"));
	assert_true(MATCHES(&api, .container = "[a-c]pi"));
	assert_false(MATCHES(&api, .container = "[!a-c]pi"));
	assert_true(MATCHES(&api, .container_id = "4f*"));
	assert_false(MATCHES(&api, .container_id = "00*"));
	assert_true(MATCHES(&api, .main_package = "example.com/*"));
	assert_false(MATCHES(&api, .main_package = "example.org/*"));
	assert_true(MATCHES(&on_host, .unit = "web@*.service"));
	assert_false(MATCHES(&on_host, .unit = "web.service"));
}

static void executables_by_name_or_path(void **state)
{
	(void)state;
	assert_true(MATCHES(&api, .exe = "api"));
	assert_true(MATCHES(&api, .exe = "/usr/*/api"));
	assert_true(MATCHES(&api, .exe = "*/api"));
	assert_false(MATCHES(&api, .exe = "/api"));
	assert_false(MATCHES(&api, .exe = "bin"));
	assert_true(MATCHES(&on_host, .exe = "/opt/*"));
}

static void labels_and_annotations(void **state)
{
	const struct target_rule_pair team = { "team", "sh*" }, other = { "team", "x" };
	const struct target_rule_pair any = { "team", NULL }, absent = { "owner", NULL };
	const struct target_rule_pair without = { "owner", "" }, empty = { "tier", "" };
	const struct target_rule_pair yes = { "profile", "yes" }, both[] = { team, absent };

	(void)state;
	assert_true(MATCHES(&api, .labels = &team, .n_labels = 1));
	assert_false(MATCHES(&api, .labels = &other, .n_labels = 1));
	assert_true(MATCHES(&api, .labels = &any, .n_labels = 1));
	assert_false(MATCHES(&api, .labels = &absent, .n_labels = 1));
	assert_true(MATCHES(&api, .labels = &without, .n_labels = 1));
	assert_true(MATCHES(&api, .labels = &empty, .n_labels = 1));
	assert_false(MATCHES(&api, .labels = both, .n_labels = 2));
	assert_true(MATCHES(&api, .annotations = &yes, .n_annotations = 1));
	assert_false(MATCHES(&api, .labels = &yes, .n_labels = 1));
}

static void all_of_a_rule_must_match(void **state)
{
	(void)state;
	assert_true(MATCHES(&api, .namespace = NULL));
	assert_true(MATCHES(&api, .namespace = "shop", .container = "api", .exe = "api"));
	assert_false(MATCHES(&api, .namespace = "shop", .container = "web", .exe = "api"));
}

static void an_empty_pattern_is_for_what_is_missing(void **state)
{
	(void)state;
	assert_true(MATCHES(&on_host, .namespace = ""));
	assert_false(MATCHES(&api, .namespace = ""));
	assert_true(MATCHES(&on_host, .namespace = "*"));
}

static void the_first_that_matches_decides(void **state)
{
	const struct target_rule list[] = {
		{ .namespace = "kube-system", .action = RULE_IGNORE },
		{ .container = "api", .action = RULE_PROFILE, .service = "shop" },
		{ .namespace = "shop", .action = RULE_IGNORE },
	};
	struct target_rules rules = { .rules = list, .n = ARRAY_SIZE(list) };
	const struct target_rule *rule;
	struct target_facts worker = api;
	enum rule_action action;

	(void)state;
	assert_int_equal(target_rules_match(&rules, &api, &action, &rule), 0);
	assert_ptr_equal(rule, &list[1]);
	assert_int_equal(action, RULE_PROFILE);
	worker.container = "worker";
	assert_int_equal(target_rules_match(&rules, &worker, &action, &rule), 0);
	assert_ptr_equal(rule, &list[2]);
	assert_int_equal(action, RULE_IGNORE);
	assert_int_equal(target_rules_match(&rules, &on_host, &action, &rule), 0);
	assert_null(rule);
	assert_int_equal(action, RULE_PROFILE);
	rules.otherwise = RULE_IGNORE;
	assert_int_equal(target_rules_match(&rules, &on_host, &action, &rule), 0);
	assert_int_equal(action, RULE_IGNORE);
}

static void a_pod_that_is_not_known_yet(void **state)
{
	const struct target_facts early = { .exe = "/app",
					    .container_id = "4f1d",
					    .pod_pending = true };
	const struct target_rule list[] = {
		{ .exe = "sh", .namespace = "shop", .action = RULE_IGNORE },
		{ .namespace = "shop", .action = RULE_IGNORE },
		{ .exe = "app" },
	};
	struct target_rules rules = { .rules = list, .n = 1, .otherwise = RULE_PROFILE };
	const struct target_rule *rule;
	enum rule_action action;

	(void)state;
	/* Whatever the namespace, this is not it. */
	assert_int_equal(target_rules_match(&rules, &early, &action, &rule), 0);
	rules.n = 2;
	assert_int_equal(target_rules_match(&rules, &early, &action, &rule), RULE_E_PENDING);
	assert_int_equal(action, RULE_PROFILE);
	assert_null(rule);
	rules.n = 3;
	assert_int_equal(target_rules_match(&rules, &early, &action, &rule), RULE_E_PENDING);
	assert_ptr_equal(rule, &list[2]);
	/* What comes after one that decides does not matter. */
	rules.rules = &list[2];
	rules.n = 1;
	assert_int_equal(target_rules_match(&rules, &early, &action, &rule), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thing_that_a_rule_can_ask_for),
		cmocka_unit_test(executables_by_name_or_path),
		cmocka_unit_test(labels_and_annotations),
		cmocka_unit_test(all_of_a_rule_must_match),
		cmocka_unit_test(an_empty_pattern_is_for_what_is_missing),
		cmocka_unit_test(the_first_that_matches_decides),
		cmocka_unit_test(a_pod_that_is_not_known_yet),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
