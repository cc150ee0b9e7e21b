/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hone-agent: every Go process of a node, one profile for each container and executable and window.
 *
 * The owner of everything: it calls the stages in order, on one thread and one loop. The kernel
 * program wakes it where something is urgent; else it takes samples once a second. At the end of a
 * window the tallies become profiles, one at a time, and are handed to the thread that delivers
 * them (agent/courier.h).
 */
#pragma once

#include <stdbool.h>

#include "agent/capture/capture.h"
#include "agent/config/config.h"
#include "agent/courier.h"
#include "agent/expose/expose.h"
#include "agent/groups.h"
#include "agent/harvest.h"
#include "agent/names.h"
#include "agent/recorder/recorder.h"
#include "agent/survey.h"
#include "base/log.h"
#include "base/loop.h"

struct agent;

/*
 * The configuration is to be read anew (SIGHUP). 0 and a new one, which becomes the agent's, or 1:
 * it is wrong, and it has been logged why; the old one stays.
 */
typedef int (*agent_reload)(void *context, struct agent_config *ret_config);

struct agent {
	struct agent_config config;
	struct log *log;
	agent_reload reload;
	void *context;

	struct loop loop;
	struct loop_source ring;
	struct loop_timer drain, window, harvesting, watchdog;
	struct loop_signals signals;

	struct procfs procfs;
	struct names names;
	struct groups groups;
	struct recorder recorder;
	struct harvest harvest;
	struct courier *courier;
	struct expose *expose;	/* NULL: it is not to listen */
	int notify;		/* socket of the service manager, -1 where there is none */
	struct survey surveyed; /* the last one */

	char *node_label; /* node: of the start, as is the node that the API server is asked of */
	char node[256];
	uint64_t window_began;	  /* CLOCK_MONOTONIC, ns */
	uint64_t lost_before;	  /* samples, when this window began */
	uint64_t windows;	  /* closed */
	uint64_t windows_early;	  /* of these, for the memory that their stacks took */
	uint64_t names_changes;	  /* of names that cgroups were judged by */
	uint64_t exhausted;	  /* builds given up that were told of */
	uint64_t unreadable;	  /* likewise, Go programs that cannot be read */
	struct agent_config next; /* while .reloading */
	bool reloading;		  /* the stores are not yet those of .next */
	bool reload_again;	  /* once that is done */
	bool reload_failed;	  /* the last time */
	uint64_t reloaded;	  /* the last success, ns since the epoch; 0: none */
	uint64_t stopping;	  /* since when, CLOCK_MONOTONIC; 0: it is not */
};

/*
 * Start everything. @config becomes the agent's. 0; 1: it cannot be, and it has been logged why; or
 * -errno. agent_fini() may follow in any case.
 */
int agent_init(struct agent *a, struct agent_config *config, struct log *log,
	       agent_reload on_reload, void *context);
void agent_fini(struct agent *a);

/* As struct expose_options wants it; @context is the agent. */
void survey(void *context, struct agent_snapshot *snapshot);

/* Until SIGTERM or SIGINT, and all that was measured is delivered or spooled. Begins the thread, so
 * privileges that it is not to have are given up before. 0 or -errno. */
int agent_run(struct agent *a);
