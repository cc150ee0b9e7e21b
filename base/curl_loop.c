/* SPDX-License-Identifier: Apache-2.0 */
#include "base/curl_loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"

struct curl_socket {
	struct loop_source source;
	struct curl_loop *owner;
	struct curl_socket *next;
};

/* Hand ended transfers back to their owners, who may start and stop others meanwhile. */
static int hand_back(struct curl_loop *c)
{
	int r = c->error, left;
	CURLMsg *message;

	while (!r && (message = curl_multi_info_read(c->multi, &left))) {
		CURLcode result = message->data.result;
		char *private = NULL;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		struct curl_transfer *t = (struct curl_transfer *)(void *)private;
		curl_transfer_stop(t); /* @message is gone with it */
		r = t->done(t, result);
	}
	return r;
}

static int act(struct curl_loop *c, curl_socket_t fd, int events)
{
	int running;
	CURLMcode m = curl_multi_socket_action(c->multi, fd, events, &running);

	if (c->error)
		return c->error;
	if (m != CURLM_OK)
		return m == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO;
	return hand_back(c);
}

static int on_socket(struct loop_source *source, uint32_t events)
{
	struct curl_socket *s = container_of(source, struct curl_socket, source);
	int what = 0;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	return act(s->owner, source->fd, what);
}

static int on_timer(struct loop_timer *timer)
{
	return act(container_of(timer, struct curl_loop, timer), CURL_SOCKET_TIMEOUT, 0);
}

static struct curl_socket *socket_new(struct curl_loop *c, curl_socket_t fd)
{
	struct curl_socket *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct curl_socket){ .source = LOOP_SOURCE_NULL, .owner = c, .next = c->sockets };
	c->sockets = s;
	curl_multi_assign(c->multi, fd, s);
	return s;
}

static void socket_free(struct curl_socket *s)
{
	struct curl_socket **at = &s->owner->sockets;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	loop_remove(&s->source);
	free(s);
}

static int watch(struct curl_socket *s, curl_socket_t fd, int what)
{
	uint32_t events = 0;

	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	loop_remove(&s->source);
	/* With no events epoll would still tell of errors, again and again. */
	return events ? loop_add(s->owner->loop, &s->source, fd, events, on_socket) : 0;
}

/* CURLMOPT_SOCKETFUNCTION */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket)
{
	struct curl_loop *c = context;
	struct curl_socket *s = socket;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			socket_free(s);
		return 0;
	}
	if (!s)
		s = socket_new(c, fd);
	c->error = s ? watch(s, fd, what) : -ENOMEM;
	return c->error ? -1 : 0;
}

/* CURLMOPT_TIMERFUNCTION: -1 is for none, 0 for now, but not from within. */
static int set_timer(CURLM *multi, long ms, void *context)
{
	struct curl_loop *c = context;
	uint64_t first = ms > 0 ? (uint64_t)ms * NSEC_PER_MSEC : ms == 0;

	(void)multi;
	c->error = loop_timer_set(&c->timer, first, 0);
	return c->error ? -1 : 0;
}

int curl_loop_init(struct curl_loop *c, struct loop *loop, unsigned int connections)
{
	*c = (struct curl_loop)CURL_LOOP_NULL;
	c->loop = loop;
	int r = loop_timer_init(&c->timer, loop, on_timer);
	if (r < 0)
		return r;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		loop_timer_fini(&c->timer);
		return -ENOMEM;
	}
	c->multi = curl_multi_init();
	if (!c->multi) {
		curl_global_cleanup();
		loop_timer_fini(&c->timer);
		return -ENOMEM;
	}
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	return 0;
}

void curl_loop_fini(struct curl_loop *c)
{
	if (!c->multi)
		return;
	curl_multi_cleanup(c->multi);
	while (c->sockets)
		socket_free(c->sockets);
	loop_timer_fini(&c->timer);
	curl_global_cleanup();
	*c = (struct curl_loop)CURL_LOOP_NULL;
}

int curl_transfer_start(struct curl_transfer *t, struct curl_loop *c, CURL *easy,
			curl_transfer_done done)
{
	*t = (struct curl_transfer){ .owner = c, .easy = easy, .done = done };
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	CURLMcode m = curl_multi_add_handle(c->multi, easy);
	if (m == CURLM_OK)
		return 0;
	curl_multi_remove_handle(c->multi, easy);
	t->owner = NULL;
	if (c->error)
		return c->error;
	return m == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

void curl_transfer_stop(struct curl_transfer *t)
{
	if (!t->owner)
		return;
	curl_multi_remove_handle(t->owner->multi, t->easy);
	t->owner = NULL;
}
