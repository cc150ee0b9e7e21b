/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles on disk: one folder, one SQLite database, which holds the index and the profiles
 * themselves.
 *
 * What depot_add() answered 0 for is on disk: the database is in WAL mode with synchronous=FULL, so
 * the log was brought to disk (fsync) before. It survives kill -9 and loss of power, and nothing is
 * to be repaired at the next start: SQLite takes what was committed from the log and nothing else.
 *
 * Many threads may add at once. Those that wait while a commit runs are committed together by the
 * next one, so that the number of profiles a second is not bound by that of fsyncs.
 *
 * A profile is known by its key: adding one whose key is there already changes nothing and
 * succeeds. That makes a push that is tried again harmless. The keys of profiles that were merged
 * are kept for a while (keeping.h).
 *
 * What the index knows of a profile is stored with the profile once more, so that the index can be
 * made again from the profiles (repair.h).
 *
 * Nothing is added where there would be no room left to take the log into the database. What others
 * leave no room for, a reserve helps to remove (reserve.h): who removes lets it go, all else is
 * refused meanwhile, and the first room that there is becomes the reserve again (keeping.h).
 *
 * Profiles are blobs in the database: 10 000 profiles of 20 to 200 KB on ext4, eight a commit, took
 * 0.7 ms each, as files of their own 3.7 ms (one a commit: 1.7 and 5.7 ms), for as much of the disk
 * and no slower reading. They have a table of their own, so that the index stays small.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define DEPOT_KEY_SIZE 32u
#define DEPOT_WHY_SIZE 256u

enum depot_outcome {
	DEPOT_E_LOCKED = 1, /* another process uses the folder */
	DEPOT_E_NEWER,	    /* a later version of hone wrote it */
	DEPOT_E_FOREIGN,    /* a database, but not one of hone's */
	DEPOT_E_DAMAGED,    /* no database, or a broken one */
	DEPOT_E_FULL,	    /* no room on the disk: nothing was added */
	DEPOT_E_NONE,	    /* there is no such profile */
};

struct depot_label {
	const char *name, *value;
};

/* A sample type of a profile, and the sum of its values. */
struct depot_type {
	const char *name; /* type:unit:type of the period:its unit */
	int64_t total;
};

/*
 * What a profile is in brief, and what it adds to the dictionary that this is written in: stacks
 * .first to .first + .n - 1, none where .n is 0. See briefs.h.
 */
struct depot_brief {
	int64_t dictionary; /* 0: the profile has none */
	uint32_t first, n;
	struct span stacks, counts;
};

/* A profile and what the index holds of it. All borrowed. */
struct depot_profile {
	uint8_t key[DEPOT_KEY_SIZE];
	const char *tenant;
	const struct depot_label *labels; /* sorted by name, each name once */
	size_t n_labels;
	const struct depot_type *types; /* each name once */
	size_t n_types;
	const char *service, *package; /* service name; path of the main package; or "" */
	const char *build;	       /* build id, or "" */
	int64_t start, duration;       /* ns, since the epoch; ns */
	int64_t samples;	       /* distinct stacks */
	bool cpu;		       /* something that the Go compiler reads */
	struct span pprof;	       /* gzip */
	struct depot_brief brief;
};

struct depot;

/*
 * Open the folder at @path, which is made (0700) when it is not there. A database of an earlier
 * version is brought up to date, in one transaction. 0, an outcome, or -errno; @ret_why, of
 * DEPOT_WHY_SIZE, may then hold what SQLite said.
 */
int depot_open(const char *path, struct depot **ret_depot, char *ret_why);
struct depot *depot_close(struct depot *d);

/*
 * Add all of @profiles, or none of them. *ret_added: how many were not there before. 0,
 * DEPOT_E_FULL, DEPOT_E_DAMAGED, or -errno.
 */
int depot_add(struct depot *d, const struct depot_profile *profiles, size_t n, size_t *ret_added);

/* ---- merging ----------------------------------------------------------------------------- */

/*
 * In the background the profiles of one series and build are merged, first those of an hour, later
 * those of a day (UTC, by the start of a profile). A merged profile has an id of its own, and the
 * bytes of an id never change. In every view a profile is there once, by itself or in a merged one.
 *
 * A merged profile counts by its start, the earliest of its parts. So that the same window holds
 * the same profiles before and after they were merged, its ends have to fall on whole hours or days
 * where profiles may have been merged: depot_query_align() sees to that.
 */
enum depot_level { DEPOT_LEVEL_PUSHED, DEPOT_LEVEL_HOUR, DEPOT_LEVEL_DAY };

#define DEPOT_HOUR	   (3600 * (int64_t)1000000000)
#define DEPOT_DAY	   (24 * DEPOT_HOUR)
#define DEPOT_HOURLY_AFTER (DEPOT_HOUR / 6) /* the end of the hour */
#define DEPOT_DAILY_AFTER  DEPOT_DAY	    /* the end of the day */

/* What begins earlier may be merged at @level by now: the start of an hour or a day. */
int64_t depot_merged_before(enum depot_level level, int64_t now);

struct depot_counts {
	uint64_t commits, commit_time; /* ns */
	uint64_t bytes;		       /* of the database, its log and the reserve, on disk */
	uint64_t reserve, wanted;      /* bytes of the reserve; and as many as it should be */
};

/* Since it was opened; by any thread. */
void depot_counts(struct depot *d, struct depot_counts *ret_counts);

/* ---- reading ----------------------------------------------------------------------------- */

