/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the unwinder needs to know of an address, remembered: the hot addresses of a program are
 * few, and looking one up in pclntab costs a binary search over every function.
 *
 * What is outside of the binary's Go code is answered without: it takes no place, and no lookup.
 *
 * The cache has a cap from birth: when it is full it starts anew and counts what it had.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/binary.h"

struct pc_info {
	uint64_t address; /* file address, the key: an interrupted pc or a return address */
	uint32_t entry;	  /* of its function, from runtime.text */
	int32_t sp_delta; /* pcsp there */
	uint8_t flags;	  /* enum binary_func_flags */
	uint8_t special;  /* enum binary_special */
	bool is_go;	  /* false: not in a Go function, and nothing else is set */
	bool has_sp_delta;
};

struct pc_cache {
	struct pc_info *infos; /* open addressing; address 0 is an empty place */
	uint32_t capacity;     /* a power of two, or 0 */
	uint32_t n;
	uint64_t evicted; /* addresses, as it was full */
	uint64_t asked;	  /* times that the binary's tables were read */
};

#define PC_CACHE_NULL \
	{             \
		0     \
	}
#define PC_CACHE_MAX_CAPACITY 16384u /* 384 KiB */

void pc_cache_fini(struct pc_cache *c);

/* Forget all, give the memory back. The counters go on. */
void pc_cache_forget(struct pc_cache *c);

/* Bytes held. */
static inline uint64_t pc_cache_memory(const struct pc_cache *c)
{
	return (uint64_t)c->capacity * sizeof(*c->infos);
}

/* The facts of @address, from the cache or from @binary. 0 or -ENOMEM. */
int pc_cache_look(struct pc_cache *c, const struct binary *binary, uint64_t address,
		  struct pc_info *ret_info);
