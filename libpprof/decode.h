/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of decode*.c: what is known while a file is being read. */
#pragma once

#include "libpprof/array.h"
#include "libpprof/ids.h"
#include "libpprof/model.h"
#include "libpprof/pprof.h"
#include "libpprof/wire.h"

struct pp_decoder {
	struct pprof_profile *p;
	struct pprof_limits limits;
	const char *reason;
	const uint8_t *file; /* under 4 GiB */

	bool peeks; /* functions and locations are checked only, texts kept once they are named */

	struct pp_array strings; /* uint32_t: index in the file to number in the profile */
	struct pp_array texts;	 /* struct pp_text_place, likewise, while peeking */
	struct pp_ids mappings, functions, locations;

	/* of the row being read */
	struct pp_array lines;		      /* struct pprof_line */
	struct pp_array location_ids, values; /* uint64_t */
	struct pp_array sample_locations;     /* uint32_t */
};

/* In the file; PPROF_NONE in .strings until somebody asks for it. */
struct pp_text_place {
	uint32_t at, size;
};

static inline int pp_malformed(struct pp_decoder *d, const char *reason)
{
	d->reason = reason;
	return PPROF_E_MALFORMED;
}

static inline int pp_too_large(struct pp_decoder *d, const char *reason)
{
	d->reason = reason;
	return PPROF_E_TOO_LARGE;
}

/* To be asked when all fields of a message have been read. */
static inline int pp_message_end(struct pp_decoder *d, const struct pp_reader *r)
{
	return r->bad ? pp_malformed(d, "not a protocol buffers message, or damaged") : 0;
}

/* An index of the file to the number of the string in the profile. */
int pp_string_number(struct pp_decoder *d, uint64_t file_index, uint32_t *ret_number);

/*
 * The four readings of the file, in this order. Each returns 0, an outcome with d->reason set (but
 * for PPROF_E_TOO_LARGE of the tables' own), or -ENOMEM.
 */
int pp_read_strings(struct pp_decoder *d, struct pp_reader file);
int pp_read_names(struct pp_decoder *d, struct pp_reader file);
int pp_read_locations(struct pp_decoder *d, struct pp_reader file);
int pp_read_samples(struct pp_decoder *d, struct pp_reader file);
