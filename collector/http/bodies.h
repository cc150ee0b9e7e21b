/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for the bodies of requests: all together take no more than the limit, each no more than its
 * own. Room is taken as a body comes in, and given back once it is answered. Inside of this room.
 */
#pragma once

#include <stddef.h>

#include "collector/http/budget.h"
#include "collector/http/request.h"

/* Append to @r's body. Its error is then 0, -E2BIG for one too large, -ENOBUFS: all room is taken,
 * or -ENOMEM. */
void bodies_append(struct budget *b, struct http_request *r, const char *data, size_t size);

/* Drop @r's body, but for its error. */
void bodies_drop(struct budget *b, struct http_request *r);
