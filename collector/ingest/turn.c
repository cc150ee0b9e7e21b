/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/turn.h"

#include <time.h>

void turns_init(struct turns *t)
{
	pthread_mutex_init(&t->mutex, NULL);
}

void turns_fini(struct turns *t)
{
	pthread_mutex_destroy(&t->mutex);
}

int turn_take(struct turn *t, struct refusal *why)
{
	struct timespec end;

	if (t->taken)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += TURN_WAIT;
	t->taken = pthread_mutex_clocklock(&t->of->mutex, CLOCK_MONOTONIC, &end) == 0;
	return t->taken ? 0
			: refuse(why, REFUSAL_BUSY, "too many large profiles at once, try again");
}

void turn_end(struct turn *t)
{
	if (t->taken)
		pthread_mutex_unlock(&t->of->mutex);
	t->taken = false;
}
