/* SPDX-License-Identifier: Apache-2.0 */
/* The time a recording takes: until its end is reached, whatever that is. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/recorder/recorder.h"

enum record_end {
	RECORD_END_TIME,	/* the duration is over */
	RECORD_END_READY,	/* the profile is good */
	RECORD_END_INTERRUPTED, /* Ctrl-C, or asked to end */
	RECORD_END_PROCESSES,	/* the processes recorded have ended */
};

struct record_loop_options {
	uint64_t duration; /* ns; 0: no limit */
	bool until_ready;
	bool live;     /* show a status line on standard error */
	bool no_watch; /* does not end with the processes: any later one counts too */
};

/*
 * The signals that end a recording. One that is ignored, as nohup has it with SIGHUP, is not among
 * them: while blocked, it would come all the same.
 */
void record_signals(sigset_t *ret_set);

/* Hold them back, and ask whether one has come since. record_loop() then ends by it. */
void record_signals_hold(void);
bool record_signals_came(void);

/* Record until the end. 0 or -errno. *ret_duration in ns. */
int record_loop(struct recorder *r, const struct record_loop_options *options,
		enum record_end *ret_end, uint64_t *ret_duration);
