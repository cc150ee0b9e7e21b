/* SPDX-License-Identifier: Apache-2.0 */
/* Does what was read fit together? */
#include <string.h>

#include "agent/config/keys.h"
#include "config/scan.h"

/* Two stores are one if URL and tenant are the same: their profiles could not be told apart. */
static bool is_same_store(const struct config_store *a, const struct config_store *b)
{
	return a->url && b->url && !strcmp(a->url, b->url) &&
	       !strcmp(a->tenant ? a->tenant : "", b->tenant ? b->tenant : "");
}

void agent_store_check(struct config_scan *scan, const void *element, size_t line)
{
	const struct agent_config *config = scan->config;
	const struct config_store *s = element;
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
	for (size_t i = 0; !what && i < config->n_stores; i++)
		if (is_same_store(s, &config->stores[i]) && s != &config->stores[i])
			what = "is given twice: another one has the same url and tenant.";
	if (what)
		config_problem(scan, line, "the store %s%s%s", s->url ? s->url : "",
			       s->url ? " " : "", what);
}

void agent_rule_check(struct config_scan *scan, const void *element, size_t line)
{
	const struct target_rule *rule = element;

	if (rule->action == RULE_IGNORE && rule->service)
		config_problem(scan, line,
			       "the rule has a service for processes that it ignores: leave out "
			       "service or action.");
}

void agent_config_check(struct config_scan *scan, const void *config)
{
	const struct agent_config *c = config;

	scan->where = "stores";
	if (!c->n_stores)
		config_problem(scan, 0, "profiles want at least one store to go to.");
}

void agent_config_fini(struct agent_config *config)
{
	config_fini(&agent_config_schema, config);
}
