/* SPDX-License-Identifier: Apache-2.0 */
/* The regular expressions of selectors, by PCRE2. Inside of this room. */
#pragma once

#include "collector/query/selector.h"

/* 0, INGEST_E_REFUSED or -ENOMEM. */
int selector_regexp_new(const char *pattern, struct selector_regexp **ret_regexp,
			struct refusal *why);
struct selector_regexp *selector_regexp_free(struct selector_regexp *r);

/* Is all of @value matched? Not where it is no UTF-8. 0, INGEST_E_REFUSED or -ENOMEM. */
int selector_regexp_test(struct selector_regexp *r, const char *value, bool *ret_matches,
			 struct refusal *why);
