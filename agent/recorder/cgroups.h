/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups that samples come from: whose they are, and how often they are sampled.
 *
 * One that is a container's tells the group of each process in it, also of one that was gone
 * before anybody could look. And each has a budget of samples for a window: as it is used up, the
 * divisor doubles (struct cgroup_policy), and with the next window it becomes what the last one
 * would have needed. The samples say themselves what they stand for, so that a divisor is always
 * free to change.
 */
#pragma once

#include "agent/recorder/group.h"
#include "base/lru.h"

/* SAMPLE_MAX_CGROUPS of bpf/sample.h. */
#define CGROUPS_MAX 1024u

struct cgroup {
	uint64_t id;	     /* as struct sample has it */
	struct group *group; /* whose it is; NULL: not known, or anybody's */
	uint32_t pid;	     /* the process that told of it */
	uint64_t start_time; /* likewise, as struct record_header has it */
	bool shared;	     /* it is of others, too (.shares_cgroup): each process is asked */
	bool unwanted;	     /* the owner's: no samples of it are wanted */
	uint32_t log_divisor;
	uint32_t seen;	/* the window */
	uint64_t taken; /* samples in this window */
	uint64_t ticks; /* what they stand for */
	uint64_t next;	/* with so many taken, sample less */
};

struct cgroups {
	struct lru lru;
	struct cgroup *items;
	uint64_t budget; /* samples of a cgroup in a window; 0: no limit */
	uint64_t evicted;
};

int cgroups_init(struct cgroups *t, uint64_t budget);
void cgroups_fini(struct cgroups *t);

/* NULL, or a cgroup whose address holds until cgroups_remove(). */
struct cgroup *cgroups_find(struct cgroups *t, uint64_t id);

/* A new one; there must be room. */
struct cgroup *cgroups_add(struct cgroups *t, uint64_t id);
void cgroups_remove(struct cgroups *t, struct cgroup *c);

static inline bool cgroups_is_full(const struct cgroups *t)
{
	return lru_is_full(&t->lru);
}

uint64_t cgroups_memory(const struct cgroups *t);

/* The one not seen for longest, or NULL. */
struct cgroup *cgroups_oldest(const struct cgroups *t);

/* A sample that stands for @ticks was taken. True: the divisor is another one now. */
bool cgroups_count(const struct cgroups *t, struct cgroup *c, uint64_t ticks);

/*
 * A window is over: what is the divisor of the next? @share: its length by that of a usual one, to
 * judge a short one by. True: the divisor is another one now.
 */
bool cgroups_turn(const struct cgroups *t, struct cgroup *c, double share);
