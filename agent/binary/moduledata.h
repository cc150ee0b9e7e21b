/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.firstmoduledata (runtime/symtab.go): where the program's text begins, which pclntab's
 * offsets count from, and gofunc, which those of the inline trees count from.
 *
 * It is found without symbols by what it must hold: the pclntab's address, and slices of that table
 * with the very lengths its header gives. Section names say where to look first.
 *
 * In a position independent executable these pointers are relocations. Go's linker and GNU ld for
 * amd64 leave the link-time pointer in the file all the same, lld leaves 0, and GNU ld for arm64
 * something else whenever there is an addend. The words in the file are believed if all of them
 * agree with the pclntab's header; otherwise the relocations are read, which is slow but right.
 */
#pragma once

#include <stdint.h>

#include "agent/binary/elf.h"
#include "agent/binary/pclntab.h"

struct moduledata {
	uint64_t text, etext;
	struct span gofunc; /* to the end of its segment */
	int minor;	    /* of the Go version as far as the layout shows: 20, 26 or 27 */
};

/*
 * The moduledata of the pclntab @t. @minor: Go's minor version, 0 if not known. 0, BINARY_E_NOT_GO
 * when nothing refers to @t like that, BINARY_E_TOO_NEW when its fields are not where known.
 */
int moduledata_find(struct elf *e, const struct pclntab *t, int minor,
		    struct moduledata *ret_moduledata);
