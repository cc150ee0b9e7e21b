/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/policy.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define MINUTE	   (60 * (int64_t)NSEC_PER_SEC)
#define DAY	   (24 * 60 * MINUTE)
#define MAX_WINDOW (366 * DAY)

static const char *const weights[] = { "cpu", "equal-instance", "equal-time", NULL };
static const char *const modes[] = { "footprint", "largest", "each", NULL };

enum kind { WINDOW, TIME, DEPTH, NUMBER, SHARE, LABEL, FLAG, WORD };

static const struct member {
	const char *name;
	enum kind kind;
	size_t at;
	const char *const *words;
} members[] = {
#define AT(m) offsetof(struct curate_policy, m)
	{ "window", WINDOW, AT(window), NULL },
	{ "depth", DEPTH, AT(depth), NULL },
	{ "weight", WORD, AT(weight), weights },
	{ "decay", SHARE, AT(decay), NULL },
	{ "max-builds", NUMBER, AT(max_builds), NULL },
	{ "min-instances", NUMBER, AT(min_instances), NULL },
	{ "modes", WORD, AT(modes), modes },
	{ "mode-label", LABEL, AT(mode_label), NULL },
	{ "canary-share", SHARE, AT(canary_share), NULL },
	{ "canary-age", TIME, AT(canary_age), NULL },
	{ "canary-label", LABEL, AT(canary_label), NULL },
	{ "hold", SHARE, AT(hold), NULL },
	{ "max-hold", TIME, AT(max_hold), NULL },
	{ "cold", FLAG, AT(cold), NULL },
#undef AT
};

static const struct member *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!strcmp(members[i].name, name))
			return &members[i];
	return NULL;
}

/* ---- values ------------------------------------------------------------------------------ */

/* "72h", "3d", "30m"; "0" */
static bool parse_time(const char *text, int64_t *ret_time)
{
	struct span rest = span_of(text, strlen(text));
	uint64_t n;

	if (!text_number(&rest, 10, &n) || n > 100000 || rest.size > 1 || (n && !rest.size))
		return false;
	char unit = rest.size ? (char)rest.data[0] : 'm';
	if (!strchr("dhm", unit))
		return false;
	*ret_time = (int64_t)n * (unit == 'd' ? DAY : unit == 'h' ? 60 * MINUTE : MINUTE);
	return *ret_time <= MAX_WINDOW;
}

static bool parse_number(const char *text, unsigned int max, unsigned int *ret_number)
{
	struct span rest = span_of(text, strlen(text));
	uint64_t n;

	if (!text_number(&rest, 10, &n) || rest.size || n > max)
		return false;
	*ret_number = (unsigned int)n;
	return true;
}

/* 0 to 1, with up to six decimals, so that it prints as it was read. */
static bool parse_share(const char *text, double *ret_share)
{
	struct span rest = span_of(text, strlen(text)), decimals;
	uint64_t whole, part = 0;
	double unit = 1;

	if (!text_number(&rest, 10, &whole))
		return false;
	if (text_skip(&rest, ".")) {
		decimals = rest;
		if (!text_number(&rest, 10, &part) || decimals.size > 6)
			return false;
		for (size_t i = 0; i < decimals.size; i++)
			unit *= 10;
	}
	*ret_share = (double)whole + (double)part / unit;
	return !rest.size && *ret_share <= 1;
}

static bool parse_word(const char *text, const char *const *words, unsigned int *ret_word)
{
	for (*ret_word = 0; words[*ret_word]; ++*ret_word)
		if (!strcmp(words[*ret_word], text))
			return true;
	return false;
}

static bool set_label(char *label, const char *value)
{
	if (strlen(value) >= CURATE_LABEL_SIZE || strchr(value, ' '))
		return false;
	strcpy(label, value);
	return true;
}

static bool set(const struct member *m, void *to, const char *value)
{
	unsigned int number;
	int64_t time;

	switch (m->kind) {
	case WINDOW:
	case TIME:
		if (!parse_time(value, &time) || (m->kind == WINDOW && !time))
			return false;
		*(int64_t *)to = time;
		return true;
	case DEPTH:
		if (!parse_number(value, 1000, &number) || number == 1)
			return false;
		*(unsigned int *)to = number;
		return true;
	case NUMBER:
		if (!parse_number(value, 100000, &number) || !number)
			return false;
		*(unsigned int *)to = number;
		return true;
	case SHARE:
		return parse_share(value, to);
	case LABEL:
		return set_label(to, value);
	case FLAG:
		if (!parse_number(value, 1, &number))
			return false;
		*(bool *)to = number;
		return true;
	default:
		if (!parse_word(value, m->words, &number))
			return false;
		*(unsigned int *)to = number; /* enums are unsigned int to gcc and clang */
		return true;
	}
}

