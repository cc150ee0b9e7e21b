/* SPDX-License-Identifier: Apache-2.0 */
#include "store/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/backend.h"
#include "store/url.h"

#define DEFAULT_TIMEOUT (10 * NSEC_PER_SEC)
#define MAX_SECRET	((size_t)16 << 10)
#define MAX_HEADERS	32u
#define MAX_TENANT	150 /* pkg/tenant of Pyroscope (grafana/dskit, tenant/tenant.go) */

void endpoint_fini(struct endpoint *e)
{
	curl_free(e->url);
	curl_slist_free_all(e->headers);
	free(e->user);
	free(e->auth_file);
	free(e->secret);
	*e = (struct endpoint)ENDPOINT_NULL;
}

/* ---- URLs -------------------------------------------------------------------------------- */

static int append_path(CURLU *u, const struct endpoint_call *call, char **ret_url)
{
	_cleanup_(curl_freep) char *base = NULL;
	_cleanup_(freep) char *whole = NULL;

	if (curl_url_get(u, CURLUPART_PATH, &base, 0) != CURLUE_OK)
		return -ENOMEM;
	size_t n = strlen(base);
	while (n && *call->path && base[n - 1] == '/')
		n--;
	if (asprintf(&whole, "%.*s%s", (int)n, base, call->path) < 0)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_PATH, whole, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_QUERY, call->query, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_URL, ret_url, 0) != CURLUE_OK)
		return -ENOMEM;
	return 0;
}

static int make_url(const char *base, const struct endpoint_call *call, char **ret_url,
		    char *ret_text)
{
	_cleanup_(curl_url_cleanupp) CURLU *u = curl_url();

	if (!u)
		return -ENOMEM;
	CURLUcode c = curl_url_set(u, CURLUPART_URL, base, 0);
	if (c == CURLUE_OUT_OF_MEMORY)
		return -ENOMEM;
	if (c != CURLUE_OK)
		return store_bad_options(ret_text, "the store's URL: %s", curl_url_strerror(c));
	if (url_has(u, CURLUPART_USER) || url_has(u, CURLUPART_PASSWORD))
		return store_bad_options(
			ret_text,
			"the store's URL holds a user or a password, which belong in a file");
	if (url_has(u, CURLUPART_QUERY) || url_has(u, CURLUPART_FRAGMENT))
		return store_bad_options(ret_text, "the store's URL ends in a query or a fragment");
	return append_path(u, call, ret_url);
}

static bool is_proxy(const char *proxy)
{
	_cleanup_(curl_url_cleanupp) CURLU *u = curl_url();
	_cleanup_(curl_freep) char *scheme = NULL;

	if (!u ||
	    curl_url_set(u, CURLUPART_URL, proxy,
			 CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, CURLU_DEFAULT_SCHEME) != CURLUE_OK)
		return false;
	return !strcmp(scheme, "http") || !strcmp(scheme, "https") || !strcmp(scheme, "socks5") ||
	       !strcmp(scheme, "socks5h");
}

/* ---- headers ----------------------------------------------------------------------------- */

static int add_header(struct endpoint *e, const char *line)
{
	struct curl_slist *longer = curl_slist_append(e->headers, line);

	if (!longer)
		return -ENOMEM;
	e->headers = longer;
	return 0;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* RFC 9110, 5.1: a name is a token. With a value, as libcurl takes "Name:" for "leave it out". */
static bool is_header(const char *line)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!#$%&'*+-.^_`|~";
	size_t n = strspn(line, token);

	return n && line[n] == ':' && line[n + 1 + strspn(line + n + 1, " \t")] &&
	       !has_control(line);
}

/* What frames the call is not the operator's to change. */
static bool is_ours(const char *line)
{
	static const char *const ours[] = {
		"Content-Type:",      "Content-Length:",	   "Content-Encoding:",
		"Transfer-Encoding:", "Connect-Protocol-Version:", "Expect:"
	};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!strncasecmp(line, ours[i], strlen(ours[i])))
			return true;
	return false;
}

