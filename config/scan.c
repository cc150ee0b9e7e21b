/* SPDX-License-Identifier: Apache-2.0 */
#include "config/scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

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
	int r = config_value_set(key, base, text, scan->blocks, problem);

	/* A flag and a variable are named after their key, so it need not be named twice. */
	if (r > 0 && scan->lines)
		config_problem(scan, line, "%s %s", key->path, problem);
	else if (r > 0)
		config_problem(scan, line, "%s", problem);
	return r < 0 ? r : 0;
}

void config_list_begin(struct config_scan *scan, const struct config_key *key)
{
	size_t at = (size_t)(key - scan->schema->table->keys), none = 0;
	const void *empty = NULL;

	if (scan->sources[at] == scan->source)
		return;
	scan->sources[at] = scan->source;
	memcpy((char *)scan->config + key->offset, &empty, sizeof(empty));
	memcpy((char *)scan->config + key->length, &none, sizeof(none));
}

static size_t element_size(const struct config_key *key, size_t *ret_max)
{
	*ret_max = key->list ? key->list->max : key->max ? key->max : CONFIG_MAX_PAIRS;
	if (key->list)
		return key->list->table->size;
	return key->type == CONFIG_HEADERS ? sizeof(const char *) : sizeof(struct config_pair);
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
		array = config_alloc(scan->blocks, (n ? 2 * n : room) * size);
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
	struct config_block **blocks = scan->blocks;
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
	size_t problems = config_problem_count(scan);

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
		return config_problem_count(scan) > problems ? 0 : -ENOMEM;
	return store_pair(scan, key, element, name, value);
}

int config_single_add(struct config_scan *scan, const struct config_key *key, const char *text,
		      size_t line)
{
	const struct config_table *table = key->list->table;
	_cleanup_(freep) void *single = calloc(1, table->size);
	size_t problems = config_problem_count(scan);

	if (!single)
		return -ENOMEM;
	int r = config_defaults(scan, table, single);
	if (!r)
		r = config_set(scan, &table->keys[0], single, text, line);
	if (r || config_problem_count(scan) > problems)
		return r;
	if (key->list->check)
		key->list->check(scan, single, line);
	void *element = config_list_add(scan, key, scan->config, line);
	if (!element)
		return config_problem_count(scan) > problems ? 0 : -ENOMEM;
	memcpy(element, single, table->size);
	return 0;
}
