/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes are of interest, and what every record says of its process. */
#pragma once

#include "bpf/kernel.bpf.h"

/* Settings, written by user space before the program is loaded. */
const volatile uint32_t setting_all;	     /* sample every process, not only those watched */
const volatile uint32_t setting_own_pid;     /* never sampled */
const volatile uint32_t setting_stack_bytes; /* of a kernel stack; used before Linux 5.15 */
const volatile uint32_t setting_ring_bytes;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SAMPLE_MAX_WATCHED);
	__type(key, uint32_t);
	__type(value, uint8_t);
} watched SEC(".maps");

/* What user space knows of each executable. Verdict 0: it has been asked, and has not answered. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SAMPLE_MAX_POLICIES);
	__type(key, struct exe_key);
	__type(value, struct exe_policy);
} policies SEC(".maps");

static __always_inline bool is_watched(uint32_t pid)
{
	return bpf_map_lookup_elem(&watched, &pid);
}

static __always_inline void exe_of(struct mm_struct *mm, struct exe_key *ret_key)
{
	struct file *file = kernel_read(mm, exe_file);
	struct super_block *block;
	struct inode *inode;

	ret_key->inode = 0;
	ret_key->device = 0;
	ret_key->generation = 0;
	if (!file)
		return;
	inode = kernel_read(file, f_inode);
	block = kernel_read(inode, i_sb);
	ret_key->inode = kernel_read(inode, i_ino);
	ret_key->generation = kernel_read(inode, i_generation);
	ret_key->device = kernel_read(block, s_dev);
}

static __always_inline void header_fill(struct record_header *h, struct task_struct *task)
{
	struct task_struct *leader = kernel_read(task, group_leader);
	struct mm_struct *mm = kernel_read(task, mm);

	h->time = bpf_ktime_get_ns();
	h->pid = kernel_read(task, tgid);
	h->tid = kernel_read(task, pid);
	h->start_time = kernel_read(leader, start_boottime);
	h->start_code = 0;
	if (mm) {
		exe_of(mm, &h->exe);
		h->start_code = kernel_read(mm, start_code);
	}
}
