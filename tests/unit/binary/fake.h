/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go executables of a few functions, made to measure: what the linker writes, without a linker.
 * Sizes and offsets are the smallest that hold everything; addresses are those of the file offsets
 * plus FAKE_BASE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FAKE_BASE 0x400000ull

/* A value that holds for so many bytes of code; a list ends with bytes 0. */
struct fake_value {
	int32_t value;
	uint32_t bytes;
};

struct fake_inlined {
	uint8_t func_id;
	const char *name;
	int32_t parent_pc, start_line;
};

struct fake_function {
	const char *name; /* "": name offset 0 */
	uint32_t size;
	uint8_t func_id, flags;
	int32_t start_line;
	const struct fake_value *sp, *line, *file, *inlined_index; /* NULL: no table */
	const struct fake_inlined *inlined;
	uint8_t n_inlined;
	const void *code; /* NULL: zeros */
};

/* The file numbers are those of "main.go" and "other.go"; FAKE_NO_FILE has none behind it. */
enum { FAKE_MAIN_GO, FAKE_OTHER_GO, FAKE_NO_FILE };

/* Members that are 0 have a default: amd64, Go 1.26. */
struct fake {
	const struct fake_function *functions;
	uint32_t n_functions;
	const char *version; /* "go1.26.8" */
	const char *modinfo; /* between its marks; empty */
	uint32_t magic;	     /* of pclntab; 1.20's */
	uint16_t machine;    /* e_machine; EM_X86_64 */
	uint32_t gofunc;     /* its offset in moduledata; 320 (1.27 has 344) */
	bool no_build_info;
	bool no_moduledata;
	bool tail_mark;	 /* a packer's mark at the end */
	bool c_sections; /* section headers, but none that Go's linker makes */
	bool no_values;	 /* pointers are 0 in the file, as they are with lld */
};

/* The address where text begins. */
uint64_t fake_text(void);

void fake_build(const struct fake *fake, struct buf *b);
