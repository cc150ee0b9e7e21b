/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/bodies.h"

#include <errno.h>

/* Of a body that has @size bytes so far: who announces much and sends little takes little. */
static size_t room_of(const struct http_request *r, size_t size)
{
	size_t most = r->announced ? r->announced : r->body.limit;

	return size <= most / 2 ? 2 * size : most;
}

/* Room for @n more bytes; all of it is counted. */
static void make_room(struct budget *b, struct http_request *r, size_t n)
{
	struct buf *body = &r->body;

	if (n > body->limit - body->size) {
		body->error = -E2BIG;
		return;
	}
	if (body->size + n <= body->capacity)
		return;
	const size_t room = room_of(r, body->size + n), more = room - body->capacity;
	if (!budget_take(b, more, b->limit)) {
		body->error = -ENOBUFS;
		return;
	}
	r->reserved += more;
	buf_reserve(body, room);
}

void bodies_append(struct budget *b, struct http_request *r, const char *data, size_t size)
{
	make_room(b, r, size);
	buf_append(&r->body, data, size);
}

void bodies_drop(struct budget *b, struct http_request *r)
{
	int error = r->body.error;

	buf_fini(&r->body);
	r->body.error = error;
	budget_give(b, r->reserved);
	r->reserved = 0;
}
