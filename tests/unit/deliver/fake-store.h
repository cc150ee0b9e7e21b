/* SPDX-License-Identifier: Apache-2.0 */
/* A store in the process: keeps what it gets, answers as told. */
#pragma once

#include "store/store.h"

#define FAKE_MAX_PUSHES 4096u

struct fake_push {
	char id[40];
	char text[32];	  /* the start of the pprof */
	char service[32]; /* the value of the first label */
	uint64_t time;
	int outcome;	 /* -1: none yet */
	store_done done; /* NULL: it is over */
	void *context;
};

struct store {
	struct loop *loop;
	struct loop_timer timer;
	uint32_t room; /* pushes at once; 0: 1 */
	uint32_t under_way;
	uint32_t most_under_way; /* there ever were */

	/* What to answer; NULL: STORE_OK. */
	void (*answer)(void *context, const struct fake_push *push, struct store_result *ret);
	void *context;
	bool silent; /* never answer */
	struct store_limits limits;

	uint32_t n;
	struct fake_push pushes[FAKE_MAX_PUSHES];
	bool *closed; /* set when it is closed, may be NULL */
};

struct store *fake_store_new(struct loop *loop);

/* How many it took, with that text or, NULL, at all. */
uint32_t fake_store_taken(const struct store *s, const char *text);
