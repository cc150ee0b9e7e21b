/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executables seen so far, keyed as the kernel keys them, each looked at once: is it Go, and if
 * so its tables and its unwinder. Processes that run the same file share one build. A build keeps
 * its file mapped until the end, so that what is gone can still be named.
 */
#pragma once

#include <stdint.h>

#include "agent/binary/binary.h"
#include "agent/unwind/unwind.h"
#include "base/index.h"
#include "bpf/sample.h"

struct build {
	struct exe_key key;
	bool ignored;  /* the owner's: no samples of it are wanted */
	uint64_t told; /* the owner's: when the kernel was last told of it, CLOCK_MONOTONIC, ns */
	struct binary *binary;	  /* NULL: not Go, not readable, or not looked at */
	struct unwinder unwinder; /* with .binary only */
	char *path;		  /* the executable, as the process that runs it names it */
};

#define BUILDS_MAX 4096u

enum builds_outcome {
	BUILDS_E_FULL = 1, /* BUILDS_MAX reached */
};

struct builds {
	struct build **items; /* addresses of builds stay the same */
	uint32_t n;
	struct index index;
};

#define BUILDS_NULL \
	{           \
		0   \
	}

void builds_fini(struct builds *b);

/* The build of @key, or NULL if it was not added. */
struct build *builds_find(const struct builds *b, const struct exe_key *key);

/*
 * Look at the executable behind @exe_fd (the caller's; -1: do not look) and remember it under @key,
 * which must be new. 0 whatever the file turned out to be, BUILDS_E_FULL, or -ENOMEM.
 */
int builds_add(struct builds *b, const struct exe_key *key, int exe_fd, const char *path,
	       struct build **ret_build);

/* What the kernel program is told about a build. */
struct exe_policy build_policy(const struct build *build);
