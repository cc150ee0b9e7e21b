/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpprof: CPU profiles in the pprof format, as a library of its own.
 *
 * A profile is built call by call or decoded from bytes, looked at, merged, and encoded. The format
 * is that of github.com/google/pprof, proto/profile.proto; field numbers and rules are taken from
 * there.
 *
 * Tables (functions, mappings, locations, samples) are numbered from 0 in the order of addition;
 * those numbers are what the calls below take and give, and they never change while the profile
 * lives. Numeric ids exist only in the encoded form. Adding the same thing twice gives the first
 * one's number, so tables never hold doubles: mappings, functions and locations by all their
 * fields, samples by locations and labels (values are then added up, and wrap around at 64 bits),
 * comments by text.
 *
 * Mapping 0 is the main binary: that is the format's own rule, and its readers rely on it.
 *
 * Texts are C strings of any bytes, UTF-8 by the format's rule, which google/pprof does not check;
 * protobuf itself does, and refuses all of a message (libpprof/utf8.h). Where a text is given, NULL
 * is "".
 *
 * Ownership: everything given is copied, and may point into the same profile. Texts handed out live
 * as long as the profile; other pointers handed out (lines, locations, values, labels) are valid
 * until the next call that adds to it.
 *
 * Errors: 0 for success; negative errno for failure of the system (-ENOMEM) or misuse (-EINVAL: a
 * number out of range, a sample before any sample type, a sample type after the first sample);
 * positive for an outcome. A call that fails leaves the tables as they were.
 *
 * The library never logs, exits, reads the environment or keeps state outside the profile. One
 * profile may be used by one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PPROF_NONE UINT32_MAX

enum pprof_outcome {
	PPROF_E_MALFORMED = 1, /* not a profile, or one that contradicts itself */
	PPROF_E_TOO_LARGE,     /* over a limit of struct pprof_limits, or of 32-bit numbers */
	PPROF_E_MISMATCH,      /* two profiles that cannot be merged */
};

struct pprof_profile;

struct pprof_value_type {
	const char *type; /* "samples", "cpu" */
	const char *unit; /* "count", "nanoseconds" */
};

