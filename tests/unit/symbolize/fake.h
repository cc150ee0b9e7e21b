/* SPDX-License-Identifier: Apache-2.0 */
/* A binary made of lines by hand, in place of agent/binary: the symbolizer asks for nothing else.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/binary/binary.h"

#define FAKE_TEXT 0x401000ull

/* The lines at one address, innermost first. Not in the table: no Go function there. */
struct fake_lines {
	uint64_t address;
	struct binary_line lines[4];
	size_t n;
};

struct binary {
	const struct fake_lines *table;
	size_t n;
	struct binary_build build;
};
