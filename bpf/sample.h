/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel program and user space say to each other.
 *
 * Up, through one ring buffer: struct sample, struct process_event. Down: struct exe_policy by
 * struct exe_key, and the process ids to watch. All integers are native (little-endian) and every
 * struct is a multiple of 8 bytes, without padding. Addresses are run-time addresses of the target.
 *
 * The kernel side decides nothing: it copies registers, a few words of stack, frame-pointer chains
 * and what the Go runtime says of itself. What the sample means is found out in agent/unwind.
 */
#pragma once

#ifdef __bpf__
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef long long int64_t;
typedef int int32_t;
#define SAMPLE_ASSERT(what)
#else
#include <assert.h>
#include <stdint.h>
#define SAMPLE_ASSERT(what) static_assert(what, #what)
#endif

/*
 * Limits. runtime/pprof keeps 64 logical frames (maxCPUProfStack, runtime/cpuprof.go); wrappers do
 * not count there but stand in the chain, hence twice as many physical ones.
 */
#define SAMPLE_MAX_FRAMES 128
/* Compiled Go needs 2 words at sp to find its direct caller, assembly with small frames more. */
#define SAMPLE_WORDS 16
/* Where the frame pointer is no frame pointer (assembly that uses it as scratch): this many. */
#define SAMPLE_MAX_WORDS 512
/* At a goroutine's saved sp: its direct caller is within this. */
#define SAMPLE_SCHED_WORDS 4

/* A frame pointer this far above sp, or below it, is not taken for one. */
#define SAMPLE_NEAR_BYTES (1 << 20)

/* A program's code ends within this of its start. */
#define SAMPLE_CODE_BYTES (1ull << 31)

/* Caps of the maps: processes watched at once, executables known (the least used are forgotten). */
#define SAMPLE_MAX_WATCHED  4096
#define SAMPLE_MAX_POLICIES 4096
/* Cgroups with a struct cgroup_policy. */
#define SAMPLE_MAX_CGROUPS 1024

/* Places that changes of processes are counted in. A power of two. */
#define SAMPLE_CHANGES 1024

#define SAMPLE_MIN_RING (256 * 1024)

/*
 * An executable file as the kernel knows it: mm->exe_file's inode, and its super block's device
 * number in the kernel's own encoding (major << 20 | minor). On overlay and btrfs these need not be
 * what stat() says, so user space learns them from samples and never makes them up for certain.
 */
struct exe_key {
	uint64_t inode;
	uint32_t device;
	/* i_generation and time of the last write mixed: an inode used again is another file */
	uint32_t generation;
};

enum record_type {
	RECORD_SAMPLE = 1,
	RECORD_EXEC = 2, /* a watched process runs another program now */
	RECORD_FORK = 3, /* a watched process has a child */
	RECORD_EXIT = 4, /* the last thread of a watched process is gone */
	RECORD_MOVE = 5, /* any process is in another cgroup now, or was born into another */
};

struct record_header {
	uint32_t type; /* enum record_type */
	uint32_t size; /* of the whole record, header included */
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	uint32_t pid;  /* thread group id, in the initial pid namespace */
	uint32_t tid;
	uint64_t start_time; /* of the thread group leader, ns since boot: tells pids used again */
	struct exe_key exe;
	uint64_t start_code; /* mm->start_code: lowest run-time address of an executable segment */
};

struct process_event {
	struct record_header header;
	uint32_t parent_pid; /* RECORD_FORK: the watched process; else 0 */
	uint32_t reserved;
	uint64_t cgroup; /* as struct sample has it */
};

