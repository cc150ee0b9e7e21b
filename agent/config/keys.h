/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of everything that can be set, once: the parser, --help, the manual, the example file
 * and what --check-config prints are all made from it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/config/config.h"

/* What a value is, and what it is kept as. */
enum config_type {
	CONFIG_TEXT,	  /* const char *; "" is NULL */
	CONFIG_PATTERN,	  /* const char *; "" is "" */
	CONFIG_URL,	  /* const char *: http or https, without a user; "" is NULL */
	CONFIG_STORE_URL, /* or file:///DIR */
	CONFIG_ADDRESS,	  /* const char *: numeric address and port; "" is NULL */
	CONFIG_DURATION,  /* uint64_t, ns */
	CONFIG_SIZE,	  /* uint64_t, bytes */
	CONFIG_COUNT,	  /* uint64_t */
	CONFIG_BOOL,	  /* bool */
	CONFIG_CHOICE,	  /* an enum, numbered as in .choices */
	/* Lists: an array, and its length at .length. */
	CONFIG_LABELS,	 /* struct config_pair */
	CONFIG_PATTERNS, /* struct target_rule_pair */
	CONFIG_HEADERS,	 /* const char *: "Name: value" */
	CONFIG_STORES,	 /* struct config_store */
	CONFIG_RULES,	 /* struct target_rule */
};

struct config_key {
	const char *path; /* "spool.dir": dir in the mapping spool */
	const char *flag; /* without its dashes; NULL: it cannot be given alone */
	enum config_type type;
	size_t offset;		    /* into the struct that the table describes */
	size_t length;		    /* of lists: the offset of their size_t */
	const char *fallback;	    /* as it would be written; NULL: none */
	uint64_t min, max;	    /* of numbers; max 0: no limit */
	const char *const *choices; /* NULL at the end */
	bool restart;		    /* changes take effect at the next start */
	const char *value;	    /* what the value is called: "DIR" */
	const char *help;	    /* a clause without a full stop, and no longer than two lines */
};

struct config_table {
	const struct config_key *keys;
	size_t n;
	size_t size; /* of the struct */
};

#define CONFIG_MAX_KEYS 48u /* of a table */

extern const struct config_table config_agent_keys, config_store_keys, config_rule_keys;

/* The name in the environment: HONE_SPOOL_BYTES for spool-bytes. */
#define CONFIG_NAME_SIZE 64u
void config_variable(const struct config_key *key, char ret_name[CONFIG_NAME_SIZE]);
