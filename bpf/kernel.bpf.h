/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The little of the kernel that the program touches.
 *
 * Only the named members are used, wherever the running kernel has them: each access is relocated
 * at load (CO-RE). Numbers of include/uapi/linux/bpf.h never change. None of the kernel's headers
 * is included: the object does not depend on those of the machine that builds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bpf/sample.h"

typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int32_t __s32;
typedef int64_t __s64;
typedef uint16_t __be16;
typedef uint32_t __be32;
typedef uint32_t __wsum;

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum bpf_map_update_flags { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum bpf_ringbuf_flags { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum bpf_ringbuf_query { BPF_RB_AVAIL_DATA = 0 };

/* The name before ___ is what counts: the kernel's own enum is looked up in its BTF. */
enum bpf_func_id___hone { BPF_FUNC_task_pt_regs___hone = 175 };

/* Controllers are numbered as the kernel was configured. */
enum cgroup_subsys_id___hone {
	memory_cgrp_id___hone,
	pids_cgrp_id___hone,
	cpu_cgrp_id___hone,
	devices_cgrp_id___hone,
};

/*
 * include/linux/sched.h; seen by user space in /proc/PID/stat. Io workers have had this bit since
 * 5.10 (before, it was that of virtual CPUs), and were kernel threads besides until 5.11.
 */
#define PF_EXITING   0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD   0x00200000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	uint32_t s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
	uint32_t i_generation;
};

/* When it was last written: one of these, by the kernel's version. */
struct timespec64 {
	int64_t tv_sec;
	long tv_nsec;
};

struct inode___before_6_6 {
	struct timespec64 i_mtime;
};

struct inode___before_6_11 {
	struct timespec64 __i_mtime;
};

struct inode___later {
	int64_t i_mtime_sec;
	uint32_t i_mtime_nsec;
};

struct file {
	struct inode *f_inode;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long start_code;
};

struct signal_struct {
	struct {
		int counter;
	} live;
};

struct kernfs_node {
	uint64_t id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1]; /* as many as enum cgroup_subsys_id has */
	struct cgroup *dfl_cgrp;	       /* that of v2 */
};

#ifdef __TARGET_ARCH_x86
struct thread_struct {
	unsigned long fsbase;
};

struct pt_regs {
	unsigned long bp, dx, si, orig_ax, ip, sp;
};
#else
struct thread_struct {
	struct {
		unsigned long tp_value;
	} uw;
};

struct pt_regs {
	uint64_t regs[31];
	uint64_t sp, pc;
	int32_t syscallno;
};
#endif

struct task_struct {
	unsigned int flags;
	int pid, tgid;
	void *stack;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	struct css_set *cgroups;
	uint64_t start_boottime;
	struct thread_struct thread;
};

#pragma clang attribute pop

/*
 * Since 5.11 a program may follow the pointers of a task as it would its own, without a call for
 * each; bpf_task_pt_regs() came with 5.15. Both are used from 5.15 on. The verifier sees a
 * constant, so the other branch costs nothing.
 */
#define HAVE_TASK_POINTERS \
	bpf_core_enum_value_exists(enum bpf_func_id___hone, BPF_FUNC_task_pt_regs___hone)

#define kernel_read(p, member)                                                \
	({                                                                    \
		__typeof__((p)->member) value_ = 0;                           \
		if (HAVE_TASK_POINTERS)                                       \
			value_ = (p)->member;                                 \
		else                                                          \
			bpf_core_read(&value_, sizeof(value_), &(p)->member); \
		value_;                                                       \
	})

static __always_inline struct task_struct *current_task(void)
{
	if (HAVE_TASK_POINTERS)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}
