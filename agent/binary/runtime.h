/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Go runtime's own functions that mean something to an unwinder, and where its g and m keep
 * what the kernel program reads.
 *
 * Functions are found by name in one pass over the beginning of the function table: the linker lays
 * packages out after those they import, so the runtime stands before all but a few (one and a half
 * to two thousand functions, whatever the size of the program), and the pass stops behind it.
 *
 * funcID (internal/abi/symtab.go) is numbered anew in most Go versions. What a number means is
 * learned from the functions that have it: runtime.mcall's is that of mcall, and
 * runtime.deferreturn is the one function that the linker marks as a wrapper by its name
 * (cmd/internal/objabi/funcid.go).
 *
 * Names alone would not do: an assembly function and its ABI wrapper share one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/binary.h"
#include "agent/binary/elf.h"
#include "agent/binary/pclntab.h"

/* Functions without a funcID of their own. */
enum runtime_kept {
	RUNTIME_SYSMON,
	RUNTIME_CGOCALL,
	RUNTIME_TIME_NOW,
	RUNTIME_NANOTIME1,
	RUNTIME_WALLTIME,
	RUNTIME_CGOCALLBACK,
	RUNTIME_CGOCALLBACKG,
	RUNTIME_SIGTRAMP,
	RUNTIME_SIGTRAMPGO,
	RUNTIME_CGO_SIGTRAMP,
	RUNTIME_STACKCHECK,
	RUNTIME_LOAD_G,
	RUNTIME_N_KEPT,
};

struct runtime_function {
	bool found;
	uint32_t index; /* in the function table */
	struct pclntab_function function;
};

struct runtime_functions {
	bool found;	      /* this is a Go runtime whose names are names */
	uint32_t n;	      /* the runtime is among the first n functions */
	uint8_t special[256]; /* enum binary_special by funcID */
	struct runtime_function kept[RUNTIME_N_KEPT];
};

void runtime_functions_find(const struct pclntab *t, struct runtime_functions *ret_functions);

/* enum binary_special of a physical function, and of an inlined one. */
uint8_t runtime_special(const struct runtime_functions *r, const struct pclntab_function *f);
static inline uint8_t runtime_special_inlined(const struct runtime_functions *r, uint8_t func_id)
{
	return r->special[func_id];
}

/* Entry of the runtime function @name as an offset from text. */
bool runtime_function_entry(const struct pclntab *t, const struct runtime_functions *r,
			    const char *name, uint32_t *ret_entry);

/* What struct binary_runtime wants; @text is moduledata's. */
void runtime_state_find(const struct elf *e, const struct pclntab *t,
			const struct runtime_functions *r, uint64_t text, int minor,
			struct binary_runtime *ret_runtime);