/*
 * One view of the depot as it was when the reader was opened, whatever is added meanwhile. For one
 * thread.
 */
struct depot_reader;

int depot_reader_open(struct depot *d, struct depot_reader **ret_reader);
struct depot_reader *depot_reader_close(struct depot_reader *r);
void depot_reader_closep(struct depot_reader **r);

/* Whose CPU profiles, from when on. */
struct depot_query {
	const char *tenant;
	const char *name;     /* of a main package or of a service */
	int64_t since, until; /* ns since the epoch; by the start of a profile */
};

/* Widen the window so that it cuts through nothing that may be merged at @now. */
void depot_query_align(struct depot_query *q, int64_t now);

/* What matches, in a few numbers: equal ones mean that nothing changed. */
struct depot_state {
	int64_t n, first, last; /* profiles; lowest and highest id */
};

/* One of the profiles that match. */
struct depot_row {
	int64_t id, series;
	int64_t start, end; /* of the first and of the last one merged in it */
	int64_t duration;   /* of all that are merged in it, added up */
	int64_t samples;    /* distinct stacks */
	int64_t n;	    /* profiles pushed that are in it: 1 if it is not merged */
	enum depot_level level;
	uint32_t build;	  /* number of a build, below */
	uint32_t package; /* offset of its main package in .text */
};

struct depot_build {
	uint32_t id;   /* offset in .text */
	int64_t first; /* start of its first profile, however old */
};

struct depot_list {
	struct depot_row *rows; /* by start, then id */
	size_t n_rows;
	struct depot_build *builds; /* the newest, by .first, is first */
	size_t n_builds;
	struct buf text;
};

#define DEPOT_MAX_ROWS	 (1u << 20)
#define DEPOT_MAX_BUILDS (1u << 16)
#define DEPOT_LIST_NULL                            \
	{                                          \
		.text = BUF_INIT((size_t)16 << 20) \
	}

static inline const char *depot_list_text(const struct depot_list *l, uint32_t at)
{
	return (const char *)l->text.data + at;
}

int depot_state(struct depot_reader *r, const struct depot_query *q, struct depot_state *ret_state);

/* 0, -E2BIG over DEPOT_MAX_ROWS or DEPOT_MAX_BUILDS, DEPOT_E_DAMAGED or -errno. */
int depot_list(struct depot_reader *r, const struct depot_query *q, struct depot_list *ret_list);
void depot_list_fini(struct depot_list *l);

/*
 * Call @each with the value of label @name of each series of @q's name that has it, in any window,
 * in order of the series. 0, DEPOT_E_DAMAGED or -errno.
 */
int depot_values(struct depot_reader *r, const struct depot_query *q, const char *name,
		 void (*each)(void *context, int64_t series, const char *value), void *context);

/* Append the pprof of a profile to @to. 0, DEPOT_E_NONE, DEPOT_E_DAMAGED or -errno. */
int depot_read(struct depot_reader *r, int64_t id, struct buf *to);

/* ---- series ------------------------------------------------------------------------------ */

#define DEPOT_MAX_LABELS 64u

/* Series of a tenant with a profile that starts in [since, until]. */
struct depot_series_query {
	const char *tenant;
	int64_t since, until;	  /* ns since the epoch */
	const char *name, *value; /* with this label only; NULL: all */
};

struct depot_series {
	int64_t id;
	size_t labels, end;    /* offsets in .text */
	size_t types, n_types; /* of .types */
};

struct depot_series_type {
	int64_t id;
	size_t name; /* offset in .text; struct depot_type, .name */
};

struct depot_series_list {
	struct depot_series *rows; /* by id */
	size_t n_rows;
	struct depot_series_type *types;
	size_t n_types;
	struct buf text;
};

#define DEPOT_MAX_SERIES (1u << 18)
#define DEPOT_SERIES_LIST_NULL                     \
	{                                          \
		.text = BUF_INIT((size_t)64 << 20) \
	}

/* 0, -E2BIG over DEPOT_MAX_SERIES or the limit of .text, DEPOT_E_DAMAGED or -errno. */
int depot_list_series(struct depot_reader *r, const struct depot_series_query *q,
		      struct depot_series_list *ret_list);
void depot_series_list_fini(struct depot_series_list *l);

/* The labels of a row, sorted by name; answers how many there are. */
size_t depot_series_labels(const struct depot_series_list *l, const struct depot_series *row,
			   struct depot_label ret_labels[DEPOT_MAX_LABELS]);

struct depot_item {
	int64_t id;
	int64_t start, end; /* of the first and of the last one merged in it */
	int64_t n;	    /* profiles pushed that are in it: 1 if it is not merged */
	int64_t bytes;	    /* gzip */
	int64_t total;	    /* of the values of a type; 0 where the profile has no such type */
};

/*
 * Call @each for the profiles of @series that start in [since, until], by start, until it answers
 * other than 0, which is forwarded. @type is one of the series. Totals of profiles that version 1
 * of the schema took are not known, and 0.
 */
int depot_each_profile(struct depot_reader *r, int64_t series, int64_t type, int64_t since,
		       int64_t until, int (*each)(void *context, const struct depot_item *item),
		       void *context);

/* What there is of a tenant; .first and .last are starts of profiles, and 0 where .profiles is. */
struct depot_extent {
	int64_t profiles, first, last; /* ns since the epoch */
};

int depot_extent(struct depot_reader *r, const char *tenant, struct depot_extent *ret_extent);
