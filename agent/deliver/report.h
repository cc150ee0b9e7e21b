/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events for the owner's log, at most one of a kind a minute for each store and for the spool, and
 * the clocks that the room goes by.
 */
#pragma once

#include "agent/deliver/deliver.h"

struct report {
	struct deliver_owner owner;
	struct deliver_clock clock;
};

struct report_limits {
	struct {
		uint64_t next; /* on the boot clock */
		uint64_t untold;
	} of[DELIVER_EVENT_N];
};

/* Tell the owner, unless one of its kind was told less than a minute ago. .count is filled in. */
void report(const struct report *r, struct report_limits *limits, struct deliver_event event);

uint64_t report_boot(const struct report *r);
uint64_t report_wall(const struct report *r);
