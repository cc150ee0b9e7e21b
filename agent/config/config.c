/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/scan.h"

static int begin_source(struct config_scan *scan, const char *where, bool lines)
{
	scan->where = where;
	scan->lines = lines;
	return (int)++scan->source;
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
	const struct config_key *stores = config_find(&config_agent_keys, "stores");
	int r;

	begin_source(scan, "default", false);
	r = config_defaults(scan, &config_agent_keys, scan->config);
	if (!r)
		r = config_store_add(scan, stores->fallback, 0);
	if (!r)
		r = read_file(scan, in);
	begin_source(scan, "environment", false);
	if (!r)
		r = config_read_environment(scan, in->environment);
	begin_source(scan, "command line", false);
	if (!r)
		r = config_read_flags(scan, in->argc, in->argv);
	scan->where = "stores";
	if (!r && !scan->config->n_stores && !scan->problems->n)
		config_problem(scan, 0, "profiles want at least one store to go to.");
	return r;
}

int agent_config_parse(const struct config_input *input, struct agent_config *ret_config,
		       struct config_problems *ret_problems)
{
	struct agent_config config = { 0 };
	struct config_scan scan = { .config = &config, .problems = ret_problems };
	int r;

	ret_problems->n = ret_problems->more = 0;
	r = read_all(&scan, input);
	if (!r && ret_problems->n)
		r = CONFIG_E_WRONG;
	if (r)
		agent_config_fini(&config);
	*ret_config = config;
	return r;
}

void agent_config_fini(struct agent_config *config)
{
	struct config_block *block = config->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	*config = (struct agent_config){ 0 };
}
