/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that all requests together take no more of than a limit. Inside of this room. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
	size_t limit; /* bytes */
	pthread_mutex_t mutex;
	size_t taken;
};

void budget_init(struct budget *b, size_t limit);
void budget_fini(struct budget *b);

/* @size more, if that makes no more than @limit (.limit or less); false: there is no room. */
bool budget_take(struct budget *b, size_t size, size_t limit);
void budget_give(struct budget *b, size_t size);

size_t budget_taken(struct budget *b);
