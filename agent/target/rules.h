/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to profile, and under which service name: an ordered list of rules, of which the first that
 * matches decides. Pure: facts in, verdict out.
 *
 *	struct target_rules rules = {
 *		.rules = (struct target_rule[]){
 *			{ .namespace = "kube-*", .action = RULE_IGNORE },
 *			{ .main_package = "example.com/shop*", .service = "shop" },
 *		},
 *		.n = 2,
 *		.otherwise = RULE_PROFILE,
 *	};
 *
 * Patterns are those of fnmatch(3) without flags: `*` also matches slashes and leading dots. A
 * pattern that is NULL matches anything; "" only what is missing or empty. All patterns of a rule
 * must match. Opt-in is a list whose `otherwise` is RULE_IGNORE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum rule_action {
	RULE_PROFILE = 0,
	RULE_IGNORE,
};

/* A label or an annotation of the pod: the key as it is, the value a pattern (NULL: any). */
struct target_rule_pair {
	const char *key;
	const char *value;
};

struct target_rule {
	const char *namespace;
	const char *pod;
	const char *container;	  /* its name in the pod; an LXC container's name */
	const char *container_id; /* whole, 64 hex digits */
	const char *unit;	  /* of systemd: "foo.service" */
	const char
		*exe; /* the path inside its mount namespace; without a slash, the last element */
	const char *main_package;
	const struct target_rule_pair *labels;
	size_t n_labels;
	const struct target_rule_pair *annotations;
	size_t n_annotations;

	enum rule_action action;
	const char *service; /* the service name of what matches; NULL: found out as usual */
};

/* Borrowed; the owner (the configuration) keeps them for as long as they are used. */
struct target_rules {
	const struct target_rule *rules;
	size_t n;
	enum rule_action otherwise;
};

/* A key with a value, as pods have them. */
struct target_pair {
	const char *key;
	const char *value;
};

/* The value of a key, NULL for none. */
const char *target_pair_value(const struct target_pair *pairs, size_t n, const char *key);

/* What is known of a process. NULL: it has no such thing. */
struct target_facts {
	const char *namespace, *pod, *container, *container_id, *unit, *exe, *main_package;
	const struct target_pair *labels, *annotations;
	size_t n_labels, n_annotations;
	bool pod_pending; /* it is in a pod that is not known yet: nothing above is, of the pod */
	bool labels_pending; /* its names are known, its labels and annotations not yet */
};

enum rule_outcome {
	RULE_E_PENDING = 1, /* a rule asks for what is not known of the pod yet: ask again */
};

/* Early on, not all of the facts are known. */
enum rule_known {
	RULE_KNOWS_BUILD = 1 << 0, /* .exe, .main_package */
	RULE_KNOWS_PLACE = 1 << 1, /* all others, unless they are pending */
};

/* Whether it will be ignored, whatever else there is to be known. */
bool target_rules_ignore(const struct target_rules *rules, const struct target_facts *facts,
			 unsigned int known);

/*
 * The rule that decides, NULL for `otherwise`, whose action *ret_action is. 0 or RULE_E_PENDING;
 * then *ret_action is what holds should the pod never become known.
 */
int target_rules_match(const struct target_rules *rules, const struct target_facts *facts,
		       enum rule_action *ret_action, const struct target_rule **ret_rule);
