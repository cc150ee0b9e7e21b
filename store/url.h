/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's URL parser (curl_url(3)) with scope-exit cleanup. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

static inline void curl_url_cleanupp(CURLU **u)
{
	curl_url_cleanup(*u);
}

static inline void curl_freep(void *p)
{
	curl_free(*(void **)p);
}

static inline bool url_has(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}
