/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hone-collector: the owner of its rooms. It opens the depot and the server, answers requests by
 * calling the rooms in order, and writes the log.
 */
#pragma once

#include <pthread.h>

#include "base/log.h"
#include "collector/curate/curate.h"
#include "collector/depot/depot.h"
#include "collector/http/http.h"

#define COLLECTOR_MAX_BODY ((size_t)64 << 20)

struct collector_options {
	const char *listen; /* "127.0.0.1:4040" */
	const char *data;   /* folder */
	struct log *log;    /* borrowed */
};

struct collector {
	struct log *log;
	pthread_mutex_t log_mutex;
	struct depot *depot;
	struct curate *curate;
	struct http *http;
};

/* 0; 1: it was said in the log why it cannot start; or -errno. */
int collector_open(struct collector *c, const struct collector_options *options);

/* Answer what is under way, then close. Fine for one that was not opened whole. */
void collector_close(struct collector *c);

/* One event for the log, by any thread: @error is a negative errno or 0. */
void collector_say(struct collector *c, enum log_level level, const char *message, const char *text,
		   int error);
