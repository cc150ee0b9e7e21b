/* SPDX-License-Identifier: Apache-2.0 */
/* Words: flags and variables of the environment. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/scan.h"

static const struct config_key *find_flag(const struct config_table *table, struct span name)
{
	for (size_t i = 0; i < table->n; i++)
		if (span_equals(name, table->keys[i].flag))
			return &table->keys[i];
	return NULL;
}

static const struct config_key *find_variable(const struct config_schema *schema, struct span name)
{
	char variable[CONFIG_NAME_SIZE];

	for (size_t i = 0; i < schema->table->n; i++) {
		config_variable(schema, &schema->table->keys[i], variable);
		if (span_equals(name, variable))
			return &schema->table->keys[i];
	}
	return NULL;
}

/* cluster=prod,region=eu */
static int read_labels(struct config_scan *scan, const struct config_key *key, const char *text)
{
	struct span rest = span_of(text, strlen(text)), part, name;
	char quoted[CONFIG_QUOTE_SIZE], names[256], values[1024];
	int r = 0;

	while (!r && text_cut(&rest, ',', &part)) {
		if (!memchr(part.data, '=', part.size) || !text_cut(&part, '=', &name) ||
		    !text_copy(name, names, sizeof(names)) ||
		    !text_copy(part, values, sizeof(values))) {
			config_quote(text, quoted);
			config_problem(scan, 0, "wants NAME=VALUE, not %s.", quoted);
			return 0;
		}
		r = config_pair_add(scan, key, scan->config, names, values, 0);
	}
	return r;
}

static int read_word(struct config_scan *scan, const struct config_key *key, const char *text)
{
	bool is_yaml = *text == '{' || *text == '[';

	if (!config_is_list(key))
		return config_set(scan, key, scan->config, text, 0);
	config_list_begin(scan, key);
	if (is_yaml)
		return config_read_list(scan, key, text);
	if (key->type == CONFIG_LABELS)
		return read_labels(scan, key, text);
	if (key->list && key->list->single)
		return config_single_add(scan, key, text, 0);
	config_problem(scan, 0, "wants %s.", key->list ? key->list->word : "{NAME: VALUE}");
	return 0;
}

/*
 * Kubernetes sets HONE_COLLECTOR_SERVICE_HOST, HONE_COLLECTOR_PORT_4040_TCP and so on for a service
 * hone-collector in the pod's namespace: those are nobody's mistake.
 */
static bool is_of_others(const struct config_schema *schema, struct span name)
{
	struct span rest = name;

	text_skip(&rest, schema->variable);
	for (const char *const *other = schema->others; other && *other; other++)
		if (span_starts_with(rest, *other))
			return true;
	return memmem(name.data, name.size, "_SERVICE_", 9) ||
	       memmem(name.data, name.size, "_PORT_", 6) ||
	       (name.size > 5 && !memcmp(name.data + name.size - 5, "_PORT", 5));
}

static bool is_variable(const struct config_schema *schema, struct span name, const char *word)
{
	return text_skip(&name, schema->variable) && span_equals(name, word);
}

int config_read_environment(struct config_scan *scan, const char *const *environment)
{
	const struct config_schema *schema = scan->schema;
	struct span entry, name = { 0 };
	char where[CONFIG_NAME_SIZE];
	int r = 0;

	for (; !r && environment && *environment; environment++) {
		entry = span_of(*environment, strlen(*environment));
		if (!span_starts_with(entry, schema->variable) ||
		    !memchr(entry.data, '=', entry.size))
			continue;
		text_cut(&entry, '=', &name);
		const struct config_key *key = find_variable(schema, name);
		text_copy(name, where, sizeof(where));
		scan->where = where;
		if (key)
			r = read_word(scan, key, strchr(*environment, '=') + 1);
		else if (!is_variable(schema, name, "CONFIG") && !is_of_others(schema, name))
			config_problem(scan, 0, "there is no such variable. See --help.");
	}
	scan->where = "environment";
	return r;
}

/* Flags that are not keys. */
enum special {
	SPECIAL_NONE,
	SPECIAL_CONFIG,
	SPECIAL_CHECK,
	SPECIAL_HELP,
	SPECIAL_VERSION,
};

