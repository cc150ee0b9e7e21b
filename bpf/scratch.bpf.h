/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where one sample is put together: too large for the BPF stack of 512 bytes, so one per CPU.
 *
 * Counts and addresses that loops work on are kept here rather than in registers: what is read back
 * from a map is just any number to the verifier, which then checks what follows a loop once, and
 * not once for each way out of the loop. INDEX() keeps such a number inside data[].
 */
#pragma once

#include "bpf/kernel.bpf.h"

#define DATA_WORDS 1024 /* SAMPLE_MAX_DATA rounded up to a power of two */
#define INDEX(i)   ((i) & (DATA_WORDS - 1))

/* As much of g and m as the offsets of a policy may reach; a block of each is read at once. */
#define G_READ	SAMPLE_G_REACH
#define M_READ	SAMPLE_M_REACH
#define G_BYTES 256
#define M_BYTES 512

struct scratch {
	struct sample sample;
	uint64_t data[DATA_WORDS]; /* sample.data */
	uint64_t g_register;	   /* arm64: x28 */
	uint32_t count;		   /* what a loop found */
	uint32_t reserved;
	uint8_t g[G_BYTES];
	uint8_t m[M_BYTES];
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

static __always_inline int user_read(void *to, uint32_t size, uint64_t from)
{
	return bpf_probe_read_user(to, size, (const void *)from);
}

static __always_inline bool in_range(uint64_t pc, uint64_t start_code, struct code_range r)
{
	return pc - start_code - r.begin < (uint64_t)r.end - r.begin;
}
