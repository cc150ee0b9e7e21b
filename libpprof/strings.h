/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interned strings: each text once, numbered from 0 in the order of addition. Texts never move, so
 * a pointer to one is good until the end, even while others are added.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "libpprof/array.h"
#include "libpprof/index.h"

struct pp_strings {
	uint64_t seed;	       /* pp_hash_seed() */
	struct pp_array texts; /* of const char * */
	struct pp_array sizes; /* uint32_t, of them */
	struct pp_index index;
	struct pp_guess guess;
	struct pp_chunk *chunks; /* the newest first */
	size_t size;		 /* bytes of them all */
};

void pp_strings_fini(struct pp_strings *s);

/* The number of the @size bytes at @text, which hold no NUL. 0, -ENOMEM, PPROF_E_TOO_LARGE. */
int pp_strings_intern(struct pp_strings *s, const char *text, size_t size, uint32_t *ret_number);

static inline const char *pp_strings_at(const struct pp_strings *s, uint32_t number)
{
	return *pp_array_at(&s->texts, const char *, number);
}
