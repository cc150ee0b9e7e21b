/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which group a process is of, for those processes that their cgroup does not tell it of. A process
 * is its pid and when it started, so that a pid used again is another one. The one not seen for
 * longest goes when there are too many; it is looked at again when it is seen again.
 */
#pragma once

#include "agent/recorder/group.h"
#include "base/lru.h"

#define MEMBERS_MAX 4096u

struct member {
	uint32_t pid;
	uint32_t seen;	     /* the window */
	uint64_t start_time; /* as struct record_header has it */
	uint64_t cgroup;     /* where the kernel saw it */
	uint64_t looked;     /* when it had been looked at, CLOCK_MONOTONIC, ns */
	bool is_settled;     /* it was still in .cgroup after that */
	struct group *group; /* NULL: it was gone before it could be looked at */
};

struct members {
	struct lru lru;
	struct member *items;
	uint64_t evicted;
};

int members_init(struct members *m);
void members_fini(struct members *m);

/* NULL, or a member whose address holds until the next call of members_add(). */
struct member *members_find(struct members *m, uint32_t pid, uint64_t start_time);

/* Add a new one, whose reference to its group is taken over. */
void members_add(struct members *m, const struct member *member);

void members_remove(struct members *m, struct member *member);

uint64_t members_memory(const struct members *m);

/* Remove those last seen before @window. */
void members_age(struct members *m, uint32_t window);
