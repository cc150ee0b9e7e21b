/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a default.pgo is to be made of: plain values with defaults, set by name and text, so that a
 * request's arguments, a file and a configuration say them in the same words.
 *
 *	window		72h	only profiles that began within it; d, h or m, up to 366d
 *	depth		2	locations of each stack that are kept; 0: all
 *	weight		cpu	cpu: each profile by its CPU time, so that the result is what the
 *				fleet costs; equal-instance: each instance (set of labels) as much
 *				as any other; equal-time: each day as much as any other
 *	decay		0.5	an older build's weight, relative to the next newer one's
 *	max-builds	5	builds that are used at most
 *	min-instances	1	instances below which a profile is not good enough
 *	modes		footprint	of a program that runs in several modes (leader, follower):
 *				footprint: all, by their CPU time; largest: the one that costs most;
 *				each: one has to be asked for
 *	mode-label	mode	the label that tells the mode
 *	canary-share	0.1	a build with fewer instances than this share of those of the build
 *	canary-age	24h	with most is left out until it was seen for so long; 0: never
 *	canary-label	canary	and so are profiles with this label, but for "false", "no" and "0"
 *	hold		0.9	what was published stays while the overlap of hot call edges with
 *				what would be made now is as much; 0: make anew each time
 *	max-hold	7d	but no longer than this
 *	cold		1	calls of functions on the cold list are taken out (pgo/cold.h); 0:
 *not
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define CURATE_LABEL_SIZE 64u
#define CURATE_DEPTH	  2u /* what Go 1.21 to 1.27 read */

enum curate_weight {
	CURATE_WEIGHT_CPU,
	CURATE_WEIGHT_INSTANCE,
	CURATE_WEIGHT_TIME,
};

enum curate_modes {
	CURATE_MODES_FOOTPRINT,
	CURATE_MODES_LARGEST,
	CURATE_MODES_EACH,
};

struct curate_policy {
	int64_t window; /* ns */
	unsigned int depth;
	enum curate_weight weight;
	double decay;
	unsigned int max_builds, min_instances;
	enum curate_modes modes;
	char mode_label[CURATE_LABEL_SIZE];
	double canary_share;
	int64_t canary_age; /* ns */
	char canary_label[CURATE_LABEL_SIZE];
	double hold;
	int64_t max_hold; /* ns */
	bool cold;
};

#define CURATE_POLICY_DEFAULT                                                                   \
	{                                                                                       \
		.window = (int64_t)72 * 3600 * 1000000000, .depth = CURATE_DEPTH, .decay = 0.5, \
		.max_builds = 5, .min_instances = 1, .mode_label = "mode", .canary_share = 0.1, \
		.canary_age = (int64_t)24 * 3600 * 1000000000, .canary_label = "canary",        \
		.hold = 0.9, .max_hold = (int64_t)7 * 24 * 3600 * 1000000000, .cold = true,     \
	}

enum curate_policy_outcome {
	CURATE_POLICY_E_UNKNOWN = 1, /* no such name */
	CURATE_POLICY_E_WRONG,	     /* a value it cannot have */
};

/* Set what is called @name. 0 or an outcome. */
int curate_policy_set(struct curate_policy *p, const char *name, const char *value);

/* The values that @name may have, as a clause; NULL: there is no such name. */
const char *curate_policy_range(const char *name);

/* Append all, "name=value name=value": equal texts are equal policies. */
void curate_policy_print(const struct curate_policy *p, struct buf *to);

/*
 * The policies of a file:
 *
 *	# for all
 *	window = 48h
 *	[example.com/shop/cmd/api]
 *	weight = equal-instance
 *	[example.com/shop*]
 *	min-instances = 3
 *
 * A section is for the main package or service of that name, or with "*" at its end for all that
 * begin so. What comes later in the file goes before what came earlier.
 */
struct curate_rules;

#define CURATE_MAX_RULES 10000u

/* 0, an outcome, and then *ret_line says where, or -ENOMEM. */
int curate_rules_new(struct span text, struct curate_rules **ret_rules, size_t *ret_line);
struct curate_rules *curate_rules_free(struct curate_rules *r);

/* Set what the file says of @name. @r may be NULL. */
void curate_rules_apply(const struct curate_rules *r, const char *name, struct curate_policy *p);
