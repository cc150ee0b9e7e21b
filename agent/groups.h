/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups that the agent tells apart: containers, pods, units, by what /proc says of where a
 * process is, and outside of containers by the service name it was given, too. Each is kept as long
 * as anything was counted for it, or is known to be of it.
 */
#pragma once

#include "agent/recorder/group.h"
#include "agent/target/cgroup_tree.h"
#include "agent/target/environ.h"
#include "agent/target/process.h"
#include "base/cleanup.h"
#include "base/lru.h"
#include "bpf/sample.h"

#define GROUPS_MAX 4096u

struct groups;

struct agent_group {
	struct group base;
	struct groups *owner;
	uint32_t id; /* in the owner's table */
	struct place place;
	char service[SERVICE_NAME_SIZE]; /* from the environment of its first process */
};

struct groups {
	struct lru lru;
	struct agent_group **items;
	struct cgroup_tree tree;
	bool read_environment;
	bool unified;	      /* cgroup ids are of v2, which every process has its one place in */
	uint32_t n_contained; /* groups that are containers or pods */
	uint64_t refused;     /* processes that found no room: they count as of no group */
};

int groups_init(struct groups *g, bool read_environment);

/*
 * From now on cgroups tell of those who are gone. @hierarchy: that of the ids (capture.h), @path:
 * "/sys/fs/cgroup" of the host. Where it is not there, they tell nothing. 0 or -errno.
 */
int groups_open_cgroups(struct groups *g, enum cgroup_hierarchy hierarchy, const char *path);

/* All groups must have been let go. */
void groups_fini(struct groups *g);

/* As recorder_group_of wants it: @context is the struct groups. */
int groups_of(void *context, const struct process *process, struct group **ret_group);

/* As recorder_group_of_cgroup wants it. */
int groups_of_cgroup(void *context, uint64_t cgroup, struct group **ret_group);

/*
 * As recorder_is_cgroup_of wants it: does the cgroup's own path name the same container? Where
 * there is nothing to find it by, that is taken for granted.
 */
int groups_is_cgroup_of(void *context, struct group *group, uint64_t cgroup, bool *ret_is);

/* NULL for no group. */
static inline const struct agent_group *agent_group_of(struct group *group)
{
	return group ? container_of(group, struct agent_group, base) : NULL;
}

uint64_t groups_memory(const struct groups *g);
