/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Bytes that came in, headers of TCP not counted; 0 where the kernel does not say (before 4.1). */
static uint64_t received_by(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
	    size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t))
		return 0;
	return info.tcpi_bytes_received;
}

static bool is_late(const struct connections *l, const struct connection *c, uint64_t now)
{
	uint64_t limit = c->phase == CONNECTION_BODY	  ? l->times.body
			 : c->phase == CONNECTION_SENDING ? l->times.answer
							  : l->times.header;

	return c->phase != CONNECTION_WORK && c->begun && now - c->begun > limit;
}

static void cut(struct connections *l, struct connection *c)
{
	static const char why[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
				  "Content-Type: text/plain\r\nContent-Length: 26\r\n\r\n"
				  "The request took too long.";

	if (l->speaks && c->phase != CONNECTION_SENDING)
		send(c->fd, why, sizeof(why) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(c->fd, SHUT_RDWR);
	c->cut = true;
	l->n_cut++;
}

static void look_at_all(struct connections *l)
{
	uint64_t now = clock_monotonic();

	for (struct connection *c = l->first; c; c = c->next) {
		if (c->phase == CONNECTION_WAITING && !c->begun && received_by(c->fd) > c->received)
			c->begun = now;
		if (!c->cut && is_late(l, c, now))
			cut(l, c);
	}
}

static void *sweep(void *context)
{
	struct connections *l = context;
	struct timespec next;

	pthread_mutex_lock(&l->mutex);
	while (!l->stop) {
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_sec++;
		pthread_cond_timedwait(&l->changed, &l->mutex, &next);
		look_at_all(l);
	}
	pthread_mutex_unlock(&l->mutex);
	return NULL;
}

int connections_init(struct connections *l, const struct connection_times *times, bool speaks)
{
	*l = (struct connections){ .times = *times, .speaks = speaks };
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->changed, NULL);
	int error = pthread_create(&l->sweeper, NULL, sweep, l);
	l->runs = !error;
	return -error;
}

void connections_fini(struct connections *l)
{
	if (l->runs) {
		pthread_mutex_lock(&l->mutex);
		l->stop = true;
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->mutex);
		pthread_join(l->sweeper, NULL);
	}
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->mutex);
}

struct connection *connections_add(struct connections *l, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	pthread_mutex_lock(&l->mutex);
	c->next = l->first;
	c->link = &l->first;
	if (c->next)
		c->next->link = &c->next;
	l->first = c;
	l->n++;
	pthread_mutex_unlock(&l->mutex);
	return c;
}

void connections_remove(struct connections *l, struct connection *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&l->mutex);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	l->n--;
	pthread_mutex_unlock(&l->mutex);
	free(c);
}

void connections_enter(struct connections *l, struct connection *c, enum connection_phase phase)
{
	if (!c)
		return;
	pthread_mutex_lock(&l->mutex);
	/* A header begins with its first line, of which a part may have been there before. */
	if (phase != CONNECTION_HEADER || !c->begun)
		c->begun = phase == CONNECTION_WAITING ? 0 : clock_monotonic();
	if (phase == CONNECTION_WAITING)
		c->received = received_by(c->fd);
	c->phase = phase;
	pthread_mutex_unlock(&l->mutex);
}

void connections_count(struct connections *l, unsigned int *ret_n, uint64_t *ret_cut)
{
	pthread_mutex_lock(&l->mutex);
	*ret_n = l->n;
	*ret_cut = l->n_cut;
	pthread_mutex_unlock(&l->mutex);
}
