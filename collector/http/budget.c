/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/http/budget.h"

void budget_init(struct budget *b, size_t limit)
{
	*b = (struct budget){ .limit = limit };
	pthread_mutex_init(&b->mutex, NULL);
}

void budget_fini(struct budget *b)
{
	pthread_mutex_destroy(&b->mutex);
}

bool budget_take(struct budget *b, size_t size, size_t limit)
{
	pthread_mutex_lock(&b->mutex);
	bool room = b->taken <= limit && size <= limit - b->taken;
	if (room)
		b->taken += size;
	pthread_mutex_unlock(&b->mutex);
	return room;
}

void budget_give(struct budget *b, size_t size)
{
	pthread_mutex_lock(&b->mutex);
	b->taken -= size;
	pthread_mutex_unlock(&b->mutex);
}

size_t budget_taken(struct budget *b)
{
	pthread_mutex_lock(&b->mutex);
	size_t taken = b->taken;
	pthread_mutex_unlock(&b->mutex);
	return taken;
}
