/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/escape.h"
#include "base/text.h"
#include "config/unit.h"

void *config_alloc(struct config_block **blocks, size_t size)
{
	struct config_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = *blocks;
	*blocks = block;
	return block->bytes;
}

const char *config_keep(struct config_block **blocks, const char *text)
{
	char *copy = config_alloc(blocks, strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

void config_quote(const char *text, char ret_quoted[CONFIG_QUOTE_SIZE])
{
	struct span rest = span_of(text, strlen(text));
	size_t n = 0;

	ret_quoted[n++] = '"';
	while (rest.size && n + ESCAPE_MAX + sizeof("...\"") <= CONFIG_QUOTE_SIZE)
		n += escape_next(&rest, ret_quoted + n);
	snprintf(ret_quoted + n, CONFIG_QUOTE_SIZE - n, "%s\"", rest.size ? "..." : "");
}

static int _printf_(2, 3) wrong(char *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem, CONFIG_PROBLEM_SIZE, format, args);
	va_end(args);
	return CONFIG_E_WRONG;
}

static void *at(const struct config_key *key, void *base)
{
	return (char *)base + key->offset;
}

static const void *look(const struct config_key *key, const void *base)
{
	return (const char *)base + key->offset;
}

/* " from 1s to 1h", as far as there are limits. */
static void limits_of(const struct config_key *key, char ret_text[80])
{
	char min[UNIT_SIZE], max[UNIT_SIZE];
	enum unit unit = key->type == CONFIG_DURATION ? UNIT_TIME
			 : key->type == CONFIG_SIZE   ? UNIT_BYTES
						      : UNIT_NONE;

	unit_print(unit, key->min, min);
	unit_print(unit, key->max, max);
	if (key->min && key->max)
		snprintf(ret_text, 80, " from %s to %s", min, max);
	else if (key->min)
		snprintf(ret_text, 80, " of at least %s", min);
	else if (key->max)
		snprintf(ret_text, 80, " of at most %s", max);
	else
		ret_text[0] = '\0';
}

static int set_number(const struct config_key *key, void *base, const char *text, char *problem)
{
	static const char *const wanted[] = {
		[UNIT_NONE] = "a number",
		[UNIT_TIME] = "a time like 500ms, 60s, 5m or 24h",
		[UNIT_BYTES] = "a size like 64KiB, 512MiB or 2GiB",
	};
	enum unit unit = key->type == CONFIG_DURATION ? UNIT_TIME
			 : key->type == CONFIG_SIZE   ? UNIT_BYTES
						      : UNIT_NONE;
	char limits[80], quoted[CONFIG_QUOTE_SIZE];
	uint64_t value;

	if (!unit_parse(unit, text, &value) || value < key->min || (key->max && value > key->max)) {
		limits_of(key, limits);
		config_quote(text, quoted);
		return wrong(problem, "wants %s%s, not %s.", wanted[unit], limits, quoted);
	}
	memcpy(at(key, base), &value, sizeof(value));
	return 0;
}

static int set_bool(const struct config_key *key, void *base, const char *text, char *problem)
{
	bool value = !strcmp(text, "true");
	char quoted[CONFIG_QUOTE_SIZE];

	config_quote(text, quoted);
	if (!value && strcmp(text, "false"))
		return wrong(problem, "wants true or false, not %s.", quoted);
	memcpy(at(key, base), &value, sizeof(value));
	return 0;
}

/* Tools that speak YAML 1.1 turn on and off into true and false, so these mean the same. */
static bool is_choice(const char *choice, const char *text)
{
	return !strcmp(choice, text) || (!strcmp(choice, "on") && !strcmp(text, "true")) ||
	       (!strcmp(choice, "off") && !strcmp(text, "false"));
}

static int set_choice(const struct config_key *key, void *base, const char *text, char *problem)
{
	char quoted[CONFIG_QUOTE_SIZE], list[128] = "";

	for (unsigned int i = 0; key->choices[i]; i++) {
		if (is_choice(key->choices[i], text)) {
			memcpy(at(key, base), &i, sizeof(i));
			return 0;
		}
		size_t n = strlen(list);
		snprintf(list + n, sizeof(list) - n, "%s%s",
			 !i		       ? ""
			 : key->choices[i + 1] ? ", "
					       : " or ",
			 key->choices[i]);
	}
	config_quote(text, quoted);
	return wrong(problem, "wants %s, not %s.", list, quoted);
}

static bool is_clean(const char *text)
{
	return escape_is_clean(span_of(text, strlen(text)));
}

static bool has_user(const char *url)
{
	const char *scheme = strstr(url, "://"), *authority = scheme ? scheme + 3 : url;

	return memchr(authority, '@', strcspn(authority, "/"));
}

/* What is left is for whoever opens it. */
static int check_url(const struct config_key *key, const char *text, char *problem)
{
	const char *wanted = key->type == CONFIG_FILE_URL
				     ? "http://HOST, https://HOST or file:///DIR"
				     : "http://HOST or https://HOST";
	struct span rest = span_of(text, strlen(text)), authority = { 0 };
	char quoted[CONFIG_QUOTE_SIZE];

	config_quote(text, quoted);
	if (key->type == CONFIG_FILE_URL && text_skip(&rest, "file:///"))
		return 0;
	/* Before anything is said of it: what is said ends up in logs. */
	if (has_user(text))
		return wrong(problem, "must not hold a user or a password: anybody could read them "
				      "in the list of processes. Put the password into a file.");
	if ((!text_skip(&rest, "http://") && !text_skip(&rest, "https://")) ||
	    !text_cut(&rest, '/', &authority) || !authority.size)
		return wrong(problem, "wants %s, not %s.", wanted, quoted);
	if (strpbrk(text, " ?#"))
		return wrong(problem, "wants a URL without blanks, ? and #, not %s.", quoted);
	return 0;
}

static int set_text(const struct config_key *key, void *base, const char *text,
		    struct config_block **blocks, char *problem)
{
	struct sockaddr_storage address;
	const char *value = NULL;
	char quoted[CONFIG_QUOTE_SIZE];
	socklen_t size;
	int r;

	config_quote(text, quoted);
	if (!is_clean(text))
		return wrong(problem, "must be UTF-8 without control characters, not %s.", quoted);
	if (*text && (key->type == CONFIG_URL || key->type == CONFIG_FILE_URL)) {
		r = check_url(key, text, problem);
		if (r)
			return r;
	}
	if (*text && key->type == CONFIG_ADDRESS && !address_parse(text, &address, &size))
		return wrong(problem, "wants an address like 127.0.0.1:7071 or [::1]:7071, not %s.",
			     quoted);
	if (*text || key->type == CONFIG_PATTERN) {
		value = config_keep(blocks, text);
		if (!value)
			return -ENOMEM;
	}
	memcpy(at(key, base), &value, sizeof(value));
	return 0;
}

int config_value_set(const struct config_key *key, void *base, const char *text,
		     struct config_block **blocks, char ret_problem[CONFIG_PROBLEM_SIZE])
{
	switch (key->type) {
	case CONFIG_DURATION:
	case CONFIG_SIZE:
	case CONFIG_COUNT:
		return set_number(key, base, text, ret_problem);
	case CONFIG_BOOL:
		return set_bool(key, base, text, ret_problem);
	case CONFIG_CHOICE:
		return set_choice(key, base, text, ret_problem);
	default:
		return set_text(key, base, text, blocks, ret_problem);
	}
}

static bool is_name(const char *text, const char *others)
{
	for (const char *c = text; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';

		if (!letter && (c == text || *c < '0' || *c > '9') && !strchr(others, *c))
			return false;
	}
	return *text;
}

int config_pair_check(const struct config_key *key, const char *name, const char *value,
		      char ret_problem[CONFIG_PROBLEM_SIZE])
{
	static const char *const secret[] = { "authorization", "proxy-authorization", "cookie" };
	char quoted[CONFIG_QUOTE_SIZE];

	config_quote(name, quoted);
	if (!is_clean(name) || !is_clean(value))
		return wrong(ret_problem, "must be UTF-8 without control characters, not %s.",
			     quoted);
	if (key->type == CONFIG_PATTERNS)
		return 0;
	if (key->type == CONFIG_LABELS && (!is_name(name, "") || !strncmp(name, "__", 2)))
		return wrong(ret_problem,
			     "wants names of letters, digits and _, not beginning with a digit or "
			     "__: %s is none.",
			     quoted);
	if (key->type == CONFIG_HEADERS && !is_name(name, "-0123456789"))
		return wrong(ret_problem, "wants names of letters, digits, - and _: %s is none.",
			     quoted);
	for (size_t i = 0; key->type == CONFIG_HEADERS && i < ARRAY_SIZE(secret); i++)
		if (!strcasecmp(name, secret[i]))
			return wrong(
				ret_problem,
				"must not hold %s: secrets are read from files. Use token_file, "
				"or user and password_file.",
				quoted);
	return 0;
}

/* Words that are no text in YAML 1.1. */
static bool is_typed(const char *text)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no",
					     "on",   "off",  "y",     "n" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

void config_scalar_print(const char *text, struct buf *to)
{
	struct span rest = span_of(text, strlen(text));
	char character[ESCAPE_MAX];

	/* No other type, no indicator of YAML at its beginning, no ": " and no " #" in it. */
	if (is_name(text, "/.-:") && text[strlen(text) - 1] != ':' && !strchr("-:.", *text) &&
	    !is_typed(text)) {
		buf_append_text(to, text);
		return;
	}
	buf_append_u8(to, '"');
	while (rest.size)
		buf_append(to, character, escape_next(&rest, character));
	buf_append_u8(to, '"');
}

void config_value_print(const struct config_key *key, const void *base, struct buf *to)
{
	char text[UNIT_SIZE];
	uint64_t number;
	unsigned int choice;
	const char *value;
	bool yes;

	switch (key->type) {
	case CONFIG_DURATION:
	case CONFIG_SIZE:
	case CONFIG_COUNT:
		memcpy(&number, look(key, base), sizeof(number));
		unit_print(key->type == CONFIG_DURATION ? UNIT_TIME
			   : key->type == CONFIG_SIZE	? UNIT_BYTES
							: UNIT_NONE,
			   number, text);
		buf_append_text(to, text);
		return;
	case CONFIG_BOOL:
		memcpy(&yes, look(key, base), sizeof(yes));
		buf_append_text(to, yes ? "true" : "false");
		return;
	case CONFIG_CHOICE:
		memcpy(&choice, look(key, base), sizeof(choice));
		buf_append_text(to, key->choices[choice]);
		return;
	default:
		memcpy(&value, look(key, base), sizeof(value));
		config_scalar_print(value ? value : "", to);
	}
}

const void *config_list(const struct config_key *key, const void *base, size_t *ret_n)
{
	const void *array;

	memcpy(&array, look(key, base), sizeof(array));
	memcpy(ret_n, (const char *)base + key->length, sizeof(*ret_n));
	return array;
}
