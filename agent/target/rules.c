/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/rules.h"

#include <fnmatch.h>
#include <string.h>

/* A rule that can be told from nothing but what is known; one that cannot be, yet. */
enum match { MATCH_NO, MATCH_YES, MATCH_LATER };

static bool fits(const char *pattern, const char *text)
{
	return !pattern || !fnmatch(pattern, text ? text : "", 0);
}

static bool exe_fits(const char *pattern, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return fits(pattern, pattern && slash && !strchr(pattern, '/') ? slash + 1 : path);
}

const char *target_pair_value(const struct target_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(pairs[i].key, key))
			return pairs[i].value;
	return NULL;
}

static bool pair_fits(const struct target_rule_pair *wanted, const struct target_pair *pairs,
		      size_t n)
{
	const char *value = target_pair_value(pairs, n, wanted->key);

	if (!value)
		return wanted->value && !*wanted->value;
	return fits(wanted->value, value);
}

static bool pairs_fit(const struct target_rule_pair *wanted, size_t n_wanted,
		      const struct target_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n_wanted; i++)
		if (!pair_fits(&wanted[i], pairs, n))
			return false;
	return true;
}

static bool asks_for_pod(const struct target_rule *rule)
{
	return rule->namespace || rule->pod || rule->container || rule->n_labels ||
	       rule->n_annotations;
}

static bool process_fits(const struct target_rule *rule, const struct target_facts *facts)
{
	return fits(rule->container_id, facts->container_id) && fits(rule->unit, facts->unit) &&
	       exe_fits(rule->exe, facts->exe) && fits(rule->main_package, facts->main_package);
}

static bool names_fit(const struct target_rule *rule, const struct target_facts *facts)
{
	return fits(rule->namespace, facts->namespace) && fits(rule->pod, facts->pod) &&
	       fits(rule->container, facts->container);
}

static bool labels_fit(const struct target_rule *rule, const struct target_facts *facts)
{
	return pairs_fit(rule->labels, rule->n_labels, facts->labels, facts->n_labels) &&
	       pairs_fit(rule->annotations, rule->n_annotations, facts->annotations,
			 facts->n_annotations);
}

static enum match match_pod(const struct target_rule *rule, const struct target_facts *facts)
{
	if (facts->pod_pending && asks_for_pod(rule))
		return MATCH_LATER;
	if (!names_fit(rule, facts))
		return MATCH_NO;
	if (facts->labels_pending && (rule->n_labels || rule->n_annotations))
		return MATCH_LATER;
	return labels_fit(rule, facts) ? MATCH_YES : MATCH_NO;
}

static enum match match(const struct target_rule *rule, const struct target_facts *facts)
{
	return process_fits(rule, facts) ? match_pod(rule, facts) : MATCH_NO;
}

static bool build_fits(const struct target_rule *rule, const struct target_facts *facts)
{
	return exe_fits(rule->exe, facts->exe) && fits(rule->main_package, facts->main_package);
}

static enum match match_build(const struct target_rule *rule, const struct target_facts *facts,
			      unsigned int known)
{
	if (!rule->exe && !rule->main_package)
		return MATCH_YES;
	if (!(known & RULE_KNOWS_BUILD))
		return MATCH_LATER;
	return build_fits(rule, facts) ? MATCH_YES : MATCH_NO;
}

static enum match match_place(const struct target_rule *rule, const struct target_facts *facts,
			      unsigned int known)
{
	if (!rule->container_id && !rule->unit && !asks_for_pod(rule))
		return MATCH_YES;
	if (!(known & RULE_KNOWS_PLACE))
		return MATCH_LATER;
	if (!fits(rule->container_id, facts->container_id) || !fits(rule->unit, facts->unit))
		return MATCH_NO;
	return match_pod(rule, facts);
}

bool target_rules_ignore(const struct target_rules *rules, const struct target_facts *facts,
			 unsigned int known)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct target_rule *rule = &rules->rules[i];
		enum match build = match_build(rule, facts, known);
		enum match place = match_place(rule, facts, known);

		if (build == MATCH_NO || place == MATCH_NO)
			continue;
		if (rule->action == RULE_PROFILE)
			return false;
		if (build == MATCH_YES && place == MATCH_YES)
			return true;
	}
	return rules->otherwise == RULE_IGNORE;
}

int target_rules_match(const struct target_rules *rules, const struct target_facts *facts,
		       enum rule_action *ret_action, const struct target_rule **ret_rule)
{
	int pending = 0;

	for (size_t i = 0; i < rules->n; i++) {
		switch (match(&rules->rules[i], facts)) {
		case MATCH_YES:
			*ret_rule = &rules->rules[i];
			*ret_action = rules->rules[i].action;
			return pending;
		case MATCH_LATER:
			pending = RULE_E_PENDING;
			break;
		case MATCH_NO:
			break;
		}
	}
	*ret_rule = NULL;
	*ret_action = rules->otherwise;
	return pending;
}