enum sample_flags {
	SAMPLE_KERNEL = 1 << 0,	   /* the tick hit kernel mode; registers are the user's at entry */
	SAMPLE_GO = 1 << 1,	   /* struct go_state was read and is consistent */
	SAMPLE_ON_G0 = 1 << 2,	   /* the thread runs on its system stack */
	SAMPLE_IN_SIGNAL = 1 << 3, /* in a Go signal handler: registers are those it interrupted */
	SAMPLE_POLICY = 1 << 4,	   /* the executable's policy was known */
	SAMPLE_MORE_FRAMES = 1 << 5, /* the chain went on after SAMPLE_MAX_FRAMES */
	SAMPLE_LOG_WEIGHT = 15 << 24 /* the sample stands for so many ticks, as a power of two */
};

/*
 * Where a cgroup has a divisor 2^k, one tick in 2^k is sampled and its sample says k: the one the
 * kernel went by for this very tick.
 */
#define SAMPLE_MAX_LOG_WEIGHT 15
#define SAMPLE_LOG_WEIGHT_AT  24
#define SAMPLE_WEIGHT(flags) \
	(1u << ((uint32_t)(flags) >> SAMPLE_LOG_WEIGHT_AT & SAMPLE_MAX_LOG_WEIGHT))

/*
 * The runtime's own words; 0 where the policy gives no offset. Read with SAMPLE_GO only. What is
 * kept of a goroutine that has stopped, only with SAMPLE_ON_G0, SAMPLE_IN_SIGNAL or ncgo: of a
 * running one it says nothing.
 */
struct go_state {
	uint64_t curg; /* m.curg: the goroutine this thread works for, or 0 */
	uint64_t sched_pc, sched_sp, sched_bp; /* of curg */
	uint64_t sched_lr;		       /* of curg, 8 bytes below sched_bp; arm64 only */
	uint64_t syscall_pc, syscall_sp;       /* of curg */
	uint64_t vdso_pc, vdso_sp;	       /* of m */
	uint64_t ncgo;			       /* m.ncgo: cgo calls in progress */
};

/*
 * After the struct follow, as 8-byte words:
 *
 *	n_words: the words at sp, upwards. SAMPLE_WORDS of them, or SAMPLE_MAX_WORDS where there is
 *	no frame record at fp; fewer where a page is missing.
 *
 *	n_frames: return addresses along the frame-pointer chain, innermost first.
 *
 *	n_sched_words: the words at go.sched_sp (only with SAMPLE_ON_G0 and a curg).
 *
 *	n_sched_frames: return addresses along the chain from go.sched_bp (likewise); where that is
 *	0 and the goroutine is in C, from the frame record of asmcgocall at go.sched_sp.
 *
 * Of C code called from Go (SAMPLE_ON_G0, go.ncgo, go.syscall_sp) the first two lists are empty.
 *
 * A chain steps from f to the frame record { f' , return address } at f and ends at f = 0, at f'
 * equal to f, at an f that is not aligned, at a return address of 0, at unreadable memory, or at
 * SAMPLE_MAX_FRAMES. Chains may go downwards (stack switches do). Two functions of the runtime are
 * stepped through by their frame size instead, because they change stacks (struct exe_policy): the
 * return address into them is in the list, what follows is the list of the stack they came from.
 *
 * The chain begins at fp. Where there is no frame record (fp is not in [sp - 8, sp - 8 +
 * SAMPLE_NEAR_BYTES), or no address of the program's code stands there), assembly uses fp as a
 * scratch register, and the chain begins at the first pair among the words that looks like a
 * record; whether it is one of this stack is for user space to find out.
 *
 * amd64: while a vDSO call is under way (go.vdso_sp != 0) the chain starts at vdso_sp - 16, where
 * time.now, nanotime1 and walltime keep their caller's frame pointer (runtime/sys_linux_amd64.s).
 */
struct sample {
	struct record_header header;
	uint32_t cpu;
	uint32_t flags;
	uint64_t cgroup; /* id in the cgroup v2 hierarchy, or in one of v1: enum cgroup_hierarchy */
	uint64_t pc, sp, fp;
	uint64_t lr;	/* arm64 only */
	uint64_t chain; /* where the chain begins: its innermost frame record, or 0 */
	struct go_state go;
	uint16_t n_words;
	uint16_t n_frames;
	uint16_t n_sched_words;
	uint16_t n_sched_frames;
	uint64_t data[];
};

