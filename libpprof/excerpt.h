/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks apart from their profile: what a stack says as one number, some stacks as a profile of
 * their own, and other values in the place of a stack's. Not part of the public interface.
 */
#pragma once

#include <stdint.h>

#include "libpprof/pprof.h"

/*
 * For each sample a hash of all that its stack says (addresses, mappings, functions, lines; not
 * its labels and values), and nothing else: equal stacks of any two profiles have one hash for one
 * @seed. *ret_hashes is malloc'd and the caller's. 0, -ENOMEM, or -EINVAL (of what pprof_peek()
 * made).
 */
int pp_fingerprints(const struct pprof_profile *p, uint64_t seed, uint64_t **ret_hashes);

/* The same of the main mapping; @seed where there is none. */
uint64_t pp_fingerprint_main(const struct pprof_profile *p, uint64_t seed);

/*
 * A plain profile (PPROF_PLAIN) of these @n samples in this order, with what they name and @p's
 * header. As pprof_encode().
 */
int pp_excerpt(const struct pprof_profile *p, const uint32_t *samples, uint32_t n,
	       uint8_t **ret_data, size_t *ret_size);

/* Does any sample have a label? */
bool pp_has_labels(const struct pprof_profile *p);

/* Those of sample @number, which there is: pprof_sample() without its labels. */
const int64_t *pp_values(const struct pprof_profile *p, uint32_t number);

/* One for each sample type, in the place of those of sample @number, which there is. */
void pp_set_values(struct pprof_profile *p, uint32_t number, const int64_t *values);
