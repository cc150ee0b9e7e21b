/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where one sample is put together: too large for the BPF stack of 512 bytes, so one per CPU.
 *
 * Counts and addresses that loops work on are kept here rather than in registers: what is read back
 * from a map is just any number to the verifier, which then checks what follows a loop once, and
 * not once for each way out of the loop. INDEX() keeps such a number inside data[].
 *
 * What every sample touches lies close together: at a hundred samples a second nothing of it is in
 * a cache any more, and each line costs more than all the instructions that work on it.
 */
#pragma once

#include "bpf/process.bpf.h"

#define DATA_WORDS 1024 /* SAMPLE_MAX_DATA rounded up to a power of two */
#define INDEX(i)   ((i) & (DATA_WORDS - 1))

/* Stack is read in pieces of this size; most chains need two or three. */
#define WINDOW_BYTES 512

/* A handler has hardly begun while its stack pointer is this near to its frame. */
#define SIGNAL_NEAR_BYTES 512

struct frame_record {
	uint64_t next, return_address;
};

/*
 * Processes that this CPU has met lately, by their ids' last bits: a look into a hash map with cold
 * caches takes a fifth of a sample's time. No other CPU touches them.
 */
#define RECENT_PROCESSES 64
/* Then it is looked up all the same, so that the map, where it is an LRU one, does not forget it.
 */
#define RECENT_USES 64

struct recent_process {
	uint32_t pid;	 /* 0: none */
	uint32_t change; /* of process_changes[], when it was learnt */
	uint32_t uses;	 /* that are left */
	uint32_t reserved;
	struct known_process process; /* EXE_IGNORE: also, not watched */
};

struct scratch {
	uint64_t g_register;   /* arm64: x28 */
	uint64_t signal_frame; /* of a handler that the thread is in; 0: none */
	uint32_t count;	       /* what a loop found */
	uint32_t ticks;	       /* of this CPU, that might have become samples */
	uint32_t log_weight;   /* of this tick */
	uint32_t slot;	       /* of the process sampled */
	struct frame_record record;
	uint64_t window_at; /* the address of window[]; 0: none */
	uint8_t window[WINDOW_BYTES];
	struct sample sample;
	uint64_t data[DATA_WORDS + SAMPLE_SCHED_WORDS]; /* sample.data */
	struct recent_process recent[RECENT_PROCESSES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_get(void)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

/* The process sampled. */
static __always_inline struct known_process *sampled(struct scratch *x)
{
	return &x->recent[x->slot % RECENT_PROCESSES].process;
}

static __always_inline int user_read(void *to, uint32_t size, uint64_t from)
{
	return bpf_probe_read_user(to, size, (const void *)from);
}

/* The word at @from, 0 where there is none. */
static __always_inline uint64_t user_word(uint64_t from)
{
	uint64_t word = 0;

	user_read(&word, sizeof(word), from);
	return word;
}

static __always_inline bool in_range(uint64_t pc, uint64_t start_code, struct code_range r)
{
	return pc - start_code - r.begin < (uint64_t)r.end - r.begin;
}

/* Where struct exe_policy says that something lies, by the record @f of the callee. */
static __always_inline uint64_t frame_above(uint64_t f, uint32_t size)
{
	return f + 16 + size;
}