static enum special special_of(struct span name)
{
	static const char *const names[] = { "config", "check-config", "help", "version" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (span_equals(name, names[i]))
			return (enum special)(i + 1);
	return SPECIAL_NONE;
}

/* A flag as it stands in argv. */
struct flag {
	struct span name;
	const struct config_key *key;
	enum special special;
	const char *value; /* NULL: it has none */
	int words;	   /* of argv that it takes */
};

static bool wants_value(const struct flag *flag)
{
	return flag->special == SPECIAL_CONFIG || (flag->key && flag->key->type != CONFIG_BOOL);
}

/* False when argv[@at] is no flag at all. */
static bool take_flag(const struct config_table *table, const struct config_input *in, int at,
		      struct flag *ret_flag)
{
	struct span rest = span_of(in->argv[at], strlen(in->argv[at]));
	const char *equals = strchr(in->argv[at], '=');

	*ret_flag = (struct flag){ .words = 1, .value = equals ? equals + 1 : NULL };
	if (!strcmp(in->argv[at], "-h")) {
		ret_flag->special = SPECIAL_HELP;
		return true;
	}
	if (!text_skip(&rest, "--") || !text_cut(&rest, '=', &ret_flag->name))
		return false;
	ret_flag->key = find_flag(table, ret_flag->name);
	ret_flag->special = special_of(ret_flag->name);
	if (!ret_flag->value && wants_value(ret_flag) && at + 1 < in->argc) {
		ret_flag->value = in->argv[at + 1];
		ret_flag->words = 2;
	}
	return true;
}

static int read_flag(struct config_scan *scan, const struct flag *flag)
{
	if (!flag->key && !flag->special)
		config_problem(scan, 0, "there is no such flag. See --help.");
	else if (!flag->value && wants_value(flag))
		config_problem(scan, 0, "wants a value.");
	else if (flag->value && flag->special > SPECIAL_CONFIG)
		config_problem(scan, 0, "takes no value.");
	else if (flag->key)
		return read_word(scan, flag->key, flag->value ? flag->value : "true");
	return 0;
}

int config_read_flags(struct config_scan *scan, int argc, const char *const *argv)
{
	struct config_input in = { .argc = argc, .argv = argv };
	char where[CONFIG_NAME_SIZE], quoted[CONFIG_QUOTE_SIZE];
	struct flag flag;
	int r = 0;

	for (int at = 1; !r && at < argc; at += flag.words) {
		bool is_flag = take_flag(scan->schema->table, &in, at, &flag);
		struct span word = span_of(argv[at], strcspn(argv[at], "="));

		config_quote(argv[at], quoted);
		text_copy(word, where, sizeof(where));
		scan->where = is_flag ? where : "command line";
		if (is_flag)
			r = read_flag(scan, &flag);
		else
			config_problem(scan, 0, "%s is no flag. See --help.", quoted);
	}
	scan->where = "command line";
	return r;
}

static void choose_file(struct config_choice *choice, const char *file)
{
	choice->file = file;
	choice->named = true;
}

void config_choose(const struct config_schema *schema, const struct config_input *in,
		   struct config_choice *ret_choice)
{
	struct config_choice choice = { .file = schema->file };
	struct span entry, name;
	struct flag flag;

	for (const char *const *e = in->environment; e && *e; e++) {
		entry = span_of(*e, strlen(*e));
		if (strchr(*e, '=') && text_cut(&entry, '=', &name) &&
		    is_variable(schema, name, "CONFIG"))
			choose_file(&choice, strchr(*e, '=') + 1);
	}
	for (int at = 1; at < in->argc; at += flag.words) {
		if (!take_flag(schema->table, in, at, &flag))
			continue;
		if (flag.special == SPECIAL_CONFIG && flag.value)
			choose_file(&choice, flag.value);
		else if (flag.special == SPECIAL_HELP)
			choice.action = CONFIG_HELP;
		else if (flag.special == SPECIAL_VERSION && choice.action != CONFIG_HELP)
			choice.action = CONFIG_VERSION;
		else if (flag.special == SPECIAL_CHECK && choice.action == CONFIG_RUN)
			choice.action = CONFIG_CHECK;
	}
	*ret_choice = choice;
}
