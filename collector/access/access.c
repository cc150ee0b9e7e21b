/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/access/access.h"

#include <errno.h>
#include <nettle/base64.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/text.h"

#define MAX_AUTHORIZATION 1024u

struct access {
	bool loopback;
	char *hosts;
	pthread_rwlock_t lock; /* of tokens */
	struct tokens *tokens;
};

int access_new(bool loopback, const char *hosts, struct access **ret_access)
{
	struct access *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->loopback = loopback;
	a->hosts = strdup(hosts ? hosts : "");
	if (!a->hosts) {
		free(a);
		return -ENOMEM;
	}
	pthread_rwlock_init(&a->lock, NULL);
	*ret_access = a;
	return 0;
}

struct access *access_free(struct access *a)
{
	if (!a)
		return NULL;
	pthread_rwlock_destroy(&a->lock);
	free(a->tokens);
	free(a->hosts);
	free(a);
	return NULL;
}

void access_set_tokens(struct access *a, struct tokens *tokens)
{
	pthread_rwlock_wrlock(&a->lock);
	struct tokens *old = a->tokens;
	a->tokens = tokens;
	pthread_rwlock_unlock(&a->lock);
	free(old);
}

bool access_wants_tokens(struct access *a)
{
	pthread_rwlock_rdlock(&a->lock);
	bool wants = a->tokens;
	pthread_rwlock_unlock(&a->lock);
	return wants;
}

static void _printf_(4, 5) deny(struct access_answer *a, unsigned int status, const char *code,
				const char *format, ...)
{
	va_list arguments;

	a->status = status;
	a->code = code;
	va_start(arguments, format);
	vsnprintf(a->why, sizeof(a->why), format, arguments);
	va_end(arguments);
}

/* ---- where a request comes from ---------------------------------------------------------- */

static bool is_named(const char *hosts, struct span host)
{
	struct span rest = span_of(hosts, strlen(hosts)), name;

	while (text_cut(&rest, ',', &name)) {
		text_skip_blanks(&name);
		if (name.size == host.size &&
		    !strncasecmp((const char *)name.data, (const char *)host.data, host.size))
			return true;
	}
	return false;
}

static bool is_for_us(const struct access *a, const char *host)
{
	if (!a->loopback || !host || address_is_literal(host))
		return true;
	return is_named(a->hosts, span_of(host, strlen(host))) ||
	       is_named(a->hosts, span_of(host, strcspn(host, ":")));
}

/* Browsers send Origin with everything that changes something; others do not. */
static bool is_own_page(const char *origin, const char *host)
{
	const char *name = origin ? strstr(origin, "://") : NULL;

	return !origin || (name && host && !strcasecmp(name + 3, host));
}

/* ---- who it is --------------------------------------------------------------------------- */

/* The password of "user:password" in base64. */
static bool password_of(struct span text, uint8_t ret_plain[MAX_AUTHORIZATION],
			struct span *ret_password)
{
	struct base64_decode_ctx decode;
	size_t n = MAX_AUTHORIZATION;

	base64_decode_init(&decode);
	if (text.size > MAX_AUTHORIZATION ||
	    !base64_decode_update(&decode, &n, ret_plain, text.size, (const char *)text.data) ||
	    !base64_decode_final(&decode))
		return false;
	const uint8_t *colon = memchr(ret_plain, ':', n);
	if (!colon)
		return false;
	*ret_password = span_of(colon + 1, (size_t)(ret_plain + n - colon - 1));
	return true;
}

static bool skip_scheme(struct span *rest, const char *scheme)
{
	size_t n = strlen(scheme);

	if (rest->size <= n || strncasecmp((const char *)rest->data, scheme, n) != 0 ||
	    rest->data[n] != ' ')
		return false;
	span_from(*rest, n, rest);
	text_skip_blanks(rest);
	return true;
}

static const struct token *find(const struct tokens *tokens, const char *authorization)
{
	struct span rest = span_of(authorization, strlen(authorization)), password;
	uint8_t plain[MAX_AUTHORIZATION];

	if (skip_scheme(&rest, "Bearer"))
		return tokens_find(tokens, rest);
	if (skip_scheme(&rest, "Basic") && password_of(rest, plain, &password))
		return tokens_find(tokens, password);
	return NULL;
}

static bool may(const struct token *t, enum access_need need)
{
	switch (need) {
	case ACCESS_OPEN:
		return true;
	case ACCESS_PUSH:
		return t->scope != TOKEN_READ;
	case ACCESS_READ:
		return t->scope != TOKEN_PUSH;
	case ACCESS_READ_ALL:
		return t->scope != TOKEN_PUSH && !*t->tenant;
	case ACCESS_ADMIN:
		return t->scope == TOKEN_ADMIN;
	}
	return false;
}

static const char *wanted_for(enum access_need need)
{
	return need == ACCESS_PUSH   ? "push"
	       : need == ACCESS_READ ? "read"
				     : "read that is bound to no tenant";
}

static void check_token(const struct tokens *tokens, const struct access_request *r,
			struct access_answer *ret)
{
	if (!r->authorization) {
		deny(ret, 401, "unauthenticated", "a token is wanted");
		return;
	}
	const struct token *t = find(tokens, r->authorization);
	if (!t)
		deny(ret, 401, "unauthenticated", "the token is none of ours");
	else if (!may(t, r->need) && r->need == ACCESS_ADMIN) /* or there is no such address */
		deny(ret, 403, "permission_denied", "the token is not for this");
	else if (!may(t, r->need))
		deny(ret, 403, "permission_denied", "the token is not for this, but one for %s is",
		     wanted_for(r->need));
	else if (*t->tenant && r->tenant && strcmp(t->tenant, r->tenant) != 0)
		deny(ret, 403, "permission_denied", "the token is another tenant's");
	else if (*t->tenant)
		memcpy(ret->tenant, t->tenant, sizeof(ret->tenant));
}

void access_check(struct access *a, const struct access_request *r, struct access_answer *ret)
{
	*ret = (struct access_answer){ 0 };
	if (!is_for_us(a, r->host)) {
		deny(ret, 421, "invalid_argument",
		     "ask for an address, for localhost, or for one of the names in hosts");
		return;
	}
	if ((r->need == ACCESS_PUSH || r->need == ACCESS_ADMIN) &&
	    !is_own_page(r->origin, r->host)) {
		deny(ret, 403, "permission_denied", "it comes from a page of another origin");
		return;
	}
	if (r->tenant && !token_tenant_valid(r->tenant)) {
		deny(ret, 400, "invalid_argument", "X-Scope-OrgID is no name of a tenant");
		return;
	}
	snprintf(ret->tenant, sizeof(ret->tenant), "%s", r->tenant ? r->tenant : "anonymous");
	pthread_rwlock_rdlock(&a->lock);
	if (a->tokens && r->need != ACCESS_OPEN)
		check_token(a->tokens, r, ret);
	pthread_rwlock_unlock(&a->lock);
}
