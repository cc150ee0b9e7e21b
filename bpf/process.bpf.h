/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes are of interest, and what every record says of its process.
 *
 * What is known belongs to the executable; but to find out which one a process runs takes half a
 * dozen steps through cold kernel memory. So the answer is kept for each process, from when its
 * executable has a policy until it runs another program or ends; and each CPU keeps for itself what
 * it has met lately (scratch.bpf.h).
 */
#pragma once

#include "bpf/kernel.bpf.h"

/* Settings, written by user space before the program is loaded. */
const volatile uint32_t setting_all;	     /* sample every process, not only those watched */
const volatile uint32_t setting_by_cgroup;   /* those watched are chosen by their cgroup */
const volatile uint32_t setting_own_pid;     /* never sampled when all are */
const volatile uint32_t setting_stack_bytes; /* of a kernel stack; used before Linux 5.15 */
const volatile uint32_t setting_ring_bytes;
const volatile uint32_t setting_hierarchy; /* enum cgroup_hierarchy */
const volatile uint32_t setting_seed;	   /* any number, for choices at random */

/* By process id. Those watched are put in by user space, zeroed. With setting_all: an LRU hash. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SAMPLE_MAX_WATCHED);
	__type(key, uint32_t);
	__type(value, struct known_process);
} processes SEC(".maps");

/*
 * How often something happened to processes of these ids: another program, the end, a move, or what
 * user space did to their entries in the map. What was learnt of a process holds while this number
 * is the same. Mapped into user space, which counts too.
 */
uint32_t process_changes[SAMPLE_CHANGES];

/* Told after the change, so that what is learnt later is what it is now. */
static __always_inline void process_changed(uint32_t pid)
{
	__sync_fetch_and_add(&process_changes[pid % SAMPLE_CHANGES], 1);
}

/* What user space knows of each executable. Verdict 0: it has been asked, and has not answered. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SAMPLE_MAX_POLICIES);
	__type(key, struct exe_key);
	__type(value, struct exe_policy);
} policies SEC(".maps");

/* Is any cgroup sampled less than others, or was? Said by user space: if not, none is looked up. */
uint32_t any_special;

/* Of the file last asked for, by user space. */
struct exe_key file_key;

/* Where every process is sampled. Put in by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SAMPLE_MAX_CGROUPS);
	__type(key, uint64_t);
	__type(value, struct cgroup_policy);
} cgroups SEC(".maps");

static __always_inline struct known_process *process_find(uint32_t pid)
{
	return bpf_map_lookup_elem(&processes, &pid);
}

/* It runs another program now. */
static __always_inline void process_forget(uint32_t pid)
{
	struct known_process unknown = {};

	if (setting_all)
		bpf_map_delete_elem(&processes, &pid);
	else
		bpf_map_update_elem(&processes, &pid, &unknown, BPF_EXIST);
}

#define WRITTEN(inode, sec, nsec) \
	((uint32_t)BPF_CORE_READ(inode, sec) * 0x9e3779b1 + (uint32_t)BPF_CORE_READ(inode, nsec))

/* A number that is another one when the file has been written meanwhile. */
static __always_inline uint32_t written_of(struct inode *inode)
{
	struct inode___before_6_6 *old = (void *)inode;
	struct inode___before_6_11 *newer = (void *)inode;
	struct inode___later *newest = (void *)inode;

	if (bpf_core_field_exists(newest->i_mtime_sec))
		return WRITTEN(newest, i_mtime_sec, i_mtime_nsec);
	if (bpf_core_field_exists(newer->__i_mtime))
		return WRITTEN(newer, __i_mtime.tv_sec, __i_mtime.tv_nsec);
	if (bpf_core_field_exists(old->i_mtime))
		return WRITTEN(old, i_mtime.tv_sec, i_mtime.tv_nsec);
	return 0;
}

/* By calls for each step: where a pointer was read as a plain number, there is no other way. */
static __always_inline void key_of(struct file *file, struct exe_key *ret_key)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	ret_key->inode = BPF_CORE_READ(inode, i_ino);
	ret_key->generation = BPF_CORE_READ(inode, i_generation) + written_of(inode);
	ret_key->device = BPF_CORE_READ(inode, i_sb, s_dev);
}

static __always_inline void exe_of(struct mm_struct *mm, struct exe_key *ret_key)
{
	struct file *file = kernel_read(mm, exe_file);

	if (file)
		key_of(file, ret_key);
}

#define CONTROLLER(name)                                                                    \
	(bpf_core_enum_value_exists(enum cgroup_subsys_id___hone, name##_cgrp_id___hone)    \
		 ? bpf_core_enum_value(enum cgroup_subsys_id___hone, name##_cgrp_id___hone) \
		 : 0)

/* The number of the controller whose hierarchy tells containers apart. */
static __always_inline uint32_t controller(void)
{
	switch (setting_hierarchy) {
	case CGROUP_V1_MEMORY:
		return CONTROLLER(memory);
	case CGROUP_V1_PIDS:
		return CONTROLLER(pids);
	case CGROUP_V1_CPU:
		return CONTROLLER(cpu);
	default:
		return CONTROLLER(devices);
	}
}

static __always_inline uint64_t cgroup_of(struct css_set *set)
{
	struct cgroup_subsys_state *state = NULL;
	struct kernfs_node *node = NULL;
	struct cgroup *cgroup = NULL;
	uint64_t id = 0;

	if (setting_hierarchy == CGROUP_V2) {
		bpf_core_read(&cgroup, sizeof(cgroup), &set->dfl_cgrp);
	} else {
		bpf_probe_read_kernel(&state, sizeof(state),
				      (void *)set + bpf_core_field_offset(set->subsys) +
					      sizeof(state) * controller());
		bpf_core_read(&cgroup, sizeof(cgroup), &state->cgroup);
	}
	bpf_core_read(&node, sizeof(node), &cgroup->kn);
	bpf_core_read(&id, sizeof(id), &node->id);
	return id;
}

static __always_inline uint64_t start_time_of(struct task_struct *task)
{
	struct task_struct *leader = kernel_read(task, group_leader);

	return kernel_read(leader, start_boottime);
}

/* All there is to know of @task's process but its policy; little, when it has ended. */
static __always_inline void process_read(struct task_struct *task,
					 struct known_process *ret_process)
{
	struct css_set *groups = kernel_read(task, cgroups);
	struct mm_struct *mm = kernel_read(task, mm);

	__builtin_memset(ret_process, 0, sizeof(*ret_process));
	ret_process->start_time = start_time_of(task);
	ret_process->groups = (uint64_t)groups;
	ret_process->cgroup = cgroup_of(groups);
	if (mm) {
		exe_of(mm, &ret_process->exe);
		ret_process->start_code = kernel_read(mm, start_code);
	}
}

static __always_inline void header_fill(struct record_header *h, const struct known_process *p,
					uint32_t pid, uint32_t tid)
{
	h->time = bpf_ktime_get_ns();
	h->pid = pid;
	h->tid = tid;
	h->start_time = p->start_time;
	h->exe = p->exe;
	h->start_code = p->start_code;
}
