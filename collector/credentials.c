/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define MAX_PEM ((size_t)256 << 10)

/* With a NUL behind it that is not counted. NULL: nothing to read. */
static int read_file(const char *path, struct buf *to, char *ret_why)
{
	int r = path ? file_read(path, to) : 0;

	buf_append_u8(to, '\0');
	to->size -= to->size > 0;
	if (r < 0 && r != -ENOMEM) {
		snprintf(ret_why, CREDENTIALS_WHY_SIZE, "%.400s cannot be read: %s", path,
			 strerror(-r));
		return CREDENTIALS_E_WRONG;
	}
	return r < 0 ? r : buf_error(to);
}

static int read_tokens(const char *path, struct tokens **ret_tokens, char *ret_why)
{
	_cleanup_(buf_fini) struct buf file = BUF_INIT(TOKENS_MAX_FILE + 1);
	size_t line;

	if (!path)
		return 0;
	int r = read_file(path, &file, ret_why);
	if (r == 0)
		r = tokens_parse(span_of(file.data, file.size), ret_tokens, &line);
	if (r != TOKENS_E_WRONG || *ret_why)
		return r;
	if (line)
		snprintf(ret_why, CREDENTIALS_WHY_SIZE,
			 "%.400s:%zu is no line of a token: push|read|admin TENANT SHA256 NAME",
			 path, line);
	else
		snprintf(ret_why, CREDENTIALS_WHY_SIZE, "%.400s has no token in it, or too many",
			 path);
	return CREDENTIALS_E_WRONG;
}

int credentials_read(const struct settings *s, struct credentials *ret, char *ret_why)
{
	const char *key = s->tls.key_file ? s->tls.key_file : s->tls.cert_file;

	*ret = (struct credentials){ .certificate = BUF_INIT(MAX_PEM),
				     .key = BUF_INIT(MAX_PEM),
				     .client_ca = BUF_INIT(MAX_PEM) };
	*ret_why = '\0';
	int r = read_tokens(s->tokens, &ret->tokens, ret_why);
	if (r == 0)
		r = read_file(s->tls.cert_file, &ret->certificate, ret_why);
	if (r == 0)
		r = read_file(key, &ret->key, ret_why);
	if (r == 0)
		r = read_file(s->tls.client_ca_file, &ret->client_ca, ret_why);
	return r;
}

void credentials_fini(struct credentials *c)
{
	free(TAKE_PTR(c->tokens));
	buf_fini(&c->certificate);
	buf_fini(&c->key);
	buf_fini(&c->client_ca);
}
