/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels as stores take them (Grafana Pyroscope's limits, of which the others' are no smaller):
 * at most 30, a name of letters, digits and "_", a value of at most 2048 bytes of UTF-8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define LABELS_MAX	 30
#define LABELS_MAX_NAME	 1024
#define LABELS_MAX_VALUE 2048

/* The same shape as struct store_label (store/store.h). */
struct label {
	const char *name;  /* [a-zA-Z_][a-zA-Z0-9_]* */
	const char *value; /* UTF-8 without control characters, not empty */
};

/* In the order they were added, each name once. */
struct labels {
	struct label list[LABELS_MAX]; /* after labels_finish() */
	uint32_t n;
	uint32_t n_left_out; /* beyond LABELS_MAX, names a second time, and what is no name */
	struct buf text;
	size_t at[LABELS_MAX]; /* of name and value in text */
};

#define LABELS_NULL                                                                     \
	{                                                                               \
		.text = BUF_INIT(LABELS_MAX * (LABELS_MAX_NAME + LABELS_MAX_VALUE + 2)) \
	}

void labels_fini(struct labels *l);

/*
 * Add one. An empty value is none. Of a value, bytes that are no UTF-8 and control characters
 * become "?", and what is over the limit is cut.
 */
void labels_add(struct labels *l, const char *name, struct span value);
void labels_add_text(struct labels *l, const char *name, const char *value); /* NULL: none */

/* All added: make the list. 0 or -ENOMEM. */
int labels_finish(struct labels *l);

/* The value of a label, NULL for none. */
const char *labels_value(const struct labels *l, const char *name);

/* The same names and values in the same order? */
bool labels_equal(const struct labels *a, const struct labels *b);

/* Is it [a-zA-Z_][a-zA-Z0-9_]* and not too long? */
bool label_name_valid(const char *name);
