/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One default.pgo that hone pull is to bring up to date: the file, what the source gave for it,
 * and what became of it. A source fills in the middle part; judging and writing are the same for
 * all sources.
 */
#pragma once

#include "cli/pull_options.h"
#include "cli/sudo.h"
#include "pgo/quality.h"

#define PULL_MAX_PROFILE ((size_t)64 << 20) /* bytes of a file or an answer */
#define PULL_WHY_SIZE	 768

enum pull_outcome {
	PULL_PENDING = 0,
	PULL_WRITTEN,	/* or would be, in a dry run */
	PULL_UNCHANGED, /* the file is what the source has */
	PULL_KEPT,	/* there is none, or none good enough: the file stays as it is */
	PULL_FAILED,	/* likewise, as something went wrong */
};

struct pull_change {
	bool known;			  /* there was a profile before */
	size_t hot_in, hot_out, hot_both; /* call edges */
	double overlap;			  /* of all edges' weight, 0 to 1 */
};

struct pull_item {
	char *name;	/* main package, or what else was asked for */
	char *file;	/* to write */
	struct buf old; /* what it holds */
	bool exists;

	/* From the source: a profile, or an outcome and why. */
	struct buf got;
	uint64_t until; /* end of its newest sample, ns since the epoch; 0: not said */

	enum pull_outcome outcome;
	char why[PULL_WHY_SIZE];    /* a clause; "" with PULL_WRITTEN and PULL_UNCHANGED */
	struct pgo_quality quality; /* of .got, where .judged */
	bool judged;
	struct pull_change change;
};

/* Read the file there is. 0 or -errno. */
int pull_item_init(struct pull_item *item, const char *name, const char *file);
void pull_item_fini(struct pull_item *item);

/* Settle its outcome. */
void pull_item_end(struct pull_item *item, enum pull_outcome outcome, const char *format, ...)
	_printf_(3, 4);

/* ---- the sources: 0, or -errno for what concerns all ------------------------------------- */

int pull_from_server(const struct pull_options *o, struct pull_item *items, size_t n);
/*
 * Likewise of one item that is settled already, as hone-collector's question found nothing: what
 * stays so if a Pyroscope has nothing either, or there is none.
 */
int pull_from_query(const struct pull_options *o, struct pull_item *item);
int pull_from_folder(const struct pull_options *o, struct pull_item *items, size_t n);
int pull_from_programs(const struct pull_options *o, struct pull_item *items, size_t n);

/* ---- what became of it ------------------------------------------------------------------- */

/* Is what the source gave a profile, is it good enough, is it another one? At @now, ns. */
int pull_judge(const struct pull_options *o, struct pull_item *item, uint64_t now);

/* Write what is to be written. @user: who is to own it, NULL for us. */
void pull_write(struct pull_item *item, const struct sudo_user *user);