int curate_policy_set(struct curate_policy *p, const char *name, const char *value)
{
	const struct member *m = find(name);

	if (!m)
		return CURATE_POLICY_E_UNKNOWN;
	struct curate_policy changed = *p;
	if (!set(m, (char *)&changed + m->at, value))
		return CURATE_POLICY_E_WRONG;
	*p = changed;
	return 0;
}

const char *curate_policy_range(const char *name)
{
	static const char *const ranges[] = {
		[WINDOW] = "a number of d, h or m, up to 366 days",
		[TIME] = "0, or a number of d, h or m, up to 366 days",
		[DEPTH] = "0 for all locations, or from 2 to 1000",
		[NUMBER] = "a number from 1 to 100000",
		[SHARE] = "a number from 0 to 1, with up to six decimals",
		[LABEL] = "the name of a label, up to 63 bytes",
		[FLAG] = "0 or 1",
	};
	const struct member *m = find(name);

	if (!m)
		return NULL;
	if (m->words == weights)
		return "cpu, equal-instance or equal-time";
	return m->words ? "footprint, largest or each" : ranges[m->kind];
}

static void print_time(int64_t time, struct buf *to)
{
	bool hours = time % (60 * MINUTE) == 0;

	buf_printf(to, "%lld%c", (long long)(time / (hours ? 60 * MINUTE : MINUTE)),
		   hours ? 'h' : 'm');
}

static void print(const struct member *m, const void *at, struct buf *to)
{
	switch (m->kind) {
	case WINDOW:
	case TIME:
		print_time(*(const int64_t *)at, to);
		break;
	case SHARE:
		buf_printf(to, "%.6f", *(const double *)at);
		break;
	case LABEL:
		buf_append_text(to, at);
		break;
	case FLAG:
		buf_printf(to, "%d", *(const bool *)at);
		break;
	case WORD:
		buf_append_text(to, m->words[*(const unsigned int *)at]);
		break;
	default:
		buf_printf(to, "%u", *(const unsigned int *)at);
	}
}

void curate_policy_print(const struct curate_policy *p, struct buf *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		buf_printf(to, "%s%s=", i ? " " : "", members[i].name);
		print(&members[i], (const char *)p + members[i].at, to);
	}
}

/* ---- the file ---------------------------------------------------------------------------- */

struct rule {
	const char *section, *name, *value; /* section NULL: all */
};

struct curate_rules {
	char *text; /* lines cut into texts */
	struct rule rules[CURATE_MAX_RULES];
	size_t n;
};

/* @text without blanks at both ends. */
static char *trimmed(char *text)
{
	text += strspn(text, " \t\r");
	size_t n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text;
}

static int add_line(struct curate_rules *r, char *line, const char **section)
{
	struct curate_policy scratch = CURATE_POLICY_DEFAULT;
	char *end = strchr(line, '#'), *text, *value;

	if (end)
		*end = '\0';
	text = trimmed(line);
	size_t n = strlen(text);
	if (!n)
		return 0;
	if (text[0] == '[' && text[n - 1] == ']' && n > 2) {
		text[n - 1] = '\0';
		*section = trimmed(text + 1);
		return 0;
	}
	value = strchr(text, '=');
	if (!value || r->n == CURATE_MAX_RULES)
		return CURATE_POLICY_E_WRONG;
	*value++ = '\0';
	struct rule rule = { *section, trimmed(text), trimmed(value) };
	int result = curate_policy_set(&scratch, rule.name, rule.value);
	if (result == 0)
		r->rules[r->n++] = rule;
	return result;
}

int curate_rules_new(struct span text, struct curate_rules **ret_rules, size_t *ret_line)
{
	struct curate_rules *r = calloc(1, sizeof(*r));
	const char *section = NULL;
	char *line, *next;
	int result = 0;

	if (r)
		r->text = malloc(text.size + 1);
	if (!r || !r->text) {
		curate_rules_free(r);
		return -ENOMEM;
	}
	if (text.size)
		memcpy(r->text, text.data, text.size);
	r->text[text.size] = '\0';
	*ret_line = 0;
	for (next = r->text; result == 0 && (line = strsep(&next, "\n"));) {
		++*ret_line;
		result = add_line(r, line, &section);
	}
	if (result != 0)
		curate_rules_free(r);
	else
		*ret_rules = r;
	return result;
}

struct curate_rules *curate_rules_free(struct curate_rules *r)
{
	if (r)
		free(r->text);
	free(r);
	return NULL;
}

static bool is_for(const char *section, const char *name)
{
	size_t n = section ? strlen(section) : 0;

	if (n && section[n - 1] == '*')
		return !strncmp(section, name, n - 1);
	return !section || !strcmp(section, name);
}

void curate_rules_apply(const struct curate_rules *r, const char *name, struct curate_policy *p)
{
	for (size_t i = 0; r && i < r->n; i++)
		if (is_for(r->rules[i].section, name))
			curate_policy_set(p, r->rules[i].name, r->rules[i].value);
}
