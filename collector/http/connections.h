/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every connection of the server, and how long it may take for what it does: to send a header, to
 * send a body, to take an answer. libmicrohttpd knows a time of silence only, so that a client that
 * sends a byte now and then could stay for ever. Inside of this room.
 *
 * Once a second a thread looks at all of them and shuts down what is over its time, whatever it
 * does; libmicrohttpd then sees its end. That is safe, as a connection is taken off this list
 * before its descriptor is closed. Whether something came in before there was a whole line is asked
 * of the kernel (TCP_INFO): what never says anything is idle, and that is allowed for longer.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum connection_phase {
	CONNECTION_WAITING, /* between requests; maybe part of a first line is there */
	CONNECTION_HEADER,
	CONNECTION_BODY,
	CONNECTION_WORK, /* the server's turn, which takes what it takes */
	CONNECTION_SENDING,
};

struct tls;

struct connection {
	struct connection *next, **link;
	int fd;
	enum connection_phase phase;
	uint64_t begun;	   /* clock_monotonic(), 0: nothing has begun */
	uint64_t received; /* bytes when it began to wait */
	bool cut, known;   /* shut down; its client's certificate is trusted */
	struct tls *tls;   /* what to show it, borrowed; or NULL */
};

struct connection_times {
	uint64_t header, body, answer; /* ns */
};

struct connections {
	struct connection_times times;
	bool speaks; /* no TLS: what is cut can be told why */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct connection *first;
	unsigned int n;
	uint64_t n_cut;
	pthread_t sweeper;
	bool runs, stop;
};

/* 0 or -errno. */
int connections_init(struct connections *l, const struct connection_times *times, bool speaks);
void connections_fini(struct connections *l); /* when all are closed */

/* NULL when there is no memory: then it has no limit but that of silence. */
struct connection *connections_add(struct connections *l, int fd);
void connections_remove(struct connections *l, struct connection *c);

/* NULL is fine. */
void connections_enter(struct connections *l, struct connection *c, enum connection_phase phase);

/* How many there are, and how many were cut. */
void connections_count(struct connections *l, unsigned int *ret_n, uint64_t *ret_cut);
