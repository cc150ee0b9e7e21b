/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>

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

/* Its names come from the kubelet's files, its labels from the API server, later. */
static void a_pod_whose_labels_are_not_known_yet(void **state)
{
	const struct target_facts early = { .namespace = "shop", .labels_pending = true };
	const struct target_rule_pair wanted = { .key = "profile", .value = "yes" };
	const struct target_pair label = { .key = "profile", .value = "yes" };
	struct target_facts late = { .namespace = "shop", .labels = &label, .n_labels = 1 };
	const struct target_rule list[] = {
		{ .namespace = "bank", .labels = &wanted, .n_labels = 1 },
		{ .namespace = "shop", .labels = &wanted, .n_labels = 1 },
		{ .namespace = "shop", .annotations = &wanted, .n_annotations = 1 },
	};
	struct target_rules rules = { .rules = list, .n = 1, .otherwise = RULE_IGNORE };
	const struct target_rule *rule;
	enum rule_action action;

	(void)state;
	/* Whatever the labels, this is not it. */
	assert_true(target_rules_ignore(&rules, &early, RULE_KNOWS_PLACE));
	assert_int_equal(target_rules_match(&rules, &early, &action, &rule), 0);
	rules.n = 2;
	assert_false(target_rules_ignore(&rules, &early, RULE_KNOWS_PLACE));
	assert_int_equal(target_rules_match(&rules, &early, &action, &rule), RULE_E_PENDING);
	assert_int_equal(action, RULE_IGNORE);
	assert_int_equal(target_rules_match(&rules, &late, &action, &rule), 0);
	assert_ptr_equal(rule, &list[1]);
	late.n_labels = 0;
	assert_true(target_rules_ignore(&rules, &late, RULE_KNOWS_PLACE));
	rules.rules = &list[2];
	rules.n = 1;
	assert_false(target_rules_ignore(&rules, &early, RULE_KNOWS_PLACE));
}

static void what_an_executable_alone_tells(void **state)
{
	const struct target_facts app = { .exe = "/bin/app", .main_package = "example.com/app" };
	const struct target_rule list[] = {
		{ .main_package = "example.com/*", .action = RULE_IGNORE },
		{ .namespace = "shop", .action = RULE_IGNORE },
		{ .namespace = "shop", .exe = "app", .action = RULE_PROFILE },
	};
	struct target_rules rules = { .rules = list, .n = 1, .otherwise = RULE_PROFILE };

	(void)state;
	assert_true(target_rules_ignore(&rules, &app, RULE_KNOWS_BUILD));
	assert_false(target_rules_ignore(&rules, &app, RULE_KNOWS_PLACE));
	rules.rules = &list[1];
	assert_false(target_rules_ignore(&rules, &app, RULE_KNOWS_BUILD));
	rules.otherwise = RULE_IGNORE; /* in that namespace or not */
	assert_true(target_rules_ignore(&rules, &app, RULE_KNOWS_BUILD));
	rules.rules = &list[2];
	assert_false(target_rules_ignore(&rules, &app, RULE_KNOWS_BUILD));
	rules.n = 0;
	assert_true(target_rules_ignore(&rules, &app, 0));
}

static const char *any_of(unsigned int n, const char *const texts[3])
{
	return texts[n % 3];
}

/* Whatever is told early holds in the end. */
static void what_is_told_early_holds(void **state)
{
	static const char *const exes[] = { NULL, "a", "b" }, *const names[] = { NULL, "x", "y" };
	unsigned int n_told = 0, n_ignored = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		struct target_rule list[3];
		struct target_rules rules = { .rules = list,
					      .n = (unsigned int)rand() % 4,
					      .otherwise = rand() % 2 };
		struct target_facts all = { .exe = any_of((unsigned int)rand(), exes),
					    .namespace = any_of((unsigned int)rand(), names),
					    .unit = any_of((unsigned int)rand(), names) };
		struct target_facts early = all;
		unsigned int known = (unsigned int)rand() % 4;
		const struct target_rule *rule;
		enum rule_action action;

		for (size_t k = 0; k < 3; k++)
			list[k] = (struct target_rule){
				.exe = any_of((unsigned int)rand(), exes),
				.namespace = any_of((unsigned int)rand(), names),
				.unit = any_of((unsigned int)rand(), names),
				.action = rand() % 2,
			};
		if (!(known & RULE_KNOWS_BUILD))
			early.exe = NULL;
		if (!(known & RULE_KNOWS_PLACE))
			early.namespace = early.unit = NULL;
		else if (rand() % 2)
			early.pod_pending = true, early.namespace = NULL;
		target_rules_match(&rules, &all, &action, &rule);
		n_ignored += action == RULE_IGNORE;
		if (!target_rules_ignore(&rules, &early, known))
			continue;
		n_told++;
		assert_int_equal(action, RULE_IGNORE);
	}
	assert_in_range(n_told, n_ignored / 4, n_ignored - 1);
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
		cmocka_unit_test(a_pod_whose_labels_are_not_known_yet),
		cmocka_unit_test(what_an_executable_alone_tells),
		cmocka_unit_test(what_is_told_early_holds),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
