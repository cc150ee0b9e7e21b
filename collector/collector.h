/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hone-collector: the owner of its rooms. It opens the depot and the server, answers requests by
 * calling the rooms in order, and writes the log.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "collector/access/access.h"
#include "collector/access/rate.h"
#include "collector/compact/compact.h"
#include "collector/curate/curate.h"
#include "collector/depot/depot.h"
#include "collector/http/http.h"
#include "collector/ingest/accept.h"
#include "collector/meter/meter.h"
#include "collector/query/query.h"
#include "collector/settings/settings.h"

struct collector {
	struct settings settings;
	struct log *log; /* borrowed */
	pthread_mutex_t log_mutex;
	bool log_requests; /* under it, as what is in log */
	struct depot *depot;
	struct curate *curate;
	struct access *access;
	struct rate *rate;
	struct meter *meter;
	struct accept_limits limits;
	struct turns turns;
	struct briefs *briefs;
	struct compactor *compactor;
	uint64_t relieved, broken_sums; /* that were told of; its own */
	atomic_bool closing;		/* asks who adds up in the background to end */
	struct query *query;
	struct http *http;
};

/*
 * @settings, whose .data was given, and @log, borrowed, are the collector's also where this fails.
 * 0; 1: it was said in the log why it cannot start; or -errno.
 */
int collector_open(struct collector *c, struct settings *settings, struct log *log);

/*
 * Make @settings hold, as far as that can be without a start, and read the secrets anew; what is
 * wrong with these is told, and all stays as it was (1). 0, 1 or -errno.
 */
int collector_reload(struct collector *c, const struct settings *settings);

/* Answer what is under way, then close. Fine for one that was not opened whole. */
void collector_close(struct collector *c);

/* One event for the log, by any thread: @error is a negative errno or 0. */
void collector_say(struct collector *c, enum log_level level, const char *message, const char *text,
		   int error);
