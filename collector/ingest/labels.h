/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of a series, as they come from outside, within Pyroscope's limits (pkg/validation of
 * v2.2): at most 30, names of at most 1024 bytes, values of 2048, UTF-8, each name once. A value ""
 * is no label.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "collector/depot/depot.h"
#include "collector/ingest/refusal.h"

#define LABEL_SET_MAX	    30u
#define LABEL_SET_MAX_NAME  1024u
#define LABEL_SET_MAX_VALUE 2048u

struct label_set {
	struct depot_label list[LABEL_SET_MAX]; /* after label_set_finish(), sorted by name */
	size_t at[LABEL_SET_MAX];		/* of the names in .text */
	size_t n;
	struct buf text;
};

#define LABEL_SET_NULL                                                                           \
	{                                                                                        \
		.text = BUF_INIT(LABEL_SET_MAX * (LABEL_SET_MAX_NAME + LABEL_SET_MAX_VALUE + 2)) \
	}

void label_set_fini(struct label_set *l);

/* Well-formed UTF-8 without a NUL: what may be the name or the value of a label. */
bool label_text_valid(struct span s);

/* 0, INGEST_E_REFUSED or -ENOMEM; here and below. */
int label_set_add(struct label_set *l, struct span name, struct span value, struct refusal *why);

/* All are there: sort them. Refused where a name is there twice. May be called again after more
 * were added. */
int label_set_finish(struct label_set *l, struct refusal *why);

/* The value of a label, "" for none. After label_set_finish(). */
const char *label_set_value(const struct label_set *l, const char *name);

/*
 * `/ingest`'s name: "service{label=value,label=value}". What is before the brace is service_name
 * unless a label says so itself (pkg/og/storage/segment, ParseKey, of Pyroscope v2.2).
 */
int label_set_parse_name(struct label_set *l, struct span name, struct refusal *why);

/* "name=value" */
int label_set_parse_pair(struct label_set *l, struct span pair, struct refusal *why);
