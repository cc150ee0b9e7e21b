/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/moduledata.h"

#include "base/cleanup.h"

/* runtime/symtab.go moduledata: the same from 1.20 to 1.27. */
#define FUNCNAMETAB 8
#define PCLNTABLE   104
#define FTAB	    128
#define FTAB_LEN    136
#define MINPC	    160
#define TEXT	    176
#define ETEXT	    184
/* By version: covctrs pushed it to 320, typedesclen, itaboffset and itabsize to 344 in 1.27. */
#define GOFUNC_1_20 320
#define GOFUNC_1_27 344

/* Structs with the right length and the wrong pointers: each costs a pass over the relocations. */
#define MAX_LOOKALIKES 4

/* How to read a pointer: as the file has it, or as relocations make it. */
struct pointers {
	const struct elf *elf;
	bool relocated;
};

static bool pointer(struct pointers p, uint64_t vaddr, uint64_t *ret_pointer)
{
	return (p.relocated && elf_addend(p.elf, vaddr, ret_pointer)) ||
	       elf_word(p.elf, vaddr, ret_pointer);
}

static bool points_to(struct pointers p, uint64_t at, uint64_t target)
{
	uint64_t found;

	return pointer(p, at, &found) && found == target;
}

/* The length is no pointer and hence always in the file: asked first, because it costs nothing. */
static bool has_length(const struct elf *e, const struct pclntab *t, uint64_t vaddr)
{
	uint64_t length;

	return elf_word(e, vaddr + FTAB_LEN, &length) && length == (uint64_t)t->n_functions + 1;
}

static bool has_slices(struct pointers p, const struct pclntab *t, uint64_t vaddr)
{
	return points_to(p, vaddr + FUNCNAMETAB, t->names_vaddr) &&
	       points_to(p, vaddr + PCLNTABLE, t->functions_vaddr) &&
	       points_to(p, vaddr + FTAB, t->functions_vaddr);
}

static bool scan(const struct elf *e, const struct pclntab *t, struct elf_range range,
		 uint64_t *ret_vaddr)
{
	struct pointers p = { .elf = e };
	uint64_t word;

	for (uint64_t at = -range.vaddr & 7; span_u64(range.bytes, at, &word); at += 8) {
		if (word != t->vaddr || !has_length(e, t, range.vaddr + at) ||
		    !has_slices(p, t, range.vaddr + at))
			continue;
		*ret_vaddr = range.vaddr + at;
		return true;
	}
	return false;
}

static bool locate(const struct elf *e, const struct pclntab *t, uint64_t *ret_vaddr)
{
	static const char *const sections[] = { ".go.module", ".noptrdata", ".data" };
	struct elf_range range;

	for (unsigned int i = 0; i < ARRAY_SIZE(sections); i++)
		if (elf_section(e, sections[i], &range) && scan(e, t, range, ret_vaddr))
			return true;
	for (unsigned int i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		range = (struct elf_range){ .vaddr = s->vaddr, .bytes = s->bytes };
		if (s->writable && scan(e, t, range, ret_vaddr))
			return true;
	}
	return false;
}

static bool locate_relocated(const struct elf *e, const struct pclntab *t, uint64_t *ret_vaddr)
{
	struct pointers p = { .elf = e, .relocated = true };
	unsigned int lookalikes = 0;
	uint64_t at = 0;

	while (lookalikes < MAX_LOOKALIKES && elf_next_pointer_to(e, t->vaddr, &at, ret_vaddr)) {
		if (!has_length(e, t, *ret_vaddr))
			continue;
		if (has_slices(p, t, *ret_vaddr))
			return true;
		lookalikes++;
	}
	return false;
}

/*
 * Since 1.26 gofunc is a part of pclntab, behind the functions, and epclntab follows it in
 * moduledata: that tells the layouts apart, where the version does not.
 */
static bool gofunc_in_pclntab(struct pointers p, const struct pclntab *t, uint64_t field)
{
	uint64_t gofunc, end;

	return pointer(p, field, &gofunc) && pointer(p, field + 8, &end) &&
	       gofunc > t->functions_vaddr && gofunc < end && end - t->vaddr <= t->whole.size;
}

static int find_gofunc(struct pointers p, const struct pclntab *t, int minor, struct moduledata *m)
{
	uint64_t gofunc;
	uint32_t offset = GOFUNC_1_20;

	m->minor = 20;
	if (t->text_start_unset && gofunc_in_pclntab(p, t, m->vaddr + GOFUNC_1_20)) {
		m->minor = 26;
	} else if (t->text_start_unset && gofunc_in_pclntab(p, t, m->vaddr + GOFUNC_1_27)) {
		m->minor = 27;
		offset = GOFUNC_1_27;
	} else if (minor > 25) {
		return BINARY_E_TOO_NEW;
	}
	/* A program may be without inlined functions and hence without what gofunc points at. */
	if (!pointer(p, m->vaddr + offset, &gofunc) || !elf_at(p.elf, gofunc, &m->gofunc))
		m->gofunc = (struct span){ 0 };
	return 0;
}

int moduledata_find(const struct elf *e, const struct pclntab *t, int minor,
		    struct moduledata *ret_moduledata)
{
	struct moduledata *m = ret_moduledata;
	struct pointers p = { .elf = e };
	uint64_t minpc;
	uint32_t first, last;
	struct span code;

	*m = (struct moduledata){ 0 };
	p.relocated = !locate(e, t, &m->vaddr);
	if (p.relocated && !locate_relocated(e, t, &m->vaddr))
		return BINARY_E_NOT_GO;
	if (!pointer(p, m->vaddr + TEXT, &m->text) || !pointer(p, m->vaddr + ETEXT, &m->etext) ||
	    !pointer(p, m->vaddr + MINPC, &minpc) || !pclntab_entry(t, 0, &first) ||
	    !pclntab_entry(t, t->n_functions, &last) || !elf_at(e, m->text, &code) ||
	    m->text + first != minpc || m->etext < m->text || m->etext - m->text > code.size ||
	    last > m->etext - m->text)
		return BINARY_E_TOO_NEW;
	return find_gofunc(p, t, minor, m);
}
