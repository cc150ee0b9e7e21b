/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML into the tables, an event of libyaml at a time.
 *
 * No document is built: a value is used where it is met, and what has no place in the tables is
 * told of and skipped. So depth and memory are those of the tables, whatever the file holds;
 * aliases, by which a small file can mean a huge one, are refused, and so are tags but the standard
 * ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "config/scan.h"

#define MAX_PATH 64u

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one to be looked at next */
	struct config_scan *scan;
	bool broken; /* no YAML: told, nothing more can be read */
	int error;   /* -ENOMEM */
};

/* A mapping being read into a struct. */
struct place {
	const struct config_table *table;
	void *base;
	size_t lines[CONFIG_MAX_KEYS];	/* where each key was given; 0: not yet */
	size_t groups[CONFIG_MAX_KEYS]; /* likewise "spool", at the first key below it */
};

static bool is_over(const struct reader *r)
{
	return r->broken || r->error;
}

static size_t line_of(const struct reader *r)
{
	return r->event.start_mark.line + 1;
}

static void advance(struct reader *r)
{
	yaml_event_delete(&r->event);
	memset(&r->event, 0, sizeof(r->event));
	if (is_over(r) || yaml_parser_parse(&r->parser, &r->event))
		return;
	memset(&r->event, 0, sizeof(r->event));
	if (r->parser.error == YAML_MEMORY_ERROR) {
		r->error = -ENOMEM;
		return;
	}
	r->broken = true;
	/* The reader of bytes knows an offset only, the scanner and the parser know the line. */
	size_t line = r->parser.error == YAML_READER_ERROR ? r->parser.mark.line
							   : r->parser.problem_mark.line;
	config_problem(r->scan, line + 1, "this is no YAML: %s%s%s.",
		       r->parser.context ? r->parser.context : "", r->parser.context ? ", " : "",
		       r->parser.problem ? r->parser.problem : "it cannot be read");
}

/* Pass over a whole node, however deep. */
static void skip(struct reader *r)
{
	size_t depth = 0;

	do {
		yaml_event_type_t type = r->event.type;

		if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
			depth++;
		if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
			depth--;
		advance(r);
	} while (depth && !is_over(r));
}

static bool is_standard_tag(const yaml_char_t *tag)
{
	return !tag || !strncmp((const char *)tag, "tag:yaml.org,2002:", 18);
}

/* What is there instead of a scalar, in a word of people who write YAML. */
static const char *kind(const struct reader *r)
{
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return "a single value";
	case YAML_SEQUENCE_START_EVENT:
		return "a list";
	case YAML_MAPPING_START_EVENT:
		return "a mapping";
	default:
		return "an alias";
	}
}

/* The keys of @table that are right below @prefix, for a sentence. */
static void list_keys(const struct config_table *table, const char *prefix, char *ret_list,
		      size_t size)
{
	size_t n = 0, skipped = strlen(prefix);
	const char *last = "";

	ret_list[0] = '\0';
	for (size_t i = 0; i < table->n && n < size; i++) {
		const char *path = table->keys[i].path;

		if (strncmp(path, prefix, skipped))
			continue;
		const char *name = path + skipped;
		size_t length = strcspn(name, ".");
		if (!strncmp(name, last, length) && strcspn(last, ".") == length)
			continue; /* of the same group */
		last = name;
		n += (size_t)snprintf(ret_list + n, size - n, "%s%.*s", n ? ", " : "", (int)length,
				      name);
	}
}

/*
 * The text of a scalar that is a value, "" kept apart from nothing at all; NULL when it is none,
 * and that is told. @name is what it is a value of.
 */
static const char *scalar(struct reader *r, const char *name, const char *wanted)
{
	const char *text = (const char *)r->event.data.scalar.value;
	bool is_scalar = r->event.type == YAML_SCALAR_EVENT;

	if (is_over(r))
		return NULL;
	if (r->event.type == YAML_ALIAS_EVENT) {
		config_problem(r->scan, line_of(r),
			       "%s is *%.40s, which YAML takes for an alias, and those are not "
			       "known here. Put a text that begins with * in quotes.",
			       name, (const char *)r->event.data.alias.anchor);
		return NULL;
	}
	if (!is_scalar) {
		config_problem(r->scan, line_of(r), "%s wants %s, not %s.", name, wanted, kind(r));
		return NULL;
	}
	if (!is_standard_tag(r->event.data.scalar.tag)) {
		config_problem(r->scan, line_of(r),
			       "%s has a tag (!), and those are not known here.", name);
		return NULL;
	}
	if (strlen(text) != r->event.data.scalar.length) {
		config_problem(r->scan, line_of(r), "%s has a zero byte in it.", name);
		return NULL;
	}
	if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (!*text || !strcmp(text, "~") || !strcasecmp(text, "null"))) {
		config_problem(r->scan, line_of(r),
			       "%s has no value. Leave the line out for the default, or write \"\" "
			       "for nothing.",
			       name);
		return NULL;
	}
	return text;
}

