/* SPDX-License-Identifier: Apache-2.0 */
#include "config/parse.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/scan.h"

static int begin_source(struct config_scan *scan, const char *where, bool lines)
{
	scan->where = where;
	scan->lines = lines;
	return (int)++scan->source;
}

static int read_defaults(struct config_scan *scan)
{
	const struct config_table *table = scan->schema->table;
	int r;

	begin_source(scan, "default", false);
	r = config_defaults(scan, table, scan->config);
	for (size_t i = 0; !r && i < table->n; i++)
		if (table->keys[i].list && table->keys[i].fallback)
			r = config_single_add(scan, &table->keys[i], table->keys[i].fallback, 0);
	return r;
}

static int read_file(struct config_scan *scan, const struct config_input *in)
{
	begin_source(scan, in->file_name ? in->file_name : "configuration", true);
	if (in->file.size <= CONFIG_MAX_FILE)
		return config_read_file(scan, in->file);
	config_problem(scan, 0, "the file is larger than %u KiB.", CONFIG_MAX_FILE >> 10);
	return 0;
}

static int read_all(struct config_scan *scan, const struct config_input *in)
{
	int r = read_defaults(scan);

	if (!r)
		r = read_file(scan, in);
	begin_source(scan, "environment", false);
	if (!r)
		r = config_read_environment(scan, in->environment);
	begin_source(scan, "command line", false);
	if (!r)
		r = config_read_flags(scan, in->argc, in->argv);
	scan->where = "configuration";
	if (!r && scan->schema->check && !scan->problems->n)
		scan->schema->check(scan, scan->config);
	return r;
}

static struct config_block **blocks_of(const struct config_schema *schema, void *config)
{
	return (struct config_block **)((char *)config + schema->blocks);
}

int config_parse(const struct config_schema *schema, const struct config_input *input,
		 void *ret_config, struct config_problems *ret_problems)
{
	struct config_scan scan = { .schema = schema,
				    .config = ret_config,
				    .blocks = blocks_of(schema, ret_config),
				    .problems = ret_problems };
	int r;

	assert(schema->table->n <= CONFIG_MAX_KEYS);
	memset(ret_config, 0, schema->table->size);
	ret_problems->n = ret_problems->more = 0;
	r = read_all(&scan, input);
	if (!r && ret_problems->n)
		r = CONFIG_E_WRONG;
	if (r)
		config_fini(schema, ret_config);
	return r;
}

void config_fini(const struct config_schema *schema, void *config)
{
	struct config_block *block = *blocks_of(schema, config), *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	memset(config, 0, schema->table->size);
}

void config_variable(const struct config_schema *schema, const struct config_key *key,
		     char ret_name[CONFIG_NAME_SIZE])
{
	snprintf(ret_name, CONFIG_NAME_SIZE, "%s%s", schema->variable, key->flag);
	for (char *c = ret_name; *c; c++)
		*c = *c == '-' ? '_' : (*c >= 'a' && *c <= 'z') ? (char)(*c - 'a' + 'A') : *c;
}
