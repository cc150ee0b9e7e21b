/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys as people read it: --help, the manual, the example file. */
#include <string.h>

#include "config/parse.h"

/* @text in lines of at most @width columns, each after @prefix. */
static void wrap(struct buf *to, const char *prefix, const char *text, size_t width)
{
	while (*text) {
		size_t n = strlen(text), room = width - strlen(prefix);

		if (n > room)
			for (n = room; n && text[n] != ' '; n--)
				;
		if (!n) /* one word, longer than a line */
			n = strcspn(text, " ");
		buf_printf(to, "%s%.*s\n", prefix, (int)n, text);
		text += n + (text[n] == ' ');
	}
}

static void help_key(struct buf *to, const struct config_key *key, const char *name)
{
	struct buf text = BUF_INIT(4096);

	buf_append_text(&text, key->help);
	if (key->choices) {
		buf_append_text(&text, ":");
		for (size_t i = 0; key->choices[i]; i++)
			buf_printf(&text, "%s %s", i ? "," : "", key->choices[i]);
	}
	if (key->fallback && *key->fallback)
		buf_printf(&text, " (%s)", key->fallback);
	buf_append_u8(&text, '\0');
	buf_printf(to, "  %s%s%s\n", name, key->type == CONFIG_BOOL ? "=" : " ", key->value);
	if (!buf_error(&text))
		wrap(to, "        ", (const char *)text.data, 80);
	buf_fini(&text);
}

static void help_table(struct buf *to, const struct config_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		help_key(to, &table->keys[i], table->keys[i].path);
}

void config_help(const struct config_schema *schema, struct buf *to)
{
	const struct config_table *table = schema->table;
	char name[CONFIG_NAME_SIZE + 2] = "--";

	buf_printf(to,
		   "%s\n"
		   "A flag goes before a variable, that before the file. A list replaces a "
		   "lower one as a whole.\n"
		   "\n"
		   "  --config FILE\n"
		   "        the file (%s, if it is there)\n"
		   "  --check-config\n"
		   "        print what would be in force, or what is wrong, and exit\n"
		   "  --help\n"
		   "  --version\n",
		   schema->usage, schema->file);
	for (size_t i = 0; i < table->n; i++) {
		strncpy(name + 2, table->keys[i].flag, CONFIG_NAME_SIZE - 1);
		help_key(to, &table->keys[i], name);
	}
	for (size_t i = 0; i < table->n; i++) {
		if (!table->keys[i].list)
			continue;
		buf_printf(to, "\n%s\n\n", table->keys[i].list->help);
		help_table(to, table->keys[i].list->table);
	}
	buf_append_text(to, "\nExit: 0 stopped or checked, 1 error, 2 wrong configuration.\n");
}

/* A line of mdoc must not begin with a dot or a quote, and a backslash is written \e. */
static void manual_text(struct buf *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_append_text(to, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_append_text(to, "\\e");
		else
			buf_append_u8(to, (uint8_t)*text);
	}
}

static void manual_body(struct buf *to, const struct config_key *key)
{
	manual_text(to, key->help);
	if (key->choices) {
		buf_append_text(to, ":\n");
		for (size_t i = 0; key->choices[i]; i++)
			buf_printf(to, ".Cm %s %s\n", key->choices[i],
				   key->choices[i + 1] ? "," : ".");
	} else {
		buf_append_text(to, ".\n");
	}
	if (key->fallback && *key->fallback)
		buf_printf(to, "The default is\n.Ql %s .\n", key->fallback);
	if (key->restart)
		buf_append_text(to, "Read at the start only.\n");
}

static void manual_table(struct buf *to, const struct config_table *table)
{
	buf_append_text(to, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < table->n; i++) {
		const struct config_key *key = &table->keys[i];

		if (key->flag)
			buf_printf(to, ".It Fl -%s Ar %s , Cm %s\n", key->flag, key->value,
				   key->path);
		else
			buf_printf(to, ".It Cm %s : Ar %s\n", key->path, key->value);
		manual_body(to, key);
	}
	buf_append_text(to, ".El\n");
}

void config_manual(const struct config_schema *schema, struct buf *to)
{
	manual_table(to, schema->table);
	for (size_t i = 0; i < schema->table->n; i++) {
		const struct config_list *list = schema->table->keys[i].list;

		if (!list)
			continue;
		buf_append_text(to, list->manual);
		manual_table(to, list->table);
	}
}

static void example_key(struct buf *to, const struct config_key *key, const char *name,
			const char *indent)
{
	char prefix[16] = "#";
	const char *value = key->fallback && *key->fallback ? key->fallback : "\"\"";

	strcat(prefix, indent);
	buf_append_text(to, prefix);
	if (key->type == CONFIG_LIST)
		value = "[]";
	else if (key->type == CONFIG_LABELS || key->type == CONFIG_HEADERS)
		value = "{}";
	buf_printf(to, "%s: %s\n", name, value);
}

static void example_help(struct buf *to, const struct config_key *key, const char *prefix)
{
	wrap(to, prefix, key->help, 100);
	for (size_t i = 0; key->choices && key->choices[i]; i++)
		buf_printf(to, "%s%s%s", i ? ", " : prefix, key->choices[i],
			   key->choices[i + 1] ? "" : "\n");
}

static void example_list(struct buf *to, const struct config_key *key)
{
	const struct config_table *table = key->list->table;

	buf_printf(to, "#%s:\n", key->path);
	for (size_t i = 0; i < table->n; i++) {
		struct config_key shown = table->keys[i];

		if (!i)
			shown.fallback = key->fallback;
		example_help(to, &shown, "#    # ");
		example_key(to, &shown, shown.path, i ? "    " : "  - ");
	}
}

/* Keys that have no defaults are told of only. */
static void example_comment(struct buf *to, const struct config_key *key)
{
	const struct config_table *table = key->list->table;

	buf_printf(to, "#\n# %s\n", key->list->comment);
	for (size_t i = 0; i < table->n; i++) {
		const struct config_key *of = &table->keys[i];

		buf_printf(to, "# - %s: %s", of->path, of->help);
		for (size_t c = 0; of->choices && of->choices[c]; c++)
			buf_printf(to, "%s %s", c ? "," : ":", of->choices[c]);
		buf_append_u8(to, '\n');
	}
	example_key(to, key, key->path, "");
}

void config_example(const struct config_schema *schema, struct buf *to)
{
	const char *group = NULL;

	buf_append_text(to, schema->example);
	for (size_t i = 0; i < schema->table->n; i++) {
		const struct config_key *key = &schema->table->keys[i];
		const char *dot = strchr(key->path, '.');
		size_t n = dot ? (size_t)(dot - key->path) : 0;
		bool opens = dot && (!group || strncmp(group, key->path, n + 1));

		if (!dot || opens)
			buf_append_u8(to, '\n');
		if (opens)
			buf_printf(to, "#%.*s:\n", (int)n, key->path);
		group = dot ? key->path : NULL;
		example_help(to, key, dot ? "#  # " : "# ");
		if (key->list && key->list->comment)
			example_comment(to, key);
		else if (key->list)
			example_list(to, key);
		else
			example_key(to, key, dot ? dot + 1 : key->path, dot ? "  " : "");
	}
}
