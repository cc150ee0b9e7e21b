/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that answer requests, and the queue before them. libmicrohttpd's threads have a
 * request until it is queued, and again once it is answered. Inside of this room.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "collector/http/request.h"

#define WORKERS_MAX 64u

/* Fill in the request's answer. In any worker's thread. */
typedef void (*workers_answer)(void *context, struct http_request *r);

struct workers {
	workers_answer answer;
	void *context;
	pthread_t threads[WORKERS_MAX];
	pthread_mutex_t mutex;	/* of what follows */
	pthread_cond_t changed; /* something is queued, or it stops: for one worker, or for all */
	unsigned int n;
	struct http_request *first, **last;
	unsigned int n_queued, n_busy; /* requests */
	bool stop;
};

void workers_init(struct workers *w, workers_answer answer, void *context);

/* As many as @n and WORKERS_MAX allow. 0 or -errno, and those that run do so until the end. */
int workers_start(struct workers *w, unsigned int n);

/* Suspend @r's connection until a worker has answered. False: there is no room, and it goes on. */
bool workers_enqueue(struct workers *w, struct http_request *r);

/* Its .workers, .queued and .busy. */
void workers_state(struct workers *w, struct http_state *ret_state);

/* Take no more, answer those that are queued, and end. Once; workers_fini() comes after. */
void workers_stop(struct workers *w);
void workers_fini(struct workers *w);
