/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/bodies.h"

#include <errno.h>

void bodies_init(struct bodies *l, size_t limit)
{
	*l = (struct bodies){ .limit = limit };
	pthread_mutex_init(&l->mutex, NULL);
}

void bodies_fini(struct bodies *l)
{
	pthread_mutex_destroy(&l->mutex);
}

static bool reserve(struct bodies *l, struct http_request *r, size_t size)
{
	pthread_mutex_lock(&l->mutex);
	bool room = size <= l->limit - l->reserved;
	if (room) {
		l->reserved += size;
		r->reserved += size;
	}
	pthread_mutex_unlock(&l->mutex);
	return room;
}

/* Of a body that has @size bytes so far: who announces much and sends little takes little. */
static size_t room_of(const struct http_request *r, size_t size)
{
	size_t most = r->announced ? r->announced : r->body.limit;

	return size <= most / 2 ? 2 * size : most;
}

/* Room for @n more bytes; all of it is counted. */
static void make_room(struct bodies *l, struct http_request *r, size_t n)
{
	struct buf *b = &r->body;

	if (n > b->limit - b->size) {
		b->error = -E2BIG;
		return;
	}
	if (b->size + n <= b->capacity)
		return;
	size_t room = room_of(r, b->size + n);
	if (!reserve(l, r, room - b->capacity))
		b->error = -ENOBUFS;
	else
		buf_reserve(b, room);
}

void bodies_append(struct bodies *l, struct http_request *r, const char *data, size_t size)
{
	make_room(l, r, size);
	buf_append(&r->body, data, size);
}

void bodies_drop(struct bodies *l, struct http_request *r)
{
	int error = r->body.error;

	buf_fini(&r->body);
	r->body.error = error;
	pthread_mutex_lock(&l->mutex);
	l->reserved -= r->reserved;
	r->reserved = 0;
	pthread_mutex_unlock(&l->mutex);
}

size_t bodies_reserved(struct bodies *l)
{
	pthread_mutex_lock(&l->mutex);
	size_t reserved = l->reserved;
	pthread_mutex_unlock(&l->mutex);
	return reserved;
}
