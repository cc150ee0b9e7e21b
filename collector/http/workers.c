/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/workers.h"

#define MAX_QUEUE 1024u

void workers_init(struct workers *w, workers_answer answer, void *context)
{
	*w = (struct workers){ .answer = answer, .context = context };
	w->last = &w->first;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->changed, NULL);
}

static struct http_request *next_request(struct workers *w)
{
	pthread_mutex_lock(&w->mutex);
	while (!w->first && !w->stop)
		pthread_cond_wait(&w->changed, &w->mutex);
	struct http_request *r = w->first;
	if (r) {
		w->first = r->next;
		if (!w->first)
			w->last = &w->first;
		w->n_queued--;
		w->n_busy++;
	}
	pthread_mutex_unlock(&w->mutex);
	return r;
}

static void *work(void *context)
{
	struct workers *w = context;
	struct http_request *r;

	while ((r = next_request(w))) {
		w->answer(w->context, r);
		pthread_mutex_lock(&w->mutex);
		w->n_busy--;
		pthread_mutex_unlock(&w->mutex);
		r->stage = REQUEST_DONE;
		MHD_resume_connection(r->connection);
	}
	return NULL;
}

int workers_start(struct workers *w, unsigned int n)
{
	int error = 0;

	pthread_mutex_lock(&w->mutex);
	while (!error && w->n < n && w->n < WORKERS_MAX) {
		error = pthread_create(&w->threads[w->n], NULL, work, w);
		w->n += !error;
	}
	pthread_mutex_unlock(&w->mutex);
	return -error;
}

bool workers_enqueue(struct workers *w, struct http_request *r)
{
	pthread_mutex_lock(&w->mutex);
	bool room = w->n_queued < MAX_QUEUE && !w->stop;
	if (room) {
		r->stage = REQUEST_QUEUED;
		MHD_suspend_connection(r->connection);
		r->next = NULL;
		*w->last = r;
		w->last = &r->next;
		w->n_queued++;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->mutex);
	return room;
}

void workers_state(struct workers *w, struct http_state *ret_state)
{
	pthread_mutex_lock(&w->mutex);
	ret_state->workers = w->n;
	ret_state->queued = w->n_queued;
	ret_state->busy = w->n_busy;
	pthread_mutex_unlock(&w->mutex);
}

void workers_stop(struct workers *w)
{
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	for (unsigned int i = 0; i < w->n; i++)
		pthread_join(w->threads[i], NULL);
}

void workers_fini(struct workers *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
}
