/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of everything that a program can be told, once: the parser, --help, the manual, the
 * example file and what --check-config prints are all made from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value is, and what it is kept as. */
enum config_type {
	CONFIG_TEXT,	 /* const char *; "" is NULL */
	CONFIG_PATTERN,	 /* const char *; "" is "" */
	CONFIG_URL,	 /* const char *: http or https, without a user; "" is NULL */
	CONFIG_FILE_URL, /* or file:///DIR */
	CONFIG_ADDRESS,	 /* const char *: numeric address and port; "" is NULL */
	CONFIG_DURATION, /* uint64_t, ns */
	CONFIG_SIZE,	 /* uint64_t, bytes */
	CONFIG_COUNT,	 /* uint64_t */
	CONFIG_BOOL,	 /* bool */
	CONFIG_CHOICE,	 /* an enum, numbered as in .choices */
	/* Lists: an array, and its length at .length. */
	CONFIG_LABELS,	 /* struct config_pair */
	CONFIG_PATTERNS, /* likewise, or another struct of two texts */
	CONFIG_HEADERS,	 /* const char *: "Name: value" */
	CONFIG_LIST,	 /* of the structs that .list describes */
};

struct config_pair {
	const char *key, *value;
};

struct config_key {
	const char *path; /* "spool.dir": dir in the mapping spool */
	const char *flag; /* without its dashes; NULL: it cannot be given alone */
	enum config_type type;
	size_t offset;		    /* into the struct that the table describes */
	size_t length;		    /* of lists: the offset of their size_t */
	const char *fallback;	    /* as it would be written; NULL: none */
	uint64_t min, max;	    /* of numbers, max 0: no limit; of pairs the most, if not 32 */
	const char *const *choices; /* NULL at the end */
	bool restart;		    /* changes take effect at the next start */
	const char *value;	    /* what the value is called: "DIR" */
	const char *help;	    /* a clause without a full stop, and no longer than two lines */
	const struct config_list *list;
};

struct config_table {
	const struct config_key *keys;
	size_t n;
	size_t size; /* of the struct */
};

#define CONFIG_MAX_KEYS 64u /* of a table */

struct config_scan;

/* A list of structs with keys of their own. */
struct config_list {
	const struct config_table *table;
	size_t max;	     /* elements */
	const char *like;    /* one, as it is written in the file */
	const char *word;    /* likewise as a flag: "a rule like {...}" */
	bool single;	     /* one may be given as the value of the first key alone */
	const char *manual;  /* what stands before its keys in the manual (mdoc) */
	const char *help;    /* likewise in --help */
	const char *comment; /* likewise in the example; NULL: an element with all keys is shown */
	/* After all of an element was read: does it fit together? */
	void (*check)(struct config_scan *scan, const void *element, size_t line);
};

/* All there is to know of a program's configuration. */
struct config_schema {
	const struct config_table *table;
	size_t blocks;	      /* offset of its struct config_block *, the memory of all values */
	const char *file;     /* the default one */
	const char *variable; /* how its variables begin: "HONE_" */
	const char *const *others; /* how others' variables go on that begin so; NULL at the end */
	const char *usage;	   /* what --help begins with; the special flags come after it */
	const char *example;	   /* what the example file begins with: lines without their # */
	/* After all sources were read. */
	void (*check)(struct config_scan *scan, const void *config);
};
