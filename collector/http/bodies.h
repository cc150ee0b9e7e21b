/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for the bodies of requests: all together take no more than the limit, each no more than its
 * own. Room is taken as a body comes in, and given back once it is answered. Inside of this room.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>

#include "collector/http/request.h"

struct bodies {
	size_t limit; /* bytes */
	pthread_mutex_t mutex;
	size_t reserved;
};

void bodies_init(struct bodies *l, size_t limit);
void bodies_fini(struct bodies *l);

/* Append to @r's body. Its error is then 0, -E2BIG for one too large, -ENOBUFS: all room is taken,
 * or -ENOMEM. */
void bodies_append(struct bodies *l, struct http_request *r, const char *data, size_t size);

/* Drop @r's body, but for its error. */
void bodies_drop(struct bodies *l, struct http_request *r);

size_t bodies_reserved(struct bodies *l);
