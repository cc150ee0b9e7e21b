/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label selectors as PromQL has them (prometheus.io/docs/prometheus/latest/querying/basics):
 * {service_name="api", pod=~"api-.*"}. Pure.
 *
 * Matchers are = != =~ !~, and all have to hold. A label that is not there counts as "". A regular
 * expression has to match the whole value; "." is any character, newlines included. Strings are in
 * double or single quotes with Go's escapes, or in backquotes without any. In front of the braces,
 * or quoted within them, may stand the value of __name__. Names within the braces may be quoted.
 * "" selects all, as {} does.
 *
 * Regular expressions are PCRE2's with a bound on the steps that a match may take. Prometheus uses
 * RE2, whose syntax it takes but for details; back references, which RE2 cannot have, are refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "collector/ingest/refusal.h"

#define SELECTOR_MAX_MATCHERS 64u
#define SELECTOR_MAX_SIZE     ((size_t)64 << 10) /* bytes of its text */
#define SELECTOR_MAX_PATTERN  4096u		 /* bytes of a regular expression */
#define SELECTOR_MAX_STEPS    20000u		 /* PCRE2's match limit */

enum selector_operator { SELECTOR_EQUAL, SELECTOR_NOT_EQUAL, SELECTOR_MATCH, SELECTOR_NO_MATCH };

struct selector_regexp;

struct selector_matcher {
	enum selector_operator op;
	char *name, *value;
	struct selector_regexp *regexp; /* or NULL */
};

struct selector {
	struct selector_matcher matchers[SELECTOR_MAX_MATCHERS];
	size_t n;
};

#define SELECTOR_NULL  \
	{              \
		.n = 0 \
	}

void selector_fini(struct selector *s);

/* Add the matchers of @text to those that are there. 0, INGEST_E_REFUSED or -ENOMEM. */
int selector_parse(struct selector *s, struct span text, struct refusal *why);

/*
 * Do all hold? @value gives the value of a label, "" for none. 0, INGEST_E_REFUSED where a regular
 * expression takes too long, or -ENOMEM.
 */
int selector_test(const struct selector *s,
		  const char *(*value)(const void *context, const char *name), const void *context,
		  bool *ret_holds, struct refusal *why);

/* A label that all selected have: the first = with a value and a name that @except does not hold
 * for. Or NULL. */
const struct selector_matcher *selector_equality(const struct selector *s,
						 bool (*except)(const char *name));
