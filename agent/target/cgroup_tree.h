/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places by cgroup id, for processes that can no longer be asked: a sample carries the id of its
 * cgroup in the v2 hierarchy (bpf_get_current_cgroup_id()), which is the inode number of the
 * cgroup's folder (kernel, include/linux/kernfs.h, kernfs_id_ino(), since 5.5).
 *
 * The folders that exist at the start are read once. Later ones are opened by their id as it is
 * (open_by_handle_at(2) with the kernel's FILEID_KERNFS, as systemd does; needs
 * CAP_DAC_READ_SEARCH), or else found by reading all folders again: a second later than the last
 * reading ended, and with thousands of folders so much later that it takes a twentieth of a CPU at
 * most. What was found once is known for good, so that the cgroup may go, too.
 *
 * In a cgroup namespace of its own, an agent needs the host's hierarchy mounted; one that is
 * mounted from within shows nothing but what is below.
 *
 * On hosts without cgroup v2, and with containers that are only in v1, there is nothing to find.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/target/cgroup.h"
#include "base/index.h"

#define CGROUP_TREE_MAX_PLACES	2048
#define CGROUP_TREE_MAX_FOLDERS 65536 /* looked at in one go */
#define CGROUP_TREE_MAX_DEPTH	32

struct cgroup_tree_entry {
	uint64_t id;
	struct place place;
};

struct cgroup_tree {
	int fd;		    /* of the v2 hierarchy; -1: there is none */
	bool kernel;	    /* it is a cgroup file system, and no folder made to look like it */
	bool by_handle;	    /* until the kernel says no */
	uint64_t next_walk; /* not before, clock_monotonic() */
	struct cgroup_tree_entry *entries;
	uint32_t n, capacity;
	struct index by_id;
	uint64_t n_walks, n_missed, n_forgotten, n_beyond; /* n_beyond: folders past the caps */
};

#define CGROUP_TREE_NULL \
	{                \
		.fd = -1 \
	}

enum cgroup_tree_outcome {
	CGROUP_TREE_E_UNKNOWN = 1, /* no such cgroup, or it says nothing: the root */
};

/* @path: "/sys/fs/cgroup" of the host. 0, also when there is no cgroup v2, or -errno. */
int cgroup_tree_open(struct cgroup_tree *t, const char *path);

/* The same for the hierarchy's own folder, or one made to look like it. @fd is taken, always. */
int cgroup_tree_init(struct cgroup_tree *t, int fd);

void cgroup_tree_close(struct cgroup_tree *t);

/* The place of cgroup @id. 0, CGROUP_TREE_E_UNKNOWN, or -ENOMEM. */
int cgroup_tree_find(struct cgroup_tree *t, uint64_t id, struct place *ret_place);

/* Bytes held. */
uint64_t cgroup_tree_memory(const struct cgroup_tree *t);
