/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/elf.h"

#include <elf.h>

/* One relocation of DT_RELA, Elf64_Rela: offset, info, addend. */
#define RELA_SIZE 24

static int parse_header(struct elf *e, uint64_t *ret_phoff, uint16_t *ret_phnum)
{
	Elf64_Ehdr h;

	if (!span_starts_with(e->file, ELFMAG))
		return BINARY_E_NOT_ELF;
	if (!span_read(e->file, 0, &h, sizeof(h)))
		return BINARY_E_BROKEN;
	if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
		return BINARY_E_ARCH;
	if (h.e_machine == EM_X86_64)
		e->arch = BINARY_AMD64;
	else if (h.e_machine == EM_AARCH64)
		e->arch = BINARY_ARM64;
	else
		return BINARY_E_ARCH;
	if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phnum == 0 || h.e_phnum > ELF_MAX_SEGMENTS)
		return BINARY_E_BROKEN;
	if (h.e_shentsize == sizeof(Elf64_Shdr)) {
		e->shoff = h.e_shoff;
		e->shnum = h.e_shnum > ELF_MAX_SECTIONS ? ELF_MAX_SECTIONS : h.e_shnum;
		e->shstrndx = h.e_shstrndx;
	}
	*ret_phoff = h.e_phoff;
	*ret_phnum = h.e_phnum;
	return 0;
}

static int add_segment(struct elf *e, const Elf64_Phdr *p)
{
	struct elf_segment *s = &e->segments[e->n_segments];
	uint64_t end;

	if (__builtin_add_overflow(p->p_vaddr, p->p_memsz, &end) || p->p_filesz > p->p_memsz ||
	    !span_sub(e->file, p->p_offset, p->p_filesz, &s->bytes))
		return BINARY_E_BROKEN;
	s->vaddr = p->p_vaddr;
	s->executable = p->p_flags & PF_X;
	s->writable = p->p_flags & PF_W;
	if (s->executable) {
		if (p->p_vaddr < e->start_code)
			e->start_code = p->p_vaddr;
		if (end > e->etext)
			e->etext = end;
	}
	e->n_segments++;
	return 0;
}

static void add_note(struct elf *e, const Elf64_Phdr *p)
{
	uint64_t size = p->p_filesz < ELF_MAX_NOTE ? p->p_filesz : ELF_MAX_NOTE;

	if (span_sub(e->file, p->p_offset, size, &e->notes[e->n_notes]))
		e->n_notes++;
}

/* DT_RELA and DT_RELASZ, once all PT_LOADs are known. */
static void parse_dynamic(struct elf *e, struct span dynamic)
{
	uint64_t rela = 0, size = 0, tag, value;
	struct span bytes;

	for (uint64_t at = 0; span_u64(dynamic, at, &tag) && span_u64(dynamic, at + 8, &value);
	     at += sizeof(Elf64_Dyn)) {
		if (tag == DT_NULL)
			break;
		if (tag == DT_RELA)
			rela = value;
		else if (tag == DT_RELASZ)
			size = value;
	}
	if (size && elf_at(e, rela, &bytes))
		e->rela = span_of(bytes.data, size < bytes.size ? size : bytes.size);
}

int elf_parse(struct span file, struct elf *ret_elf)
{
	struct elf *e = ret_elf;
	struct span dynamic = { 0 };
	uint64_t phoff;
	uint16_t phnum;
	Elf64_Phdr p;
	int r;

	*e = (struct elf){ .file = file, .start_code = UINT64_MAX, .scan_left = ELF_MAX_SCAN };
	r = parse_header(e, &phoff, &phnum);
	if (r)
		return r;
	for (unsigned int i = 0; i < phnum; i++) {
		/* A wrapped offset fails the gate: files are far smaller than 2^63. */
		if (phoff > file.size || !span_read(file, phoff + i * sizeof(p), &p, sizeof(p)))
			return BINARY_E_BROKEN;
		if (p.p_type == PT_LOAD) {
			r = add_segment(e, &p);
			if (r)
				return r;
		} else if (p.p_type == PT_NOTE) {
			add_note(e, &p);
		} else if (p.p_type == PT_DYNAMIC) {
			(void)span_sub(file, p.p_offset, p.p_filesz, &dynamic);
		} else if (p.p_type == PT_TLS) {
			e->has_tls = true;
			e->tls_size = p.p_memsz;
			e->tls_align = p.p_align;
		}
	}
	if (e->start_code == UINT64_MAX)
		return BINARY_E_BROKEN;
	parse_dynamic(e, dynamic);
	return 0;
}

bool elf_at(const struct elf *e, uint64_t vaddr, struct span *ret_bytes)
{
	for (unsigned int i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->bytes.size)
			return span_from(s->bytes, vaddr - s->vaddr, ret_bytes);
	}
	return false;
}

bool elf_may_scan(struct elf *e, uint64_t size)
{
	if (size > e->scan_left)
		return false;
	e->scan_left -= size;
	return true;
}

/* The section headers, and the string table of their names. */
static bool sections(const struct elf *e, struct span *ret_headers, struct span *ret_names)
{
	Elf64_Shdr h;

	return e->shnum && span_sub(e->file, e->shoff, e->shnum * sizeof(h), ret_headers) &&
	       span_read(*ret_headers, e->shstrndx * sizeof(h), &h, sizeof(h)) &&
	       h.sh_type == SHT_STRTAB && span_sub(e->file, h.sh_offset, h.sh_size, ret_names);
}

bool elf_has_sections(const struct elf *e)
{
	struct span headers, names;

	return sections(e, &headers, &names);
}

bool elf_section(const struct elf *e, const char *name, struct elf_range *ret_range)
{
	struct span headers, names, found, bytes;
	size_t size = strlen(name) + 1;
	Elf64_Shdr h;

	if (!sections(e, &headers, &names))
		return false;
	/* No search for each name's end: it may be as far away as the file is large. */
	for (unsigned int i = 0; span_read(headers, i * sizeof(h), &h, sizeof(h)); i++) {
		if (h.sh_type == SHT_NOBITS || !span_sub(names, h.sh_name, size, &found) ||
		    memcmp(found.data, name, size) != 0 || !elf_at(e, h.sh_addr, &bytes))
			continue;
		if (h.sh_size < bytes.size)
			bytes.size = h.sh_size;
		*ret_range = (struct elf_range){ .vaddr = h.sh_addr, .bytes = bytes };
		return true;
	}
	return false;
}

bool elf_relocation(const struct elf *e, uint64_t i, uint64_t *ret_vaddr, uint64_t *ret_addend)
{
	return i < ELF_MAX_RELOCATIONS && span_u64(e->rela, i * RELA_SIZE, ret_vaddr) &&
	       span_u64(e->rela, i * RELA_SIZE + 16, ret_addend);
}

bool elf_note(const struct elf *e, const char *name, uint32_t type, struct span *ret_desc)
{
	for (unsigned int i = 0; i < e->n_notes; i++) {
		uint64_t at = 0, name_at, desc_at;
		struct span found;
		Elf64_Nhdr h;

		while (span_read(e->notes[i], at, &h, sizeof(h))) {
			name_at = at + sizeof(h);
			desc_at = name_at + (((uint64_t)h.n_namesz + 3) & ~3ull);
			at = desc_at + (((uint64_t)h.n_descsz + 3) & ~3ull);
			if (h.n_type == type && span_cstr(e->notes[i], name_at, &found) &&
			    span_equals(found, name) &&
			    span_sub(e->notes[i], desc_at, h.n_descsz, ret_desc))
				return true;
		}
	}
	return false;
}
