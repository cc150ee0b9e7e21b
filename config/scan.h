/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration being read. Every source fills it through the same few calls, in the order of
 * their rank: defaults, file, environment, flags.
 */
#pragma once

#include "config/value.h"

struct config_scan {
	const struct config_schema *schema;
	void *config; /* being filled */
	struct config_block **blocks;
	struct config_problems *problems;
	const char *where;		       /* file, flag or variable being read */
	bool lines;			       /* it has lines */
	unsigned int source;		       /* its rank, from 1 */
	unsigned int sources[CONFIG_MAX_KEYS]; /* which source a list at the top is from */
};

/* "WHERE:LINE: SENTENCE"; @line 0: not known. */
void config_problem(struct config_scan *scan, size_t line, const char *format, ...) _printf_(3, 4);

/* The key with this path; NULL for none. */
const struct config_key *config_find(const struct config_table *table, const char *path);

/* Set all values that have a default, but for lists. 0 or -ENOMEM. */
int config_defaults(struct config_scan *scan, const struct config_table *table, void *base);

/* Set a single value, whose problem is told. 0 or -ENOMEM. */
int config_set(struct config_scan *scan, const struct config_key *key, void *base, const char *text,
	       size_t line);

/* A list at the top is about to be read: forget what a lower source put there. */
void config_list_begin(struct config_scan *scan, const struct config_key *key);

/* Room for one more; NULL when there is no memory, or it is full, which is told. */
void *config_list_add(struct config_scan *scan, const struct config_key *key, void *base,
		      size_t line);

/* Add a pair to a list of pairs. 0 or -ENOMEM. */
int config_pair_add(struct config_scan *scan, const struct config_key *key, void *base,
		    const char *name, const char *value, size_t line);

/* An element given as nothing but the value of its first key. 0 or -ENOMEM. */
int config_single_add(struct config_scan *scan, const struct config_key *key, const char *text,
		      size_t line);

/* How many were found up to now, to see whether there were more meanwhile. */
static inline size_t config_problem_count(const struct config_scan *scan)
{
	return scan->problems->n + scan->problems->more;
}

/* A file of YAML: the top table. 0 or -ENOMEM. */
int config_read_file(struct config_scan *scan, struct span file);

/* A list, or one element of it, as YAML in a flag or variable. 0 or -ENOMEM. */
int config_read_list(struct config_scan *scan, const struct config_key *key, const char *text);

/* Environment and flags. 0 or -ENOMEM. */
int config_read_environment(struct config_scan *scan, const char *const *environment);
int config_read_flags(struct config_scan *scan, int argc, const char *const *argv);
