/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "collector/query/regexp.h"

#include <errno.h>
#include <pcre2.h>
#include <string.h>

/* Groups within groups: the compiler and the matcher go as deep. */
#define MAX_NESTING 50u
#define MAX_HEAP    4096u /* KiB that a match may take */

struct selector_regexp {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

struct selector_regexp *selector_regexp_free(struct selector_regexp *r)
{
	if (!r)
		return NULL;
	pcre2_code_free(r->code);
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->context);
	free(r);
	return NULL;
}

static void free_compile_context(pcre2_compile_context **c)
{
	pcre2_compile_context_free(*c);
}

static int compile(struct selector_regexp *r, const char *pattern, struct refusal *why)
{
	_cleanup_(free_compile_context) pcre2_compile_context *limits =
		pcre2_compile_context_create(NULL);
	const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_DOTALL |
				 PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
	uint32_t references = 0;
	PCRE2_UCHAR text[128];
	PCRE2_SIZE at;
	int error;

	if (!limits)
		return -ENOMEM;
	pcre2_set_max_pattern_length(limits, SELECTOR_MAX_PATTERN);
	pcre2_set_parens_nest_limit(limits, MAX_NESTING);
	r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &at,
				limits);
	if (!r->code && error == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	if (!r->code) {
		pcre2_get_error_message(error, text, sizeof(text));
		return refuse(why, REFUSAL_INVALID,
			      "a regular expression in the label selector cannot be used: %s",
			      (const char *)text);
	}
	pcre2_pattern_info(r->code, PCRE2_INFO_BACKREFMAX, &references);
	if (references)
		return refuse(why, REFUSAL_INVALID,
			      "a regular expression in the label selector has back references");
	return 0;
}

static void regexp_freep(struct selector_regexp **r)
{
	selector_regexp_free(*r);
}

int selector_regexp_new(const char *pattern, struct selector_regexp **ret_regexp,
			struct refusal *why)
{
	_cleanup_(regexp_freep) struct selector_regexp *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	int result = compile(r, pattern, why);
	if (result != 0)
		return result;
	r->data = pcre2_match_data_create(1, NULL);
	r->context = pcre2_match_context_create(NULL);
	if (!r->data || !r->context)
		return -ENOMEM;
	pcre2_set_match_limit(r->context, SELECTOR_MAX_STEPS);
	pcre2_set_depth_limit(r->context, SELECTOR_MAX_STEPS);
	pcre2_set_heap_limit(r->context, MAX_HEAP);
	*ret_regexp = TAKE_PTR(r);
	return 0;
}

int selector_regexp_test(struct selector_regexp *r, const char *value, bool *ret_matches,
			 struct refusal *why)
{
	int n = pcre2_match(r->code, (PCRE2_SPTR)value, strlen(value), 0, 0, r->data, r->context);

	*ret_matches = n >= 0;
	switch (n) {
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		return refuse(why, REFUSAL_INVALID,
			      "a regular expression in the label selector takes too long");
	case PCRE2_ERROR_NOMEMORY:
		return -ENOMEM;
	default:
		return 0;
	}
}
