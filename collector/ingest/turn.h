/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who unpacks much does so alone. What comes as a few kilobytes can be 64 MiB when it is unpacked,
 * and several times that once it is decoded (libpprof/pprof.h, struct pprof_limits): as many at a
 * time as there are workers would take memory that nothing bounds. So what has over TURN_FREE bytes
 * unpacked, request or profile, wants the turn, of which there is one. A request keeps it until its
 * end, so none waits for another that waits for it.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "collector/ingest/refusal.h"

#define TURN_FREE ((size_t)2 << 20)
#define TURN_WAIT 5 /* s; then it is asked to come again */

struct turns {
	pthread_mutex_t mutex;
};

void turns_init(struct turns *t);
void turns_fini(struct turns *t);

/* A request's; of one thread. */
struct turn {
	struct turns *of;
	bool taken;
};

/* Wait for it, unless it is there. 0 or INGEST_E_REFUSED. */
int turn_take(struct turn *t, struct refusal *why);
void turn_end(struct turn *t);
