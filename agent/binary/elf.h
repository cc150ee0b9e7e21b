/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an ELF file the kernel uses to run it: program headers. Section headers are a hint only
 * (they may be missing, and nothing breaks): what they point at is checked like anything else.
 *
 * Addresses are file addresses (p_vaddr). Pure over a span; no allocation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/binary.h"
#include "base/span.h"

/* Linux lets program headers take one page at most: 73. */
#define ELF_MAX_SEGMENTS 73
/* Binaries made with -ffunction-sections and external linking have some hundreds. */
#define ELF_MAX_SECTIONS 8192
/* RELA entries looked through for pointers that the linker left out of the file. */
#define ELF_MAX_RELOCATIONS (4u << 20)
/* Of each PT_NOTE, the first bytes: what there is in Go programs is 200 long. They may overlap. */
#define ELF_MAX_NOTE (64u << 10)
/*
 * Bytes looked through in all for what no header names. Segments may overlap, lookalikes call for
 * one more pass each, and a file of holes costs its owner nothing, nor does touching it, after
 * which it is new. Go programs of 40 to 120 MiB need up to 13 MiB, and half their size where
 * the section headers were taken away.
 */
#define ELF_MAX_SCAN (256ull << 20)

struct elf_segment {
	uint64_t vaddr;
	struct span bytes; /* the part that the file backs */
	bool executable;
	bool writable;
};

struct elf {
	struct span file;
	enum binary_arch arch;
	uint64_t start_code;			       /* lowest p_vaddr of an executable segment */
	uint64_t etext;				       /* end of the highest executable segment */
	struct elf_segment segments[ELF_MAX_SEGMENTS]; /* PT_LOAD, in file order */
	unsigned int n_segments;
	struct span notes[ELF_MAX_SEGMENTS]; /* PT_NOTE, to ELF_MAX_NOTE */
	unsigned int n_notes;
	struct span rela; /* DT_RELA */
	bool has_tls;	  /* PT_TLS */
	uint64_t tls_size, tls_align;
	uint64_t shoff;
	uint16_t shnum, shstrndx;
	uint64_t scan_left; /* of ELF_MAX_SCAN */
};

/* An address range with the bytes that the file has for it. */
struct elf_range {
	uint64_t vaddr;
	struct span bytes;
};

/* 0, BINARY_E_NOT_ELF, BINARY_E_ARCH or BINARY_E_BROKEN. The elf borrows @file. */
int elf_parse(struct span file, struct elf *ret_elf);

/* Whether there are section headers to believe: then what elf_section() does not find is not there.
 */
bool elf_has_sections(const struct elf *e);

/* To be asked before @size bytes are looked through; false when that would be too much in all. */
bool elf_may_scan(struct elf *e, uint64_t size);

/* All bytes from @vaddr to the end of its segment in the file. */
bool elf_at(const struct elf *e, uint64_t vaddr, struct span *ret_bytes);

/* The section called @name, clipped to its segment. False: no such hint. */
bool elf_section(const struct elf *e, const char *name, struct elf_range *ret_range);

/*
 * The @i-th relocation of DT_RELA: where it writes, and its addend, which is the pointer less the
 * load bias for relative ones. False at the end.
 */
bool elf_relocation(const struct elf *e, uint64_t i, uint64_t *ret_vaddr, uint64_t *ret_addend);

/* The descriptor of the note with this name and type, in .notes. */
bool elf_note(const struct elf *e, const char *name, uint32_t type, struct span *ret_desc);
