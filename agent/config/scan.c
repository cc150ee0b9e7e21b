/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void config_problem(struct config_scan *scan, size_t line, const char *format, ...)
{
	struct config_problems *problems = scan->problems;
	char *text = problems->texts[problems->n];
	va_list args;
	int n;

	if (problems->n == CONFIG_MAX_PROBLEMS) {
		problems->more++;
		return;
	}
	problems->n++;
	if (scan->lines && line)
		n = snprintf(text, CONFIG_PROBLEM_SIZE, "%.100s:%zu: ", scan->where, line);
	else
		n = snprintf(text, CONFIG_PROBLEM_SIZE, "%.100s: ", scan->where);
	va_start(args, format);
	vsnprintf(text + n, CONFIG_PROBLEM_SIZE - (size_t)n, format, args);
	va_end(args);
}

const struct config_key *config_find(const struct config_table *table, const char *path)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->keys[i].path, path))
			return &table->keys[i];
	return NULL;
}

int config_defaults(struct config_scan *scan, const struct config_table *table, void *base)
{
	int r;

	for (size_t i = 0; i < table->n; i++) {
		const struct config_key *key = &table->keys[i];

		if (!key->fallback || config_is_list(key))
			continue;
		r = config_set(scan, key, base, key->fallback, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int config_set(struct config_scan *scan, const struct config_key *key, void *base, const char *text,
	       size_t line)
{
	char problem[CONFIG_PROBLEM_SIZE];
	int r = config_value_set(key, base, text, &scan->config->blocks, problem);

	/* A flag and a variable are named after their key, so it need not be named twice. */
	if (r > 0 && scan->lines)
		config_problem(scan, line, "%s %s", key->path, problem);
	else if (r > 0)
		config_problem(scan, line, "%s", problem);
	return r < 0 ? r : 0;
}

void config_list_begin(struct config_scan *scan, const struct config_key *key)
{
	size_t at = (size_t)(key - config_agent_keys.keys), none = 0;
	const void *empty = NULL;

	if (scan->sources[at] == scan->source)
		return;
	scan->sources[at] = scan->source;
	memcpy((char *)scan->config + key->offset, &empty, sizeof(empty));
	memcpy((char *)scan->config + key->length, &none, sizeof(none));
}

static size_t element_size(const struct config_key *key, size_t *ret_max)
{
	*ret_max = CONFIG_MAX_PAIRS;
	switch (key->type) {
	case CONFIG_STORES:
		*ret_max = CONFIG_MAX_STORES;
		return sizeof(struct config_store);
	case CONFIG_RULES:
		*ret_max = CONFIG_MAX_RULES;
		return sizeof(struct target_rule);
	case CONFIG_HEADERS:
		return sizeof(const char *);
	case CONFIG_LABELS:
		*ret_max = CONFIG_MAX_LABELS;
		return sizeof(struct config_pair);
	default:
		return sizeof(struct config_pair);
	}
}

void *config_list_add(struct config_scan *scan, const struct config_key *key, void *base,
		      size_t line)
{
	size_t n, max, size = element_size(key, &max), room = 4;
	const void *old = config_list(key, base, &n);
	unsigned char *array = (unsigned char *)old;

	if (n == max) {
		config_problem(scan, line, "%s can hold %zu at most.", key->path, max);
		return NULL;
	}
	while (room < n)
		room *= 2;
	if (!n || n == room) { /* full, for rooms are powers of two */
		array = config_alloc(&scan->config->blocks, (n ? 2 * n : room) * size);
		if (!array)
			return NULL;
		if (n)
			memcpy(array, old, n * size);
		memcpy((char *)base + key->offset, &array, sizeof(array));
	}
	void *element = array + n * size;
	n++;
	memcpy((char *)base + key->length, &n, sizeof(n));
	return element;
}

/* The name of pair number @i, which of a header is what stands before its colon. */
static struct span pair_name(const struct config_key *key, const void *array, size_t i)
{
	const char *const *texts = array;
	const char *name = key->type == CONFIG_HEADERS ? texts[i] : texts[2 * i];

	return span_of(name, key->type == CONFIG_HEADERS ? strcspn(name, ":") : strlen(name));
}

static bool has_pair(const struct config_key *key, const void *base, const char *name)
{
	size_t n;
	const void *array = config_list(key, base, &n);

	for (size_t i = 0; i < n; i++)
		if (span_equals(pair_name(key, array, i), name))
			return true;
	return false;
}

static int store_pair(struct config_scan *scan, const struct config_key *key, void *element,
		      const char *name, const char *value)
{
	struct config_block **blocks = &scan->config->blocks;
	const char *texts[2] = { NULL, NULL };

	if (key->type == CONFIG_HEADERS) {
		size_t size = strlen(name) + strlen(value) + sizeof(": ");
		char *line = config_alloc(blocks, size);

		if (!line)
			return -ENOMEM;
		snprintf(line, size, "%s: %s", name, value);
		memcpy(element, &line, sizeof(line));
		return 0;
	}
	texts[0] = config_keep(blocks, name);
	texts[1] = config_keep(blocks, value);
	memcpy(element, texts, sizeof(texts));
	return texts[0] && texts[1] ? 0 : -ENOMEM;
}

int config_pair_add(struct config_scan *scan, const struct config_key *key, void *base,
		    const char *name, const char *value, size_t line)
{
	char problem[CONFIG_PROBLEM_SIZE], quoted[CONFIG_QUOTE_SIZE];
	size_t problems = scan->problems->n + scan->problems->more;

	if (config_pair_check(key, name, value, problem)) {
		config_problem(scan, line, "%s %s", key->path, problem);
		return 0;
	}
	if (has_pair(key, base, name)) {
		config_quote(name, quoted);
		config_problem(scan, line, "%s has %s twice.", key->path, quoted);
		return 0;
	}
	void *element = config_list_add(scan, key, base, line);
	if (!element)
		return scan->problems->n + scan->problems->more > problems ? 0 : -ENOMEM;
	return store_pair(scan, key, element, name, value);
}

int config_store_add(struct config_scan *scan, const char *url, size_t line)
{
	const struct config_key *stores = config_find(&config_agent_keys, "stores");
	const struct config_key *key = config_find(&config_store_keys, "url");
	struct config_store store = { 0 };
	size_t problems = scan->problems->n + scan->problems->more;
	int r = config_defaults(scan, &config_store_keys, &store);

	if (!r)
		r = config_set(scan, key, &store, url, line);
	if (r || scan->problems->n + scan->problems->more > problems)
		return r;
	config_store_check(scan, &store, line);
	void *element = config_list_add(scan, stores, scan->config, line);
	if (!element)
		return scan->problems->n + scan->problems->more > problems ? 0 : -ENOMEM;
	memcpy(element, &store, sizeof(store));
	return 0;
}

/* Two stores are one if URL and tenant are the same: their profiles could not be told apart. */
static bool is_same_store(const struct config_store *a, const struct config_store *b)
{
	return a->url && b->url && !strcmp(a->url, b->url) &&
	       !strcmp(a->tenant ? a->tenant : "", b->tenant ? b->tenant : "");
}

void config_store_check(struct config_scan *scan, const struct config_store *s, size_t line)
{
	const char *what = NULL;

	if (!s->url)
		what = "has no url.";
	else if (s->token_file && (s->user || s->password_file))
		what = "has a token_file and a user: give one of them.";
	else if (s->user && !s->password_file)
		what = "has a user but no password_file.";
	else if (s->password_file && !s->user)
		what = "has a password_file but no user.";
	else if (s->key_file && !s->cert_file)
		what = "has a key_file but no cert_file.";
	for (size_t i = 0; !what && i < scan->config->n_stores; i++)
		if (is_same_store(s, &scan->config->stores[i]) && s != &scan->config->stores[i])
			what = "is given twice: another one has the same url and tenant.";
	if (what)
		config_problem(scan, line, "the store %s%s%s", s->url ? s->url : "",
			       s->url ? " " : "", what);
}

void config_rule_check(struct config_scan *scan, const struct target_rule *rule, size_t line)
{
	if (rule->action == RULE_IGNORE && rule->service)
		config_problem(scan, line,
			       "the rule has a service for processes that it ignores: leave out "
			       "service or action.");
}
