/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary made of facts about single addresses, in place of agent/binary: the unwinder asks for
 * nothing else. Hand-made for the unit tests, written down from real binaries for the replay tests.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/binary/binary.h"

#define FACTS_NO_DELTA INT32_MIN

struct fact {
	uint64_t address;
	uint64_t entry; /* 0: not a Go function */
	int32_t sp_delta;
	uint8_t flags;
	uint8_t special;
};

struct binary {
	enum binary_arch arch;
	struct binary_runtime runtime;
	uint64_t text, start_code, external, system;
	const struct fact *facts;
	size_t n_facts;
};
