/* SPDX-License-Identifier: Apache-2.0 */
/* Results that were made, each with what it was made of. Inside of this room; the owner locks. */
#pragma once

#include "collector/curate/curate.h"

#define CACHE_MAX_ENTRIES 64u
#define CACHE_MAX_BYTES	  ((size_t)16 << 20)

enum cache_outcome {
	CACHE_E_NONE = 100, /* apart from those of enum curate_outcome */
};

struct cache_entry {
	char *key; /* NULL: free */
	struct depot_state state;
	struct curate_result result;
	uint64_t used;
};

struct cache {
	struct cache_entry entries[CACHE_MAX_ENTRIES];
	uint64_t clock;
	size_t bytes;
};

void cache_fini(struct cache *c);

/* A copy of the result for @key, if it was made of @state. 0, CACHE_E_NONE or -ENOMEM. */
int cache_get(struct cache *c, const char *key, const struct depot_state *state,
	      struct curate_result *ret_result);

/* Keep a copy, in place of what was used longest ago. 0 or -ENOMEM. */
int cache_put(struct cache *c, const char *key, const struct depot_state *state,
	      const struct curate_result *result);
