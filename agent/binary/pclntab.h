/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pclntab of Go 1.20 and later: functions by pc, and values by pc within a function.
 *
 * A header of 8-byte words names five regions by their offsets from the header (runtime/symtab.go
 * pcHeader; textStart in it is not used, because it is 0 since 1.26 and 0 in the file of position
 * independent executables that lld linked):
 *
 *	funcnametab	NUL-terminated function names
 *	cutab		uint32: offset into filetab of file n of a compilation unit, n + cuOffset
 *	filetab		NUL-terminated file names
 *	pctab		value programs, see below
 *	pclntable	nfunc pairs of uint32 (entry offset from text, offset of the record from
 * here), sorted by entry; one more uint32, the end of the last function; the records
 *
 * A record is runtime/runtime2.go _func: 44 fixed bytes, then npcdata uint32 offsets into pctab and
 * nfuncdata uint32 offsets from moduledata.gofunc.
 *
 * A value program tells a number for every pc of a function: pairs of base-128 varints, the
 * first a zigzag difference of the value, the second of the pc in units of the pc quantum. The
 * value starts at -1, the pc at the function's entry, and each pair says: after adding the
 * difference, the value holds up to the new pc. A zero difference of the value ends the program,
 * unless it is the first pair. Offset 0 stands for "no program", which gives -1 everywhere, as does
 * a pc that no pair reaches (padding after a function).
 *
 * The tables are read in place, and only where asked: a lookup touches some twenty pages.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/elf.h"
#include "base/span.h"

/* Pairs of one value program: each stands for an instruction at least. */
#define PCLNTAB_MAX_PAIRS (1u << 20)

/* Bytes of a name. Those of generic functions spell out their types and have some thousand. */
#define PCLNTAB_MAX_NAME (64u << 10)

enum pclntab_magic {
	PCLNTAB_GO_1_2 = 0xfffffffb,
	PCLNTAB_GO_1_16 = 0xfffffffa,
	PCLNTAB_GO_1_18 = 0xfffffff0,
	PCLNTAB_GO_1_20 = 0xfffffff1,
};

/* internal/abi/symtab.go: the same from 1.20 to 1.27. */
#define PCDATA_INL_TREE_INDEX 2
#define FUNCDATA_INL_TREE     3

struct pclntab {
	uint64_t vaddr;
	uint32_t n_functions;
	uint8_t quantum;
	bool text_start_unset; /* as Go 1.26 and later leave it */
	struct span names, cutab, files, pctab;
	struct span functions;	  /* pclntable; to the end of the segment, where it ends unknown */
	uint64_t names_vaddr;	  /* of region names */
	uint64_t functions_vaddr; /* of region functions */
	struct span whole;	  /* header to the end of its segment */
	uint64_t *left; /* pairs that may still be read, its owner's to refill; NULL: any number */
};

/* The fixed part of a _func record that is of use here. */
struct pclntab_function {
	uint32_t record; /* offset in pclntable */
	uint32_t entry;	 /* offset from text */
	int32_t name;
	uint32_t pcsp, pcfile, pcln;
	uint32_t n_pcdata;
	uint32_t cu;
	int32_t start_line;
	uint8_t func_id, flags, n_funcdata;
};

/*
 * A pclntab at @vaddr. 0, BINARY_E_TOO_OLD for a valid header of Go before 1.20, or BINARY_E_NOT_GO
 * when there is none.
 */
int pclntab_parse(const struct elf *e, uint64_t vaddr, struct pclntab *ret_tab);

/*
 * The next place at or after the cursor *@at (0 at first) that may hold a pclntab: those that
 * section names tell, then all of the file by its magic number. False at the end.
 */
struct pclntab_search {
	unsigned int step;
	uint64_t offset;
};
bool pclntab_search_next(struct elf *e, struct pclntab_search *search, uint64_t *ret_vaddr);

/* The function table's i-th pair, @i <= n_functions; of the last only the entry. */
bool pclntab_entry(const struct pclntab *t, uint32_t i, uint32_t *ret_entry);
bool pclntab_function(const struct pclntab *t, uint32_t i, struct pclntab_function *ret_function);

/* The record at @record, an offset that pclntab_function() gave. */
bool pclntab_record(const struct pclntab *t, uint32_t record, struct pclntab_function *ret);

/* The number of the function that covers @offset from text. */
bool pclntab_find(const struct pclntab *t, uint64_t offset, uint32_t *ret_i);

/* Offset @index of the pcdata or funcdata lists, false if absent. */
bool pclntab_pcdata(const struct pclntab *t, const struct pclntab_function *f, unsigned int index,
		    uint32_t *ret_program);
bool pclntab_funcdata(const struct pclntab *t, const struct pclntab_function *f, unsigned int index,
		      uint32_t *ret_offset);

/* The value at @offset from text, -1 where there is none; the largest of all, -1 if none. */
int32_t pclntab_value(const struct pclntab *t, const struct pclntab_function *f, uint32_t program,
		      uint64_t offset);
int32_t pclntab_value_max(const struct pclntab *t, const struct pclntab_function *f,
			  uint32_t program);

/*
 * Function name; empty for offset 0, as the runtime has it, and where no NUL follows within @max
 * bytes: the table's owner decides how far away the next one is, and every function may point
 * there.
 */
struct span pclntab_name(const struct pclntab *t, int32_t offset, size_t max);

/* File and line at @offset from text: empty and 0 where the tables do not say. */
void pclntab_line(const struct pclntab *t, const struct pclntab_function *f, uint64_t offset,
		  struct span *ret_file, int32_t *ret_line);
