/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload (tests/workloads) in its window, with every sample of it kept, and what runtime/pprof
 * recorded of the same ticks (twin.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/unwind/unwind.h"
#include "libpprof/pprof.h"

struct ticks_options {
	unsigned int seconds, frequency;
	char *const *command; /* the workload; what leads it is added */
};

struct ticks {
	struct binary *binary;
	struct sample **samples;
	size_t n_samples;
	uint64_t bias;	 /* of the program's code */
	uint64_t unsent; /* samples whose signal the kernel would not send */
	uint64_t lost;	 /* samples that found no room */
	struct pprof_profile *theirs;
};

/* False, and a sentence on standard error. *ret_skip: this machine cannot. */
bool ticks_record(const struct ticks_options *options, struct ticks *ret_ticks, bool *ret_skip);
void ticks_fini(struct ticks *t);
