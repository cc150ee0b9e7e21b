/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of hone record. Nothing is looked up here: whether a process exists or a file
 * can be written is found out later.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/target/cgroup.h"

/* Samples per second and CPU, where the user does not say. */
#define RECORD_DEFAULT_FREQ    499
#define RECORD_MAX_FREQ	       10000
#define RECORD_DEFAULT_SECONDS 30
#define RECORD_MAX_SECONDS     (24 * 3600)
#define RECORD_DEFAULT_OUTPUT  "default.pgo"
#define RECORD_MAX_PIDS	       64
#define RECORD_PROBLEM_SIZE    256

enum record_options_outcome {
	RECORD_OPTIONS_E_USAGE = 1, /* wrong: see problem */
	RECORD_OPTIONS_E_HELP,	    /* asked for: see record_help */
};

/* Exactly one of n_pids, exe, container and command is set. Texts are borrowed from argv. */
struct record_options {
	int32_t pids[RECORD_MAX_PIDS]; /* each once */
	size_t n_pids;
	const char *exe;
	struct container_id container; /* an id or the beginning of one; empty: none */
	char **command;		       /* with its arguments, NULL at the end */

	uint64_t duration; /* ns; 0: until the target ends, or the profile is ready, or Ctrl-C */
	bool until_ready;
	uint32_t freq;
	const char *output; /* "-": standard output */
	bool quiet, json;

	char problem[RECORD_PROBLEM_SIZE]; /* a sentence, for say_usage() */
};

/* 0 or an outcome of the list above. argv[0] is "record"; argv keeps its order. */
int record_options_parse(int argc, char **argv, struct record_options *ret_options);

extern const char record_help[];
