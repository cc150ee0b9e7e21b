/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kube/request.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/span.h"

#define MAX_URL	  16384
#define MAX_TOKEN (64u << 10)

#define CONNECT_TIMEOUT_MS 10000L
#define KEEPALIVE_SECONDS  30L /* a server that is gone without a word is noticed in minutes */

static void curl_freep(char **text)
{
	curl_free(*text);
}

static void append_escaped(struct buf *url, const char *key, const char *value)
{
	_cleanup_(curl_freep) char *escaped = curl_easy_escape(NULL, value, 0);

	buf_append_text(url, key);
	if (escaped)
		buf_append_text(url, escaped);
	else
		url->error = -ENOMEM;
}

static int make_url(struct buf *url, const struct request_options *options, const struct request *r)
{
	buf_append_text(url, options->server);
	buf_append_text(url, "/api/v1/pods?");
	if (r->watch)
		buf_printf(url, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%" PRIu64,
			   (uint64_t)(r->watch_time / NSEC_PER_SEC));
	else
		buf_printf(url, "limit=%" PRIu32, r->page);
	if (options->node)
		append_escaped(url, "&fieldSelector=spec.nodeName%3D", options->node);
	if (r->continue_token && r->continue_token[0])
		append_escaped(url, "&continue=", r->continue_token);
	else if (r->version)
		append_escaped(url, "&resourceVersion=", r->version);
	buf_append_u8(url, '\0');
	return buf_error(url);
}

/* One line of printable characters; what is around it are an editor's newlines. */
static bool trim_token(struct buf *token)
{
	size_t begin = 0;

	while (token->size && token->data[token->size - 1] <= ' ')
		token->size--;
	while (begin < token->size && token->data[begin] <= ' ')
		begin++;
	for (size_t i = begin; i < token->size; i++)
		if (token->data[i] <= ' ' || token->data[i] >= 0x7f)
			return false;
	if (begin == token->size)
		return false;
	memmove(token->data, token->data + begin, token->size - begin);
	token->size -= begin;
	buf_append_u8(token, '\0');
	return true;
}

static void wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buf_fini(b);
}

static int set_token(CURL *easy, const char *path)
{
	_cleanup_(wipe) struct buf token = BUF_INIT(MAX_TOKEN);
	int r = file_read(path, &token);

	if (r == -ENOMEM)
		return r;
	if (r || !trim_token(&token) || buf_error(&token))
		return REQUEST_E_TOKEN;
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	return curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, (const char *)token.data) == CURLE_OK
		       ? 0
		       : -ENOMEM;
}

static void set_connection(CURL *easy, const struct request *r)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(r->timeout / NSEC_PER_MSEC));
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "hone-agent");
}

/* Whom @ca_file names and nobody else: the folder of the system's authorities counts, too, unless
 * it is taken away. */
static bool trust(CURL *easy, const char *ca_file)
{
	return curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

int request_prepare(CURL *easy, const struct request_options *options, const struct request *r,
		    request_body body, void *context, char *error_text)
{
	_cleanup_(buf_fini) struct buf url = BUF_INIT(MAX_URL);
	int result = make_url(&url, options, r);

	if (result)
		return result;
	curl_easy_reset(easy);
	set_connection(easy, r);
	error_text[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
	if (curl_easy_setopt(easy, CURLOPT_URL, (const char *)url.data) != CURLE_OK ||
	    (options->ca_file && !trust(easy, options->ca_file)))
		return -ENOMEM;
	if (options->token_file && !strncmp(options->server, "https://", strlen("https://")))
		return set_token(easy, options->token_file);
	return 0;
}
