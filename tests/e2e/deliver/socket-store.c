/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store behind a unix socket, for kill.py. A push is one connection: the id, a blank, the pprof,
 * and the end of writing. The answer is one letter: k taken, r try again, b too big, and the end
 * without one is a lost answer.
 */
#include "socket-store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

struct store {
	struct loop *loop;
	struct sockaddr_un address;
	struct loop_source source;
	store_done done;
	void *context;
	struct store_limits limits;
};

struct store *socket_store_new(struct loop *loop, const char *path)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = loop;
	s->source = (struct loop_source)LOOP_SOURCE_NULL;
	s->address.sun_family = AF_UNIX;
	snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s", path);
	return s;
}

void store_cancel(struct store *s)
{
	int fd = s->source.fd;

	if (!s->source.loop)
		return;
	loop_remove(&s->source);
	close(fd);
}

struct store *store_close(struct store *s)
{
	if (s)
		store_cancel(s);
	free(s);
	return NULL;
}

const struct store_limits *store_limits(const struct store *s)
{
	return &s->limits;
}

uint32_t store_room(const struct store *s)
{
	return s->source.loop ? 0 : 1;
}

static int on_answer(struct loop_source *source, uint32_t events)
{
	struct store *s = container_of(source, struct store, source);
	struct store_result result = { .outcome = STORE_E_RETRY, .text = "no answer" };
	char letter;

	(void)events;
	if (read(source->fd, &letter, 1) == 1) {
		result.http_status = 503;
		if (letter == 'k')
			result.outcome = STORE_OK;
		if (letter == 'b')
			result.outcome = STORE_E_TOO_BIG;
	}
	store_cancel(s);
	return s->done(s->context, &result);
}

static int send_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* What cannot be sent is found out when there is no answer. */
int store_push(struct store *s, const struct store_profile *profile, store_done done, void *context)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	s->done = done;
	s->context = context;
	if (connect(fd, (struct sockaddr *)&s->address, sizeof(s->address)) == 0 &&
	    !send_all(fd, profile->id, strlen(profile->id)) && !send_all(fd, " ", 1))
		send_all(fd, profile->pprof.data, profile->pprof.size);
	shutdown(fd, SHUT_WR);
	int r = loop_add(s->loop, &s->source, fd, EPOLLIN | EPOLLHUP, on_answer);
	if (!r)
		take_fd(&fd);
	return r;
}
