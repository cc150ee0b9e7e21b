/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands below a recording, made by hand: a kernel that hands on the records it is given, and
 * one binary for every executable.
 *
 * The binary's functions lie 0x1000 apart from FAKE_TEXT on, each with a frame of 0x20 bytes and
 * one line.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/capture/capture.h"

#define FAKE_TEXT 0x401000ull

struct fake_function {
	const char *name; /* NULL: no function here */
	int32_t start_line;
	uint8_t special; /* enum binary_special */
};

/* What the next drain hands on, and what the counters say. */
struct fake_kernel {
	const struct record_header *const *records;
	size_t n_records;
	struct capture_counters counters;
	const struct fake_function *functions; /* of the binary; NULL: not a Go program */
	size_t n_functions;
	int open_error;		  /* of binary_open() */
	unsigned int n_opened;	  /* its calls */
	unsigned int n_rested;	  /* calls of binary_rest() */
	uint64_t allowed;	  /* the latest binary_allow() */
	bool exhausted;		  /* what it was allowed was too little */
	bool rewritten;		  /* its file is another by now */
	struct exe_policy policy; /* the latest one set */
	struct exe_key exe;	  /* of the record handed on */
	bool runs_other;	  /* its process has another file by now */
	uint32_t watched;	  /* the process to sample, or 0 */
	uint64_t cgroup;	  /* the latest one told of, or 0 */
	struct cgroup_policy cgroup_policy;
};

extern struct fake_kernel fake_kernel;
