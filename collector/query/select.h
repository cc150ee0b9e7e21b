/* SPDX-License-Identifier: Apache-2.0 */
/* Which series a request is about, and their labels. Inside of this room. */
#pragma once

#include "collector/query/inside.h"
#include "collector/query/selector.h"

/* A set of labels with one sample type. */
struct select_entry {
	size_t row;  /* of .list */
	size_t type; /* of .list.types; SIZE_MAX: none is known */
};

struct selection {
	int64_t since, until; /* ns */
	struct depot_series_list list;
	struct select_entry *entries; /* by row, then by name of the type */
	size_t n;
};

#define SELECTION_NULL                         \
	{                                      \
		.list = DEPOT_SERIES_LIST_NULL \
	}

struct select_input {
	char **selectors; /* all have to hold */
	size_t n;
	const char *profile_type; /* NULL: all */
	int64_t start, end;	  /* ms */
};

/* 0, INGEST_E_REFUSED or -errno. */
int select_series(const struct query_call *c, const struct select_input *in,
		  struct selection *ret_selection);
void selection_fini(struct selection *s);

#define SELECT_DERIVED	  5u
#define SELECT_MAX_LABELS (DEPOT_MAX_LABELS + SELECT_DERIVED)
#define SELECT_TYPE_SIZE  2560u

/* All labels of an entry, sorted by name. Points into the selection and into itself. */
struct select_labels {
	struct depot_label list[SELECT_MAX_LABELS];
	size_t n;
	char profile_type[SELECT_TYPE_SIZE];
	char parts[SELECT_TYPE_SIZE]; /* the same, with a NUL for each colon */
	const char *of_type[5];	      /* name, type, unit, of the period; in .parts */
};

/* False where its type is not of the form that an id has. */
bool select_labels(const struct selection *s, const struct select_entry *e,
		   struct select_labels *ret_labels);
const char *select_value(const struct select_labels *l, const char *name);

/*
 * name:type:unit:type of the period:its unit, perhaps with :delta, as Pyroscope's clients write it.
 * 0 or INGEST_E_REFUSED.
 */
int select_parse_type(const struct query_call *c, const char *id, char ret_parts[SELECT_TYPE_SIZE],
		      const char *ret_of_type[5]);
