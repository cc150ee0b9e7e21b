/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording under way: samples in, counted stacks for each executable out.
 *
 * The owner of the pipeline's first stages: kernel sample, capture; stack, unwind; count,
 * aggregate. It knows no terminal and no output file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/aggregate/stacks.h"
#include "agent/builds/builds.h"
#include "agent/capture/capture.h"
#include "agent/target/process.h"

/* What was recorded of one executable. */
struct tally {
	struct build *build;
	struct stacks stacks;
	uint64_t truncated, external;
	uint32_t pid; /* the latest process that ran it */
};

struct recorder_options {
	uint32_t frequency;
	bool descendants; /* children of watched processes too */
	bool by_file;	  /* not some processes, but all that run this file */
	uint64_t device, inode;
	const struct procfs *procfs; /* borrowed */
};

struct recorder {
	struct recorder_options options;
	struct capture *capture;
	struct builds builds;
	struct tally **tallies;
	uint32_t n_tallies;
	struct stack stack;   /* the one just unwound */
	uint64_t not_sampled; /* what runtime/pprof never samples */
	uint64_t foreign;     /* samples of executables that are not Go */
	uint64_t unnamed;     /* samples of processes that were gone before their file was opened */
};

/* As capture_open(). The recorder is fine to end in any case. */
int recorder_init(struct recorder *r, const struct recorder_options *options,
		  struct capture_detail *ret_detail);
void recorder_fini(struct recorder *r);

/* Record this process. 0, an outcome of capture_watch_pid(), or -errno. */
int recorder_watch(struct recorder *r, uint32_t pid);

/* Take what the kernel has. 0 or -errno. */
int recorder_drain(struct recorder *r);

/* The tally with the most samples; NULL if there is no sample at all. */
struct tally *recorder_largest(const struct recorder *r);

/* Samples counted in all tallies. */
uint64_t recorder_samples(const struct recorder *r);
