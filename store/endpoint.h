/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a store is and how to speak to it: the part of the options that concerns HTTP, checked once
 * and put into libcurl's handles.
 */
#pragma once

#include <curl/curl.h>

#include "store/store.h"

struct endpoint {
	char *url; /* of the call, from libcurl */
	struct curl_slist *headers;
	enum store_auth auth;
	char *user, *auth_file, *secret;
};

#define ENDPOINT_NULL \
	{             \
		0     \
	}

enum endpoint_outcome {
	ENDPOINT_E_OPTIONS = STORE_E_OPTIONS, /* the options cannot work */
	ENDPOINT_E_SECRET = 1,		      /* the file with the secret cannot be used now */
};

/* What is asked of the store, below the options' URL. */
struct endpoint_call {
	const char *path;  /* percent-encoded, with a slash in front; "" for the URL itself */
	const char *query; /* percent-encoded; NULL for none */
	const char *const *headers; /* "Name: value"; before those of the options */
	size_t n_headers;
};

/* 0, ENDPOINT_E_OPTIONS, or -ENOMEM. */
int endpoint_init(struct endpoint *e, const struct store_options *options,
		  const struct endpoint_call *call, char *ret_text);
void endpoint_fini(struct endpoint *e);

/* Set on @easy all that stays the same, for a POST; it must not outlive @e. 0, ENDPOINT_E_OPTIONS
 * or -ENOMEM.
 */
int endpoint_set_up(const struct endpoint *e, const struct store_options *options, CURL *easy,
		    char *ret_text);

/*
 * Read the secret and set it on @easy. 0; ENDPOINT_E_SECRET, and @ret_text (STORE_TEXT_SIZE) says
 * why; -ENOMEM.
 */
int endpoint_authorize(const struct endpoint *e, CURL *easy, char *ret_text);
