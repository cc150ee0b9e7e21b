/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a store is and how to get in: the options that hone pull and hone push share. What is not
 * given comes from the environment: HONE_STORE, HONE_TENANT, HONE_TOKEN (the secret itself: it is
 * taken from no option, where everybody could read it), and the proxy as curl(1) has it.
 */
#pragma once

#include <getopt.h>

#include "store/store.h"

#define REMOTE_DEFAULT_STORE "http://127.0.0.1:4040"
#define REMOTE_MAX_HEADERS   16

enum remote_option {
	REMOTE_STORE = 0x200,
	REMOTE_TENANT,
	REMOTE_USER,
	REMOTE_PASSWORD_FILE,
	REMOTE_TOKEN_FILE,
	REMOTE_CA_FILE,
	REMOTE_CERT_FILE,
	REMOTE_KEY_FILE,
	REMOTE_PROXY,
	REMOTE_HEADER,
	REMOTE_TIMEOUT,
	REMOTE_END,
};

#define REMOTE_LONG_OPTIONS                                                         \
	{ "store", required_argument, NULL, REMOTE_STORE },                         \
		{ "tenant", required_argument, NULL, REMOTE_TENANT },               \
		{ "user", required_argument, NULL, REMOTE_USER },                   \
		{ "password-file", required_argument, NULL, REMOTE_PASSWORD_FILE }, \
		{ "token-file", required_argument, NULL, REMOTE_TOKEN_FILE },       \
		{ "ca-file", required_argument, NULL, REMOTE_CA_FILE },             \
		{ "cert-file", required_argument, NULL, REMOTE_CERT_FILE },         \
		{ "key-file", required_argument, NULL, REMOTE_KEY_FILE },           \
		{ "proxy", required_argument, NULL, REMOTE_PROXY },                 \
		{ "header", required_argument, NULL, REMOTE_HEADER },               \
	{                                                                           \
		"timeout", required_argument, NULL, REMOTE_TIMEOUT                  \
	}

#define REMOTE_HELP                                                                          \
	"  --store URL          http(s)://HOST of hone-collector or Grafana Pyroscope, or\n" \
	"                       file:///DIR (HONE_STORE, or " REMOTE_DEFAULT_STORE ")\n"     \
	"  --token-file FILE    a file with a bearer token (else the token is HONE_TOKEN)\n" \
	"  --user NAME          for basic authentication, with\n"                            \
	"  --password-file FILE a file with the password (else it is HONE_TOKEN)\n"          \
	"  --tenant NAME        X-Scope-OrgID (HONE_TENANT)\n"                               \
	"  --ca-file FILE       authorities that vouch for the store, PEM\n"                 \
	"  --cert-file FILE     our own certificate, PEM\n"                                  \
	"  --key-file FILE      its key, PEM; without it the key is in --cert-file, too\n"   \
	"  --proxy URL          else http_proxy, https_proxy, all_proxy and no_proxy\n"      \
	"  --header 'NAME: VAL' one more header of requests; may be given again\n"           \
	"  --timeout TIME       longest time for one request\n"

struct remote {
	struct store_options options;
	const char *headers[REMOTE_MAX_HEADERS];
	const char *token_file, *password_file;
	bool is_no_store; /* but a program: HONE_TOKEN and HONE_TENANT are none of its business */
};

/* One of the options above. 0, or HONE_USAGE, and it was said on behalf of @command. */
int remote_take(struct remote *r, const char *command, int option, const char *value);

/* All were taken: fill in the rest. The same. */
int remote_finish(struct remote *r, const char *command);

/* The proxy for @url, and the hosts reached without it, into @options, if none was given. */
void remote_find_proxy(struct store_options *options, const char *url);
