/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the API server, as libcurl is to make it.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define REQUEST_MAX_ANSWER (16u << 10) /* kept of an answer that is a refusal */

struct request_options {
	const char *server, *node, *token_file, *ca_file; /* as in struct kube_options */
};

struct request {
	const char *continue_token; /* of a list; NULL or empty: from the beginning */
	const char *version;	    /* NULL: not said */
	bool watch;
	uint32_t page;	     /* of a list */
	uint64_t timeout;    /* ns */
	uint64_t watch_time; /* ns */
};

/* Called with a piece of the body; answers how much it took, and less ends the transfer. */
typedef size_t (*request_body)(char *data, size_t one, size_t size, void *context);

enum request_outcome {
	REQUEST_E_TOKEN = 1, /* the token's file cannot be read, or holds no token */
};

/*
 * Set up @easy, from nothing; errors in words go to @error_text (CURL_ERROR_SIZE). 0,
 * REQUEST_E_TOKEN, or -ENOMEM.
 */
int request_prepare(CURL *easy, const struct request_options *options, const struct request *r,
		    request_body body, void *context, char *error_text);
