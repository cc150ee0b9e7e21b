/* SPDX-License-Identifier: Apache-2.0 */
/* What hone pull was asked. */
#pragma once

#include <stdbool.h>

#include "cli/remote.h"

#define PULL_MAX_FROM	256
#define PULL_MAX_LABELS 8

struct cold_list; /* pgo/cold.h */

struct pull_options {
	struct remote remote;
	const char *from[PULL_MAX_FROM]; /* /debug/pprof URLs, instead of a store */
	size_t n_from;
	uint64_t seconds;   /* of each of these */
	const char *output; /* the one file, instead of default.pgo beside each main */
	char *const *patterns;
	size_t n_patterns;
	const char *service; /* ask by it and not by main package */
	const char *tag;
	struct store_label labels[PULL_MAX_LABELS]; /* only profiles that have them */
	size_t n_labels;
	uint64_t window, max_age; /* ns; 0: the store's own; no limit */
	const char *cold_file;	  /* NULL: the shipped list alone */
	struct cold_list *cold;	  /* of both, by pull.c */
	double min_coverage;	  /* 0 to 1 */
	double min_change;	  /* likewise: share of call-edge weight */
	bool any, fail, dry_run, json, quiet;
};

/* -1 to go on, or an exit code: of wrong usage, which was said, or of --help. */
int pull_options_parse(struct pull_options *ret_options, int argc, char **argv);
