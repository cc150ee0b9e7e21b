/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One part of a multipart/form-data body (RFC 7578, RFC 2046 §5.1), which is at hand in whole.
 * Pure.
 *
 * libmicrohttpd has a parser of its own that takes a body piece by piece; it has had holes
 * (CVE-2023-27371), and what must be decided here is much less.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

/* Is this Content-Type one of multipart/form-data? */
bool multipart_is(const char *content_type);

/*
 * The content of the first part whose Content-Disposition says name="@name". False where there is
 * none, no boundary in the type, or the body is not what the type says.
 */
bool multipart_find(const char *content_type, struct span body, const char *name,
		    struct span *ret_content);
