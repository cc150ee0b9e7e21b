/* SPDX-License-Identifier: Apache-2.0 */
/* Function names, each held once and numbered from 0 in the order of addition. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/index.h"

/* All names together; the compiler's own largest binaries hold some tens of MB of them. */
#define PGO_NAMES_BYTES_MAX (256U << 20)

struct pgo_names {
	uint64_t seed;	 /* pp_hash_seed(): for the names, and for what is made of their numbers */
	struct buf text; /* NUL-terminated, one after the other */
	uint32_t *offsets;
	size_t n, capacity;
	struct index index;
};

#define PGO_NAMES_NULL                                  \
	{                                               \
		.text = {.limit = PGO_NAMES_BYTES_MAX } \
	}

void pgo_names_fini(struct pgo_names *names);

/* The number of @text, added if it is new. 0, -ENOMEM, or -E2BIG over PGO_NAMES_BYTES_MAX. */
int pgo_names_add(struct pgo_names *names, const char *text, uint32_t *ret_number);

/* Borrowed until the next addition. */
static inline const char *pgo_names_text(const struct pgo_names *names, uint32_t number)
{
	return (const char *)names->text.data + names->offsets[number];
}
