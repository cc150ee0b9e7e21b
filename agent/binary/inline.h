/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inline trees: which calls the compiler replaced by the callee's body.
 *
 * The funcdata FUNCDATA_InlTree of a function is an offset from moduledata.gofunc to an array of 16
 * bytes each, runtime/symtabinl.go inlinedCall:
 *
 *	0	funcID of the inlined function (one byte)
 *	4	int32 name: offset into funcnametab
 *	8	int32 parentPc: an instruction whose position is that of the call, from entry
 *	12	int32 start line
 *
 * The value program PCDATA_InlTreeIndex gives the entry for a pc, -1 for the function itself. The
 * caller is found by asking again at parentPc, which is a call's own pc: nothing is subtracted. So
 * a pc stands for a chain of logical frames, innermost first, the physical function last
 * (runtime/symtabinl.go inlineUnwinder).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/pclntab.h"

struct inlined_call {
	uint8_t func_id;
	int32_t name;
	uint32_t parent; /* offset from text */
	int32_t start_line;
};

/* The inlined function that @offset (from text) is in. False: the physical function itself. */
bool inline_at(const struct pclntab *t, struct span gofunc, const struct pclntab_function *f,
	       uint64_t offset, struct inlined_call *ret_call);
