/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/answers.h"

void answers_init(struct answers *l, size_t limit)
{
	*l = (struct answers){ .limit = limit };
	pthread_mutex_init(&l->mutex, NULL);
}

void answers_fini(struct answers *l)
{
	pthread_mutex_destroy(&l->mutex);
}

bool answers_keep(struct answers *l, struct http_request *r)
{
	const size_t size = r->answer.body.size;
	const size_t most = l->limit - l->limit / 8, charge = size < most ? size : most;
	const size_t limit = size <= ANSWERS_SMALL || size > most ? l->limit : most;

	if (size <= ANSWERS_FREE)
		return true;
	pthread_mutex_lock(&l->mutex);
	bool room = l->reserved <= limit && charge <= limit - l->reserved;
	if (room) {
		l->reserved += charge;
		r->kept = charge;
	}
	pthread_mutex_unlock(&l->mutex);
	return room;
}

void answers_release(struct answers *l, struct http_request *r)
{
	pthread_mutex_lock(&l->mutex);
	l->reserved -= r->kept;
	r->kept = 0;
	pthread_mutex_unlock(&l->mutex);
}

size_t answers_reserved(struct answers *l)
{
	pthread_mutex_lock(&l->mutex);
	size_t reserved = l->reserved;
	pthread_mutex_unlock(&l->mutex);
	return reserved;
}