struct pprof_mapping {
	uint64_t start, limit, offset;
	const char *file;     /* "" for none, likewise below */
	const char *build_id; /* hex */
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct pprof_function {
	const char *name;
	const char *system_name;
	const char *file;
	int64_t start_line; /* 0: not known */
};

struct pprof_line {
	uint32_t function; /* number of a function */
	int64_t line;	   /* 0: not known */
	int64_t column;
};

struct pprof_location {
	uint32_t mapping; /* number of a mapping, or PPROF_NONE */
	uint64_t address;
	const struct pprof_line
		*lines; /* innermost inlined function first, the physical one last */
	size_t n_lines;
	bool is_folded;
};

/*
 * Labels of a sample are kept in order of their keys, texts before numbers, those of one key in the
 * order given. An empty text, or the number 0 without a unit, says nothing in the format and is
 * left out.
 */
struct pprof_label {
	const char *key;
	const char *text; /* NULL for a numeric label (here NULL is not "") */
	int64_t number;
	const char *unit; /* of the number; NULL or "" for none */
};

struct pprof_sample {
	const uint32_t *locations; /* leaf first */
	size_t n_locations;
	const int64_t *values; /* one for each sample type */
	const struct pprof_label *labels;
	size_t n_labels;
};

/* Scalar parts. */
struct pprof_header {
	int64_t time_nanos; /* start, since the epoch; 0: not known */
	int64_t duration_nanos;
	int64_t period;
	struct pprof_value_type period_type;
	const char *default_sample_type;       /* "" for none */
	const char *drop_frames, *keep_frames; /* "" for none */
	const char *doc_url;		       /* "" for none */
};

/*
 * What a decoder may spend on bytes from outside. 0 in a member: the default. The memory that a
 * profile made to that end takes is up to seven times .uncompressed; that of an honest one,
 * three to five times.
 */
struct pprof_limits {
	size_t size;	     /* .size: sizeof(struct pprof_limits) */
	size_t uncompressed; /* bytes; default 256 MiB */
	size_t samples;	     /* default 4 Mi */
	size_t locations;    /* default 4 Mi */
	size_t depth;	  /* locations or labels in a sample, lines in a location; default 64 Ki */
	size_t functions; /* default 4 Mi */
	size_t mappings;  /* default 64 Ki */
	size_t strings;	  /* default 4 Mi */
	bool utf8;	  /* a text that is not UTF-8 is malformed, not taken */
};

int pprof_new(struct pprof_profile **ret_profile);
struct pprof_profile *pprof_free(struct pprof_profile *p); /* takes NULL, gives NULL */

/* ---- building ---------------------------------------------------------------------------- */

int pprof_set_header(struct pprof_profile *p, const struct pprof_header *header);

/* Before the first sample. */
int pprof_add_sample_type(struct pprof_profile *p, const struct pprof_value_type *type);
int pprof_add_comment(struct pprof_profile *p, const char *text);
void pprof_clear_comments(struct pprof_profile *p);

/* *ret_number (may be NULL): the new one's number, or the equal one's. */
int pprof_add_mapping(struct pprof_profile *p, const struct pprof_mapping *m, uint32_t *ret_number);
int pprof_add_function(struct pprof_profile *p, const struct pprof_function *f,
		       uint32_t *ret_number);
int pprof_add_location(struct pprof_profile *p, const struct pprof_location *l,
		       uint32_t *ret_number);
int pprof_add_sample(struct pprof_profile *p, const struct pprof_sample *s, uint32_t *ret_number);

/* ---- looking ----------------------------------------------------------------------------- */

size_t pprof_n_sample_types(const struct pprof_profile *p);
size_t pprof_n_comments(const struct pprof_profile *p);
size_t pprof_n_mappings(const struct pprof_profile *p);
/* The main binary: number 0, but for a profile of pprof_reread(); PPROF_NONE for none. */
uint32_t pprof_main_mapping(const struct pprof_profile *p);
size_t pprof_n_functions(const struct pprof_profile *p);
size_t pprof_n_locations(const struct pprof_profile *p);
size_t pprof_n_samples(const struct pprof_profile *p);

/* The number must be below the count above: that is asserted, it is the caller's own promise. */
struct pprof_header pprof_header(const struct pprof_profile *p);
struct pprof_value_type pprof_sample_type(const struct pprof_profile *p, size_t number);
const char *pprof_comment(const struct pprof_profile *p, size_t number);
struct pprof_mapping pprof_mapping(const struct pprof_profile *p, size_t number);
struct pprof_function pprof_function(const struct pprof_profile *p, size_t number);
struct pprof_location pprof_location(const struct pprof_profile *p, size_t number);
/* .labels points into a buffer of the profile's that the next call of pprof_sample() reuses. */
struct pprof_sample pprof_sample(struct pprof_profile *p, size_t number);

/* ---- bytes ------------------------------------------------------------------------------- */

/*
 * Read a profile, gzip or plain. Everything is checked: what profile.Parse of google/pprof refuses
 * (bad wire format, ids that are 0, doubled or unknown, indices out of range, counts of values that
 * do not match) is refused, and so are a NUL byte in a string and google/pprof's text formats of
 * old; a label's key of more than 1024 bytes is too large. What else it takes is taken: any ids,
 * unknown fields, an unknown mapping (as none), several gzip members.
 * 0, PPROF_E_MALFORMED, PPROF_E_TOO_LARGE or -ENOMEM. @limits may be NULL. *ret_reason (may be
 * NULL) is a constant text for an outcome, a clause without a capital or a full stop.
 */
int pprof_decode(const void *data, size_t size, const struct pprof_limits *limits,
		 struct pprof_profile **ret_profile, const char **ret_reason);

/*
 * The same checks for a look at a profile, at half of the cost: functions and locations are not
 * kept, so there are none. Samples are there with their values and labels, added up where they name
 * the same locations of the file, which their .locations count from 0. Such a profile is not to be
 * added to, and neither encoded nor merged (-EINVAL).
 */
int pprof_peek(const void *data, size_t size, const struct pprof_limits *limits,
	       struct pprof_profile **ret_profile, const char **ret_reason);

/*
 * Read another profile into @p, in place of the one that it holds. Of this only the rows of the
 * tables stay, with their numbers, and those of the new one are found among them or added. So
 * profiles of one program are read with little work, and what was made of a row of one (its number
 * in a third profile) is good for the next, as long as pprof_generation() is the same: tables that
 * have grown over 32 MiB begin anew.
 *
 * What no sample uses is then none of the profile's: see pprof_main_mapping(), and do not count it.
 * As pprof_decode(); after an outcome @p has no samples and can be read into
 * again, after -ENOMEM it is fit only for pprof_free().
 */
int pprof_reread(struct pprof_profile *p, const void *data, size_t size,
		 const struct pprof_limits *limits, const char **ret_reason);
uint64_t pprof_generation(const struct pprof_profile *p);

enum pprof_encoding {
	PPROF_PLAIN, /* the bare message */
	PPROF_GZIP,  /* deterministic: no time, no name in the gzip header */
};

/*
 * Write a profile: always the same bytes for the same contents, whatever the order in which they
 * were added (samples sorted by what their stacks say, leaf first; tables numbered in order of
 * first use; unused entries left out). Part of the contents are the order of sample types and
 * comments, and which mapping is number 0: that one is always written, and first. Compressed bytes
 * are the same for the same zlib. *ret_data is malloc'd and the caller's to free(). 0, -ENOMEM, or
 * PPROF_E_TOO_LARGE above 4 GiB.
 */
int pprof_encode(struct pprof_profile *p, enum pprof_encoding encoding, uint8_t **ret_data,
		 size_t *ret_size);

/* ---- merging ----------------------------------------------------------------------------- */

/*
 * Add @from's samples to @to, which must be another profile, and what they use. Both must have the
 * same sample types and period type (PPROF_E_MISMATCH otherwise, and nothing is done); a @to
 * without sample types takes @from's. Durations add up, the earlier start time and the longer
 * period stay, comments are united, and of the other texts of the header @to's stay unless they are
 * "". After -ENOMEM or PPROF_E_TOO_LARGE @to holds a part of @from and is fit only for
 * pprof_free().
 */
int pprof_merge(struct pprof_profile *to, struct pprof_profile *from);

/*
 * The same for many profiles that pprof_reread() reads into one, always the same @from: what was
 * found in @to of a row of it is not looked for again. @to lives longer than the merger.
 */
struct pprof_merger;

int pprof_merger_new(struct pprof_profile *to, struct pprof_merger **ret_merger);
struct pprof_merger *pprof_merger_free(struct pprof_merger *m); /* takes NULL, gives NULL */
int pprof_merger_add(struct pprof_merger *m, struct pprof_profile *from);

#ifdef __cplusplus
}
#endif
