/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before a sample in the inputs of fuzz-unwind: a program, as far as asked for. */
#pragma once

#include <stdint.h>

#define FUZZED_MAX_FACTS 255

struct fuzzed_program {
	uint64_t text, start_code, external, system;
	uint8_t arm64, n_facts, reserved[6];
};

struct fuzzed_fact {
	uint64_t address, entry;
	int32_t sp_delta;
	uint8_t flags, special, reserved[2];
};
