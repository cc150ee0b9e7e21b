/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "store/backend.h"

static bool has_scheme(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

int store_bad_options(char *ret_text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_text, STORE_TEXT_SIZE, format, args);
	va_end(args);
	return STORE_E_OPTIONS;
}

int store_open(const struct store_options *options, struct loop *loop, struct store **ret_store,
	       char *ret_text)
{
	const char *url = options->url ? options->url : "";

	if (has_scheme(url, "http://") || has_scheme(url, "https://"))
		return pyroscope_open(options, loop, ret_store, ret_text);
	if (has_scheme(url, "file:"))
		return directory_open(options, loop, ret_store, ret_text);
	return store_bad_options(ret_text, "a store is http://…, https://… or file:///DIR");
}

struct store *store_close(struct store *s)
{
	return s ? s->backend->close(s) : NULL;
}

/* What a server knows a profile by, and what names its file. */
static bool id_is_plain(const char *id)
{
	size_t n = id ? strspn(id, "0123456789abcdefABCDEF-") : 0;

	return n > 0 && n <= 64 && !id[n];
}

int store_push(struct store *s, const struct store_profile *profile, store_done done, void *context)
{
	if (!id_is_plain(profile->id))
		return -EINVAL;
	if (!store_room(s))
		return STORE_E_BUSY;
	return s->backend->push(s, profile, done, context);
}

void store_cancel(struct store *s)
{
	s->backend->cancel(s);
}

uint32_t store_room(const struct store *s)
{
	return s->backend->room(s);
}

const struct store_limits *store_limits(const struct store *s)
{
	return &s->limits;
}

const char *const *store_proxy_variables(const char *url)
{
	static const char *const plain[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const tls[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
					   NULL };
	static const char *const none[] = { NULL };

	if (has_scheme(url, "http://"))
		return plain;
	return has_scheme(url, "https://") ? tls : none;
}
