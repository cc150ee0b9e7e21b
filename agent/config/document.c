/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys as people read it: --help, the manual, the example file. */
#include <string.h>

#include "agent/config/keys.h"

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

void config_help(struct buf *to)
{
	char name[CONFIG_NAME_SIZE + 2] = "--";

	buf_append_text(to,
			"hone-agent: profile every Go process of this machine, all the time\n"
			"\n"
			"Usage: hone-agent [FLAGS]\n"
			"       hone-agent status [--json] [--address ADDRESS | --config FILE]\n"
			"\n"
			"Each flag is a key of the file, too, and a variable of the environment: "
			"--spool-bytes 1GiB,\nHONE_SPOOL_BYTES=1GiB, or in the file\n"
			"\n"
			"  spool:\n"
			"    bytes: 1GiB\n"
			"\n"
			"A flag goes before a variable, that before the file. A list replaces a "
			"lower one as a whole.\n"
			"\n"
			"  --config FILE\n"
			"        the file (" CONFIG_DEFAULT_FILE ", if it is there)\n"
			"  --check-config\n"
			"        print what would be in force, or what is wrong, and exit\n"
			"  --help\n"
			"  --version\n");
	for (size_t i = 0; i < config_agent_keys.n; i++) {
		const struct config_key *key = &config_agent_keys.keys[i];

		strncpy(name + 2, key->flag, CONFIG_NAME_SIZE - 1);
		help_key(to, key, name);
	}
	buf_append_text(to, "\nA store with more than its URL is written as "
			    "--store '{url: URL, tenant: NAME}'. Its keys:\n\n");
	help_table(to, &config_store_keys);
	buf_append_text(to, "\nThe keys of a rule. Patterns are those of the shell; * matches "
			    "slashes, too:\n\n");
	help_table(to, &config_rule_keys);
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

void config_manual(struct buf *to)
{
	manual_table(to, &config_agent_keys);
	buf_append_text(to, ".Ss Stores\nEach store is a URL, or has these keys:\n");
	manual_table(to, &config_store_keys);
	buf_append_text(to,
			".Ss Rules\nAll patterns that a rule has must match.\nThey are those of\n"
			".Xr fnmatch 3 ,\nwhere\n.Ql *\nmatches slashes and leading dots, too; "
			"an empty one matches what is missing.\n");
	manual_table(to, &config_rule_keys);
}

static void example_key(struct buf *to, const struct config_key *key, const char *name,
			const char *indent)
{
	char prefix[16] = "#";
	const char *value = key->fallback && *key->fallback ? key->fallback : "\"\"";

	strcat(prefix, indent);
	buf_append_text(to, prefix);
	if (key->type == CONFIG_RULES)
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

static void example_stores(struct buf *to, const struct config_key *list)
{
	buf_printf(to, "#%s:\n", list->path);
	for (size_t i = 0; i < config_store_keys.n; i++) {
		const struct config_key *key = &config_store_keys.keys[i];
		struct config_key url = *key;

		if (!i)
			url.fallback = list->fallback;
		example_help(to, key, "#    # ");
		example_key(to, &url, key->path, i ? "    " : "  - ");
	}
}

/* A rule has no defaults, so its keys are told of only. */
static void example_rules(struct buf *to, const struct config_key *list)
{
	buf_append_text(to, "#\n# The keys of a rule, all of whose patterns must match:\n");
	for (size_t i = 0; i < config_rule_keys.n; i++) {
		const struct config_key *key = &config_rule_keys.keys[i];

		buf_printf(to, "# - %s: %s", key->path, key->help);
		for (size_t c = 0; key->choices && key->choices[c]; c++)
			buf_printf(to, "%s %s", c ? "," : ":", key->choices[c]);
		buf_append_u8(to, '\n');
	}
	example_key(to, list, list->path, "");
}

void config_example(struct buf *to)
{
	const char *group = NULL;

	buf_append_text(to,
			"# SPDX-License-Identifier: Apache-2.0\n"
			"# hone-agent: every key with its default. Copy it to " CONFIG_DEFAULT_FILE
			" and remove the #\n# from what you change. Secrets are named by their "
			"files, never written here.\n");
	for (size_t i = 0; i < config_agent_keys.n; i++) {
		const struct config_key *key = &config_agent_keys.keys[i];
		const char *dot = strchr(key->path, '.');
		size_t n = dot ? (size_t)(dot - key->path) : 0;

		if (!dot || !group || strncmp(group, key->path, n + 1))
			buf_append_u8(to, '\n');
		if (dot && (!group || strncmp(group, key->path, n + 1)))
			buf_printf(to, "#%.*s:\n", (int)n, key->path);
		group = dot ? key->path : NULL;
		example_help(to, key, dot ? "#  # " : "# ");
		if (key->type == CONFIG_STORES)
			example_stores(to, key);
		else if (key->type == CONFIG_RULES)
			example_rules(to, key);
		else
			example_key(to, key, dot ? dot + 1 : key->path, dot ? "  " : "");
	}
}