static void read_pairs(struct reader *r, const struct config_key *key, void *base)
{
	char name[256];

	if (r->event.type != YAML_MAPPING_START_EVENT) {
		config_problem(r->scan, line_of(r), "%s wants lines like %s below it, not %s.",
			       key->path, key->type == CONFIG_LABELS ? "NAME: VALUE" : key->value,
			       kind(r));
		skip(r);
		return;
	}
	advance(r);
	while (!is_over(r) && r->event.type != YAML_MAPPING_END_EVENT) {
		const char *text = scalar(r, key->path, "names that are single values");
		size_t line = line_of(r);
		bool fits = text && (size_t)snprintf(name, sizeof(name), "%s", text) < sizeof(name);

		if (text && !fits)
			config_problem(r->scan, line, "%s has a name that is too long.", key->path);
		skip(r);
		text = fits ? scalar(r, name, "a single value") : NULL;
		if (text && !is_over(r))
			r->error = config_pair_add(r->scan, key, base, name, text, line);
		skip(r);
	}
	advance(r);
}

static void read_mapping(struct reader *r, struct place *place, const char *prefix);

/* A struct of its own, which then moves into its list. */
static void read_struct(struct reader *r, const struct config_key *key, void *base, size_t line)
{
	const struct config_list *list = key->list;
	struct place place = { .table = list->table, .base = base };
	size_t problems = config_problem_count(r->scan);

	r->error = config_defaults(r->scan, place.table, base);
	advance(r);
	read_mapping(r, &place, "");
	if (is_over(r) || config_problem_count(r->scan) > problems)
		return;
	if (list->check)
		list->check(r->scan, base, line);
	void *element = config_list_add(r->scan, key, r->scan->config, line);
	if (element)
		memcpy(element, base, list->table->size);
	else if (config_problem_count(r->scan) == problems)
		r->error = -ENOMEM;
}

static void read_single(struct reader *r, const struct config_key *key, size_t line)
{
	const char *text = scalar(r, key->path, "single values or mappings");

	if (text)
		r->error = config_single_add(r->scan, key, text, line);
	skip(r);
}

static void read_element(struct reader *r, const struct config_key *key)
{
	size_t line = line_of(r);

	if (key->list->single && r->event.type == YAML_SCALAR_EVENT) {
		read_single(r, key, line);
		return;
	}
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		config_problem(r->scan, line, "each of %s is a mapping like %s, not %s.", key->path,
			       key->list->like, kind(r));
		skip(r);
		return;
	}
	_cleanup_(freep) void *base = calloc(1, key->list->table->size);
	if (base)
		read_struct(r, key, base, line);
	else
		r->error = -ENOMEM;
}

static void read_elements(struct reader *r, const struct config_key *list)
{
	if (r->event.type != YAML_SEQUENCE_START_EVENT) {
		config_problem(r->scan, line_of(r), "%s wants a list, each with a dash, not %s.",
			       list->path, kind(r));
		skip(r);
		return;
	}
	advance(r);
	while (!is_over(r) && r->event.type != YAML_SEQUENCE_END_EVENT)
		read_element(r, list);
	advance(r);
}

static void read_value(struct reader *r, const struct config_key *key, void *base)
{
	const char *text;

	if (config_is_list(key) && base == r->scan->config)
		config_list_begin(r->scan, key);
	switch (key->type) {
	case CONFIG_LIST:
		read_elements(r, key);
		return;
	case CONFIG_LABELS:
	case CONFIG_PATTERNS:
	case CONFIG_HEADERS:
		read_pairs(r, key, base);
		return;
	default:
		text = scalar(r, key->path, "a single value");
		if (text)
			r->error = config_set(r->scan, key, base, text, line_of(r));
		skip(r);
	}
}

/* The first key below @path ("spool"), NULL when there is none. */
static const struct config_key *group_of(const struct config_table *table, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < table->n; i++)
		if (!strncmp(table->keys[i].path, path, n) && table->keys[i].path[n] == '.')
			return &table->keys[i];
	return NULL;
}

