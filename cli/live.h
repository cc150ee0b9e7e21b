/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one line that shows, on a terminal, how a recording is going. It is drawn over again in
 * place and taken away at the end; what else is printed in the meantime wants live_clear() first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_status {
	uint64_t elapsed, duration; /* ns; duration 0: open end */
	uint64_t samples, edges, lost;
	double coverage;     /* 0 to 1; below 0: not known yet */
	const char *verdict; /* a few words; NULL: none yet */
};

/* Room for any line. */
#define LIVE_LINE_SIZE 256

/*
 * The line for a terminal of @width columns: what matters less is left out where there is no room
 * for everything. Loss is shown when there is some.
 */
void live_format(const struct live_status *status, unsigned int width, char *ret_line);

struct live {
	int fd;	    /* -1: nothing is shown */
	bool drawn; /* a line stands there now */
};

#define LIVE_NULL        \
	{                \
		.fd = -1 \
	}

/* Show on @fd, if it is a terminal that can move its cursor; it stays the caller's. */
void live_init(struct live *live, int fd);

void live_show(struct live *live, const struct live_status *status);
void live_clear(struct live *live);