#define SAMPLE_MAX_DATA \
	(SAMPLE_MAX_WORDS + SAMPLE_MAX_FRAMES + SAMPLE_SCHED_WORDS + SAMPLE_MAX_FRAMES)

SAMPLE_ASSERT(sizeof(struct exe_key) == 16);
SAMPLE_ASSERT(sizeof(struct record_header) == 56);
SAMPLE_ASSERT(sizeof(struct process_event) == 72);
SAMPLE_ASSERT(sizeof(struct sample) == 56 + 56 + 80 + 8);

enum exe_verdict {
	EXE_IGNORE = 1, /* no samples of it, please */
	EXE_GO = 2,	/* Go, with these offsets */
	EXE_PLAIN = 3,	/* samples of it, but read no runtime state (offsets unknown) */
};

/* A range of code, as offsets from start_code. Empty: begin == end. */
struct code_range {
	uint32_t begin, end;
};

/*
 * What the kernel program needs to know of an executable. Offsets in bytes; 0 for "not known, do
 * not read" where said so.
 */
struct exe_policy {
	uint32_t verdict; /* enum exe_verdict */
	int32_t tls_g; /* amd64: g is at fsbase + tls_g; arm64: 0 for "in x28", else at tp + tls_g
			*/
	uint32_t g_m;  /* in g */
	uint32_t g_sched_sp; /* gobuf.sp; gobuf.pc follows */
	uint32_t g_sched_bp;
	uint32_t g_syscall_sp; /* g.syscallsp; g.syscallpc follows */
	uint32_t m_gsignal;    /* in m; m.g0 is at 0 */
	uint32_t m_curg;
	uint32_t m_vdso_sp; /* m.vdsoSP; m.vdsoPC follows. 0: not known */
	uint32_t m_ncgo;    /* int32. 0: not known, or no cgo in this program */
	/*
	 * Two functions change stacks, and what is to be found there lies frame + 16 bytes above
	 * the frame record of the function that they call, whose return address is in their range.
	 *
	 * runtime.cgocallback, called from C, goes to the goroutine's stack: the goroutine's saved
	 * pc. The frame record of asmcgocall follows; on arm64 after 32 bytes more.
	 */
	struct code_range cgocallback;
	/* runtime.sigtramp, called by the kernel: the kernel's signal frame. */
	struct code_range sigtramp;
	uint32_t cgocallback_frame;
	uint32_t sigtramp_frame;
};

SAMPLE_ASSERT(sizeof(struct exe_policy) == 64);

/*
 * Whose cgroup ids tell containers apart. Where some controllers are those of cgroup v1 (the hybrid
 * set-up, too), a container need not have a cgroup of its own in v2.
 */
enum cgroup_hierarchy {
	CGROUP_V2,
	CGROUP_V1_MEMORY,
	CGROUP_V1_PIDS,
	CGROUP_V1_CPU,
	CGROUP_V1_DEVICES,
};

/* By cgroup, and only where every process is sampled. Where there is none: all zero. */
struct cgroup_policy {
	uint32_t is_known;    /* its processes need not be looked at one by one */
	uint32_t is_unwanted; /* no samples of it, please */
	uint32_t log_weight;  /* sample one tick in 2^log_weight; to SAMPLE_MAX_LOG_WEIGHT */
};

SAMPLE_ASSERT(sizeof(struct cgroup_policy) == 12);

/* What the kernel program keeps of a process. All zero: watched, nothing known yet. */
struct known_process {
	struct exe_policy policy;
	struct exe_key exe;
	uint64_t start_code, start_time, cgroup;
	uint64_t groups; /* the css_set that .cgroup was found in; 0: it has been moved since */
};

SAMPLE_ASSERT(sizeof(struct known_process) == 112);