static bool is_first(struct reader *r, size_t *line_before, const char *path, size_t line)
{
	if (!*line_before) {
		*line_before = line;
		return true;
	}
	config_problem(r->scan, line, "%s was given before, in line %zu.", path, *line_before);
	return false;
}

static void read_group(struct reader *r, struct place *place, const char *path)
{
	char prefix[MAX_PATH + 1], list[200];

	snprintf(prefix, sizeof(prefix), "%s.", path);
	if (r->event.type == YAML_MAPPING_START_EVENT) {
		advance(r);
		read_mapping(r, place, prefix);
		return;
	}
	list_keys(place->table, prefix, list, sizeof(list));
	config_problem(r->scan, line_of(r), "%s wants keys below it, of these: %s.", path, list);
	skip(r);
}

static void unknown(struct reader *r, const struct place *place, const char *prefix,
		    const char *name, size_t line)
{
	char quoted[CONFIG_QUOTE_SIZE], list[200];

	config_quote(name, quoted);
	list_keys(place->table, prefix, list, sizeof(list));
	config_problem(r->scan, line, "there is no key %s here. There are: %s.", quoted, list);
}

static void read_entry(struct reader *r, struct place *place, const char *prefix)
{
	const char *name = scalar(r, "a key", "a single word");
	const struct config_key *key = NULL, *group = NULL;
	size_t line = line_of(r);
	char path[MAX_PATH];

	/* A dot within a name must not lead into a group. */
	if (name && !strchr(name, '.') &&
	    (size_t)snprintf(path, sizeof(path), "%s%s", prefix, name) < sizeof(path)) {
		key = config_find(place->table, path);
		group = key ? NULL : group_of(place->table, path);
	}
	if (name && !key && !group)
		unknown(r, place, prefix, name, line);
	skip(r);
	if (is_over(r))
		return;
	if (key && is_first(r, &place->lines[key - place->table->keys], path, line))
		read_value(r, key, place->base);
	else if (group && is_first(r, &place->groups[group - place->table->keys], path, line))
		read_group(r, place, path);
	else
		skip(r);
}

/* What is within a mapping, and its end. */
static void read_mapping(struct reader *r, struct place *place, const char *prefix)
{
	while (!is_over(r) && r->event.type != YAML_MAPPING_END_EVENT)
		read_entry(r, place, prefix);
	advance(r);
}

static void read_top(struct reader *r)
{
	struct place place = { .table = r->scan->schema->table, .base = r->scan->config };

	if (r->event.type == YAML_SCALAR_EVENT && !r->event.data.scalar.length) {
		advance(r);
	} else if (r->event.type == YAML_MAPPING_START_EVENT) {
		advance(r);
		read_mapping(r, &place, "");
	} else {
		config_problem(r->scan, line_of(r),
			       "the file wants lines like listen: ADDRESS, not %s.", kind(r));
		skip(r);
	}
}

static void open_reader(struct reader *r, struct config_scan *scan, struct span text)
{
	*r = (struct reader){ .scan = scan };
	if (!yaml_parser_initialize(&r->parser)) {
		r->error = -ENOMEM;
		return;
	}
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, text.data, text.size);
	advance(r); /* to the beginning of the stream */
	advance(r);
}

static int close_reader(struct reader *r)
{
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
	return r->error;
}

int config_read_file(struct config_scan *scan, struct span file)
{
	struct reader r;

	open_reader(&r, scan, file);
	if (!is_over(&r) && r.event.type == YAML_DOCUMENT_START_EVENT) {
		advance(&r);
		if (!is_over(&r))
			read_top(&r);
		advance(&r); /* over the end of the document */
		if (!is_over(&r) && r.event.type == YAML_DOCUMENT_START_EVENT)
			config_problem(scan, line_of(&r), "there is a second document (---).");
	}
	return close_reader(&r);
}

int config_read_list(struct config_scan *scan, const struct config_key *key, const char *text)
{
	struct reader r;

	open_reader(&r, scan, span_of(text, strlen(text)));
	if (!is_over(&r) && r.event.type == YAML_DOCUMENT_START_EVENT) {
		advance(&r);
		if (is_over(&r))
			return close_reader(&r);
		if (r.event.type == YAML_SEQUENCE_START_EVENT || !key->list)
			read_value(&r, key, scan->config);
		else
			read_element(&r, key);
		advance(&r);
		if (!is_over(&r) && r.event.type != YAML_STREAM_END_EVENT)
			config_problem(scan, 0, "there is more than one value.");
	}
	return close_reader(&r);
}
