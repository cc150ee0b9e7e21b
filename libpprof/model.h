/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a profile.
 *
 * Memory is what this layout is for: rows are fixed-size values in arrays, what varies in length
 * (lines of a location; locations, labels and values of a sample) lies end to end in one array per
 * kind, and rows name each other and their strings by number. One index per table finds equal rows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "libpprof/array.h"
#include "libpprof/index.h"
#include "libpprof/pprof.h"
#include "libpprof/strings.h"

#define PP_MAX_SAMPLE_TYPES 64

struct pp_value_type {
	uint32_t type, unit;
};

struct pp_mapping {
	uint64_t start, limit, offset;
	uint32_t file, build_id;
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct pp_function {
	int64_t start_line;
	uint32_t name, system_name, file;
};

struct pp_location {
	uint64_t address;
	uint32_t mapping;
	uint32_t first_line;
	uint32_t n_lines : 31;
	uint32_t is_folded : 1;
};

struct pp_label {
	int64_t number;
	uint32_t key;
	uint32_t text; /* PPROF_NONE: numeric */
	uint32_t unit;
	uint32_t position; /* among those given, while they are being sorted */
};

/* Its values are those from (its number) * (number of sample types) on. */
struct pp_sample {
	uint32_t first_location, n_locations;
	uint32_t first_label, n_labels;
};

struct pp_header {
	int64_t time_nanos, duration_nanos, period;
	struct pp_value_type period_type;
	uint32_t default_sample_type, drop_frames, keep_frames, doc_url;
};

struct pprof_profile {
	struct pp_strings strings; /* number 0 is "" */
	struct pp_header header;
	uint32_t main_mapping;	      /* its number, should there be one */
	uint64_t generation;	      /* pprof_generation() */
	bool peeked;		      /* pprof_peek(): locations of samples are not here */
	struct pp_array sample_types; /* struct pp_value_type */
	struct pp_array comments;     /* uint32_t, a string */

	struct pp_array mappings;  /* struct pp_mapping */
	struct pp_array functions; /* struct pp_function */
	struct pp_array locations; /* struct pp_location */
	struct pp_array samples;   /* struct pp_sample */

	struct pp_array lines;		  /* struct pprof_line, of the locations */
	struct pp_array sample_locations; /* uint32_t */
	struct pp_array sample_labels;	  /* struct pp_label, by key within a sample */
	struct pp_array sample_values;	  /* int64_t */

	struct pp_index comment_index, mapping_index, function_index, location_index, sample_index;
	struct pp_guess function_guess, location_guess;

	struct pp_array labels;	    /* struct pprof_label: what pprof_sample() hands out */
	struct pp_array new_labels; /* struct pp_label: those of the sample being added */
};

/* Number of the text, NULL being "". 0, -ENOMEM, PPROF_E_TOO_LARGE. */
int pp_intern(struct pprof_profile *p, const char *text, uint32_t *ret_number);

static inline const char *pp_text(const struct pprof_profile *p, uint32_t number)
{
	return pp_strings_at(&p->strings, number);
}

/*
 * Make the profile empty, but for the rows of its tables; for these too when they have more than
 * @kept bytes.
 */
int pp_clear(struct pprof_profile *p, size_t kept);

/* Rows whose strings are numbers already. */
int pp_add_sample_type(struct pprof_profile *p, const struct pp_value_type *type);
int pp_add_comment(struct pprof_profile *p, uint32_t text);
int pp_add_mapping(struct pprof_profile *p, const struct pp_mapping *m, uint32_t *ret_number);
int pp_add_function(struct pprof_profile *p, const struct pp_function *f, uint32_t *ret_number);
/* Labels are taken from p->new_labels, which this sorts. */
int pp_add_sample(struct pprof_profile *p, const uint32_t *locations, size_t n_locations,
		  const int64_t *values, uint32_t *ret_number);
/* Put one label into p->new_labels, unless it says nothing in the format. */
int pp_push_label(struct pprof_profile *p, struct pp_label *label);
