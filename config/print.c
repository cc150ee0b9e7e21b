/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as YAML, which reads back as the same. */
#include <string.h>

#include "config/value.h"

/* Big enough for any one value; what is printed is made of what was read, which has a limit. */
#define MAX_VALUE (1u << 20)

bool config_value_equal(const struct config_key *key, const void *a, const void *b)
{
	struct buf one = BUF_INIT(MAX_VALUE), two = BUF_INIT(MAX_VALUE);

	config_value_print(key, a, &one);
	config_value_print(key, b, &two);
	bool equal = !buf_error(&one) && !buf_error(&two) && one.size == two.size &&
		     !memcmp(one.data, two.data, one.size);
	buf_fini(&one);
	buf_fini(&two);
	return equal;
}

const char *config_restart_key(const struct config_schema *schema, const void *old, const void *now)
{
	for (size_t i = 0; i < schema->table->n; i++) {
		const struct config_key *key = &schema->table->keys[i];

		if (key->restart && !config_value_equal(key, old, now))
			return key->path;
	}
	return NULL;
}

/* A text that was not given and has no default either. */
static bool is_absent(const struct config_key *key, const void *base)
{
	const char *text;

	if (key->fallback || (key->type > CONFIG_ADDRESS && !config_is_list(key)))
		return false;
	memcpy(&text, (const char *)base + key->offset, sizeof(text));
	return !text;
}

static void print_pairs(const struct config_key *key, const void *base, int depth, struct buf *to)
{
	size_t n;
	const char *const *texts = config_list(key, base, &n);

	for (size_t i = 0; i < n; i++) {
		buf_printf(to, "%*s", depth, "");
		config_scalar_print(texts[2 * i], to);
		buf_append_text(to, ": ");
		config_scalar_print(texts[2 * i + 1], to);
		buf_append_u8(to, '\n');
	}
}

static void print_headers(const struct config_key *key, const void *base, int depth, struct buf *to)
{
	size_t n;
	const char *const *lines = config_list(key, base, &n);

	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(lines[i], ':');

		buf_printf(to, "%*s\"%.*s\": ", depth, "", (int)(colon - lines[i]), lines[i]);
		config_scalar_print(colon + 2, to);
		buf_append_u8(to, '\n');
	}
}

/* The value behind "key:", with what is below it. */
static void print_value(const struct config_key *key, const void *base, int depth, struct buf *to)
{
	if (!config_is_list(key)) {
		buf_append_u8(to, ' ');
		config_value_print(key, base, to);
		buf_append_u8(to, '\n');
		return;
	}
	buf_append_u8(to, '\n');
	if (key->type == CONFIG_HEADERS)
		print_headers(key, base, depth + 2, to);
	else
		print_pairs(key, base, depth + 2, to);
}

/* One element of a list: a dash, then its keys below each other. */
static void print_element(const struct config_table *table, const void *base, struct buf *to)
{
	bool first = true;

	for (size_t i = 0; i < table->n; i++) {
		const struct config_key *key = &table->keys[i];

		if (is_absent(key, base))
			continue;
		buf_printf(to, "  %s %s:", first ? "-" : " ", key->path);
		first = false;
		print_value(key, base, 4, to);
	}
}

static void print_elements(const struct config_key *key, const void *config, struct buf *to)
{
	size_t n;
	const unsigned char *array = config_list(key, config, &n);

	buf_printf(to, "%s:\n", key->path);
	for (size_t i = 0; i < n; i++)
		print_element(key->list->table, array + i * key->list->table->size, to);
}

/* "spool:" before the first key below it that is printed; answers the key's own name. */
static const char *open_group(const char *path, const char **group, struct buf *to)
{
	const char *dot = strchr(path, '.');
	size_t n = dot ? (size_t)(dot - path) : 0;

	if (dot && (!*group || strncmp(*group, path, n + 1)))
		buf_printf(to, "%.*s:\n", (int)n, path);
	*group = dot ? path : NULL;
	return dot ? dot + 1 : path;
}

void config_print(const struct config_schema *schema, const void *config, struct buf *to)
{
	const char *group = NULL;

	for (size_t i = 0; i < schema->table->n; i++) {
		const struct config_key *key = &schema->table->keys[i];

		if (is_absent(key, config))
			continue;
		const char *name = open_group(key->path, &group, to);
		if (key->list) {
			print_elements(key, config, to);
			continue;
		}
		buf_printf(to, "%s%s:", group ? "  " : "", name);
		print_value(key, config, group ? 2 : 0, to);
	}
}