static int add_extra_headers(struct endpoint *e, const struct store_options *o, char *ret_text)
{
	if (o->n_headers > MAX_HEADERS)
		return store_bad_options(ret_text, "more than %u extra headers", MAX_HEADERS);
	for (uint32_t i = 0; i < o->n_headers; i++) {
		if (!is_header(o->headers[i]))
			return store_bad_options(ret_text,
						 "extra header %u is not of the form `Name: value`",
						 i + 1);
		if (is_ours(o->headers[i]))
			return store_bad_options(
				ret_text, "extra header %u is one that hone sets itself", i + 1);
		int r = add_header(e, o->headers[i]);
		if (r)
			return r;
	}
	return 0;
}

static int add_tenant(struct endpoint *e, const char *tenant, char *ret_text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789!-_.*'()";
	char line[MAX_TENANT + 32];
	size_t n = strlen(tenant);

	if (!n || n > MAX_TENANT || tenant[strspn(tenant, allowed)])
		return store_bad_options(ret_text,
					 "a tenant is 1 to %d letters, digits or any of !-_.*'()",
					 MAX_TENANT);
	snprintf(line, sizeof(line), "X-Scope-OrgID: %s", tenant);
	return add_header(e, line);
}

static int make_headers(struct endpoint *e, const struct store_options *o,
			const struct endpoint_call *call, char *ret_text)
{
	/* An empty Expect keeps libcurl from waiting for "100 Continue". */
	int r = add_header(e, "Expect:");

	for (size_t i = 0; !r && i < call->n_headers; i++)
		r = add_header(e, call->headers[i]);
	if (!r && o->tenant)
		r = add_tenant(e, o->tenant, ret_text);
	return r ? r : add_extra_headers(e, o, ret_text);
}

/* ---- the whole --------------------------------------------------------------------------- */

static int copy(const char *text, char **ret_text)
{
	*ret_text = text ? strdup(text) : NULL;
	return text && !*ret_text ? -ENOMEM : 0;
}

static int check_auth(const struct store_options *o, char *ret_text)
{
	if (o->auth != STORE_AUTH_NONE && !o->auth_file && !o->secret)
		return store_bad_options(ret_text, "there is no file to read the %s from",
					 o->auth == STORE_AUTH_BEARER ? "token" : "password");
	if (o->auth == STORE_AUTH_NONE && (o->auth_file || o->secret || o->user))
		return store_bad_options(ret_text,
					 "there is a secret, but no word of how to present it");
	if (o->user && (has_control(o->user) || strchr(o->user, ':')))
		return store_bad_options(ret_text, "a user has no colon and no control character");
	if (o->key_file && !o->cert_file)
		return store_bad_options(ret_text, "there is a key, but no certificate");
	return 0;
}

int endpoint_init(struct endpoint *e, const struct store_options *o,
		  const struct endpoint_call *call, char *ret_text)
{
	*e = (struct endpoint){ .auth = o->auth };
	int r = check_auth(o, ret_text);
	if (!r)
		r = make_url(o->url, call, &e->url, ret_text);
	if (!r)
		r = make_headers(e, o, call, ret_text);
	if (!r)
		r = copy(o->user, &e->user);
	if (!r)
		r = copy(o->auth_file, &e->auth_file);
	if (!r)
		r = copy(o->secret, &e->secret);
	if (r)
		endpoint_fini(e);
	return r;
}

/* libcurl copies texts; the list of headers it does not. */
static CURLcode set_call(const struct endpoint *e, const struct store_options *o, CURL *easy)
{
	uint64_t timeout = o->timeout ? o->timeout : DEFAULT_TIMEOUT;
	CURLcode c = curl_easy_setopt(easy, CURLOPT_URL, e->url);

	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_USERAGENT, o->user_agent);
	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
				     (long)((timeout + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC));
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, e->headers);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Else a slow name server would be waited for when a push is ended. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	return c;
}

