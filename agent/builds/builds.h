/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executables seen so far, keyed as the kernel keys them, each looked at once: is it Go, and if
 * so its tables and its unwinder. Processes that run the same file share one build. A build keeps
 * its file mapped, so that what is gone can still be named, until its owner removes it.
 */
#pragma once

#include <stdint.h>

#include "agent/binary/binary.h"
#include "agent/unwind/unwind.h"
#include "base/lru.h"
#include "bpf/sample.h"

struct build {
	struct exe_key key;
	bool ignored;	 /* the owner's: no samples of it are wanted */
	bool unwanted;	 /* the owner's: with .ignored, though it may be Go: not for good */
	uint64_t told;	 /* the owner's: when the kernel was last told of it, CLOCK_MONOTONIC, ns */
	uint32_t users;	 /* the owner's: it is not to be removed while there are any */
	uint64_t rested; /* the owner's: what unwinder.cache.asked was when the file was at rest */
	uint32_t seen;	 /* the owner's: the time of its last use, in any unit */
	struct binary *binary;	  /* NULL: not Go, not readable, or not looked at */
	int outcome;		  /* of binary_open(), or 0 */
	struct unwinder unwinder; /* with .binary only */
	char *path;		  /* the executable, as the process that runs it names it */
};

#define BUILDS_MAX	4096u
#define BUILDS_MAX_OPEN 512u /* with a file mapped; base/sigbus.h has room for twice as many */

enum builds_outcome {
	BUILDS_E_FULL = 1, /* BUILDS_MAX or BUILDS_MAX_OPEN reached */
};

struct builds {
	struct build **items; /* addresses of builds stay the same */
	struct lru lru;
	uint32_t n_open;
};

#define BUILDS_NULL              \
	{                        \
		.lru = LRU_NULL, \
	}

void builds_fini(struct builds *b);

/* The build of @key, which was used now, or NULL if it was not added. */
struct build *builds_find(struct builds *b, const struct exe_key *key);

/*
 * Look at the executable behind @exe_fd (the caller's; -1: do not look) and remember it under @key,
 * which must be new. 0 whatever the file turned out to be, BUILDS_E_FULL, or -ENOMEM.
 */
int builds_add(struct builds *b, const struct exe_key *key, int exe_fd, const char *path,
	       struct build **ret_build);

/*
 * The build without users that was not used for longest (@only_open: of those with a file mapped),
 * or NULL. And an end of it.
 */
struct build *builds_oldest(const struct builds *b, bool only_open);
void builds_remove(struct builds *b, struct build *build);

/* Let its file go, which is not to be read any more; no user has it. */
void builds_shut(struct builds *b, struct build *build);

/* Bytes held, mapped files not counted. */
uint64_t builds_memory(const struct builds *b);

/* What the kernel program is told about a build. */
struct exe_policy build_policy(const struct build *build);
