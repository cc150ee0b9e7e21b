/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/number.h"
#include "cli/say.h"
#include "cli/version.h"

#define MAX_TIMEOUT (3600 * NSEC_PER_SEC)

static int take_header(struct remote *r, const char *command, const char *value)
{
	if (r->options.n_headers == REMOTE_MAX_HEADERS)
		return say_usage(command, "there may be %d headers.", REMOTE_MAX_HEADERS);
	r->headers[r->options.n_headers++] = value;
	return 0;
}

static int take_timeout(struct remote *r, const char *command, const char *value)
{
	if (parse_time(value, MAX_TIMEOUT, &r->options.timeout))
		return 0;
	return say_usage(command, "--timeout wants a time like 30s or 5m, 1h at most, not \"%s\".",
			 value);
}

int remote_take(struct remote *r, const char *command, int option, const char *value)
{
	const char **texts[REMOTE_END - REMOTE_STORE] = {
		[REMOTE_STORE - REMOTE_STORE] = &r->options.url,
		[REMOTE_TENANT - REMOTE_STORE] = &r->options.tenant,
		[REMOTE_USER - REMOTE_STORE] = &r->options.user,
		[REMOTE_PASSWORD_FILE - REMOTE_STORE] = &r->password_file,
		[REMOTE_TOKEN_FILE - REMOTE_STORE] = &r->token_file,
		[REMOTE_CA_FILE - REMOTE_STORE] = &r->options.ca_file,
		[REMOTE_CERT_FILE - REMOTE_STORE] = &r->options.cert_file,
		[REMOTE_KEY_FILE - REMOTE_STORE] = &r->options.key_file,
		[REMOTE_PROXY - REMOTE_STORE] = &r->options.proxy,
	};

	if (option == REMOTE_HEADER)
		return take_header(r, command, value);
	if (option == REMOTE_TIMEOUT)
		return take_timeout(r, command, value);
	*texts[option - REMOTE_STORE] = value;
	return 0;
}

/* What is set to nothing is not set: so CI systems pass on a secret that there is not. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int find_secret(struct remote *r, const char *command)
{
	struct store_options *o = &r->options;

	if (r->token_file && (r->password_file || o->user))
		return say_usage(command, "--token-file goes with neither --user nor "
					  "--password-file.");
	o->auth_file = r->token_file ? r->token_file : r->password_file;
	if (!o->auth_file && (o->user || !r->is_no_store))
		o->secret = variable("HONE_TOKEN");
	if (o->user || r->password_file)
		o->auth = STORE_AUTH_BASIC;
	else if (o->auth_file || o->secret)
		o->auth = STORE_AUTH_BEARER;
	if (o->auth == STORE_AUTH_BASIC && !o->auth_file && !o->secret)
		return say_usage(command, "--user goes with --password-file or HONE_TOKEN.");
	return 0;
}

void remote_find_proxy(struct store_options *options, const char *url)
{
	if (!options->proxy)
		for (const char *const *v = store_proxy_variables(url); *v && !options->proxy; v++)
			options->proxy = variable(*v);
	options->no_proxy = variable("no_proxy");
	if (!options->no_proxy)
		options->no_proxy = variable("NO_PROXY");
}

int remote_finish(struct remote *r, const char *command)
{
	struct store_options *o = &r->options;

	if (!o->url)
		o->url = variable("HONE_STORE");
	if (!o->url)
		o->url = REMOTE_DEFAULT_STORE;
	if (!o->tenant && !r->is_no_store)
		o->tenant = variable("HONE_TENANT");
	o->user_agent = "hone/" HONE_VERSION;
	o->headers = r->headers;
	remote_find_proxy(o, o->url);
	return find_secret(r, command);
}