/* "" keeps libcurl from reading the environment. */
static CURLcode set_proxy(const struct store_options *o, CURL *easy)
{
	CURLcode c = curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy ? o->proxy : "");

	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_NOPROXY, o->no_proxy ? o->no_proxy : "");
	return c;
}

static CURLcode set_tls(const struct store_options *o, CURL *easy)
{
	CURLcode c = curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	/* libcurl would keep the authorities for a day: too long where they are rotated. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	if (c == CURLE_OK && o->ca_file)
		c = curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
	if (c == CURLE_OK && o->ca_file)
		c = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (c == CURLE_OK && o->cert_file)
		c = curl_easy_setopt(easy, CURLOPT_SSLCERT, o->cert_file);
	if (c == CURLE_OK && o->key_file)
		c = curl_easy_setopt(easy, CURLOPT_SSLKEY, o->key_file);
	return c;
}

int endpoint_set_up(const struct endpoint *e, const struct store_options *o, CURL *easy,
		    char *ret_text)
{
	if (o->proxy && *o->proxy && !is_proxy(o->proxy))
		return store_bad_options(ret_text,
					 "a proxy is http://, https:// or socks5://HOST:PORT");
	CURLcode c = set_call(e, o, easy);
	if (c == CURLE_OK)
		c = set_proxy(o, easy);
	if (c == CURLE_OK)
		c = set_tls(o, easy);
	if (c == CURLE_OUT_OF_MEMORY)
		return -ENOMEM;
	return c == CURLE_OK ? 0 : store_bad_options(ret_text, "%s", curl_easy_strerror(c));
}

/* ---- secrets ----------------------------------------------------------------------------- */

static int no_secret(const struct endpoint *e, char *ret_text, const char *why)
{
	snprintf(ret_text, STORE_TEXT_SIZE, "%.160s: %s", e->secret ? "the secret" : e->auth_file,
		 why);
	return ENDPOINT_E_SECRET;
}

static CURLcode set_secret(const struct endpoint *e, CURL *easy, char *secret)
{
	CURLcode c;

	if (e->auth == STORE_AUTH_BEARER) {
		c = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, secret);
		return c ? c : curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	}
	char *colon = e->user ? NULL : strchr(secret, ':');
	const char *password = colon ? colon + 1 : secret;
	if (colon)
		*colon = '\0';
	c = curl_easy_setopt(easy, CURLOPT_USERNAME, e->user ? e->user : secret);
	if (c == CURLE_OK)
		c = curl_easy_setopt(easy, CURLOPT_PASSWORD, password);
	return c ? c : curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
}

static int read_secret(const struct endpoint *e, struct buf *b)
{
	if (!e->secret)
		return file_read(e->auth_file, b);
	buf_append_text(b, e->secret);
	return buf_error(b);
}

int endpoint_authorize(const struct endpoint *e, CURL *easy, char *ret_text)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(MAX_SECRET);
	int r;

	if (e->auth == STORE_AUTH_NONE)
		return 0;
	r = read_secret(e, &b);
	if (r == -ENOMEM)
		return r;
	if (r)
		return no_secret(e, ret_text, r == -E2BIG ? "too large" : strerrordesc_np(-r));
	while (b.size && memchr(" \t\r\n", b.data[b.size - 1], 4))
		b.size--;
	if (!b.size || memchr(b.data, 0, b.size))
		return no_secret(e, ret_text, "no secret in it");
	buf_append_u8(&b, 0);
	if (buf_error(&b))
		return no_secret(e, ret_text, "too large");
	char *secret = (char *)b.data;
	if (has_control(secret))
		return no_secret(e, ret_text, "more than one line in it");
	if (e->auth == STORE_AUTH_BASIC && !e->user && !strchr(secret, ':'))
		return no_secret(e, ret_text, "not of the form USER:PASSWORD");
	return set_secret(e, easy, secret) == CURLE_OK ? 0 : -ENOMEM;
}
