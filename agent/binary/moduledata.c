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

/* A magic number by chance may be met often, a reference to it never. */
#define MAX_CANDIDATES 4096

static bool points_to(const struct elf *e, uint64_t at, uint64_t target)
{
	uint64_t pointer;

	return elf_pointer(e, at, &pointer) && pointer == target;
}

/* The length is no pointer and hence always in the file: asked first, because it costs nothing. */
static bool is_moduledata(const struct elf *e, const struct pclntab *t, uint64_t vaddr)
{
	struct span bytes;
	uint64_t length;

	return elf_at(e, vaddr, &bytes) && span_u64(bytes, FTAB_LEN, &length) &&
	       length == (uint64_t)t->n_functions + 1 &&
	       points_to(e, vaddr + FUNCNAMETAB, t->names_vaddr) &&
	       points_to(e, vaddr + PCLNTABLE, t->functions_vaddr) &&
	       points_to(e, vaddr + FTAB, t->functions_vaddr);
}

static bool scan(const struct elf *e, const struct pclntab *t, struct elf_range range,
		 uint64_t *ret_vaddr)
{
	uint64_t word;

	for (uint64_t at = -range.vaddr & 7; span_u64(range.bytes, at, &word); at += 8) {
		if (word != t->vaddr || !is_moduledata(e, t, range.vaddr + at))
			continue;
		*ret_vaddr = range.vaddr + at;
		return true;
	}
	return false;
}

static bool scan_relocations(const struct elf *e, const struct pclntab *t, uint64_t *ret_vaddr)
{
	unsigned int candidates = 0;
	uint64_t at = 0;

	while (candidates++ < MAX_CANDIDATES && elf_next_pointer_to(e, t->vaddr, &at, ret_vaddr))
		if (is_moduledata(e, t, *ret_vaddr))
			return true;
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
	return scan_relocations(e, t, ret_vaddr);
}

/*
 * Since 1.26 gofunc is a part of pclntab, behind the functions, and epclntab follows it in
 * moduledata: that tells the layouts apart, where the version does not.
 */
static bool gofunc_in_pclntab(const struct elf *e, const struct pclntab *t, uint64_t field)
{
	uint64_t gofunc, end;

	return elf_pointer(e, field, &gofunc) && elf_pointer(e, field + 8, &end) &&
	       gofunc > t->functions_vaddr && gofunc < end && end - t->vaddr <= t->whole.size;
}

static int find_gofunc(const struct elf *e, const struct pclntab *t, int minor,
		       struct moduledata *m)
{
	uint64_t gofunc;
	uint32_t offset = GOFUNC_1_20;

	m->minor = 20;
	if (t->text_start_unset && minor != 27 && gofunc_in_pclntab(e, t, m->vaddr + GOFUNC_1_20)) {
		m->minor = 26;
	} else if (t->text_start_unset && gofunc_in_pclntab(e, t, m->vaddr + GOFUNC_1_27)) {
		m->minor = 27;
		offset = GOFUNC_1_27;
	} else if (minor > 25) {
		return BINARY_E_TOO_NEW;
	}
	/* A program may be without inlined functions and hence without what gofunc points at. */
	if (!elf_pointer(e, m->vaddr + offset, &gofunc) || !elf_at(e, gofunc, &m->gofunc))
		m->gofunc = (struct span){ 0 };
	return 0;
}

int moduledata_find(const struct elf *e, const struct pclntab *t, int minor,
		    struct moduledata *ret_moduledata)
{
	struct moduledata *m = ret_moduledata;
	uint64_t minpc;
	uint32_t first, last;
	struct span code;

	*m = (struct moduledata){ 0 };
	if (!locate(e, t, &m->vaddr))
		return BINARY_E_NOT_GO;
	if (!elf_pointer(e, m->vaddr + TEXT, &m->text) ||
	    !elf_pointer(e, m->vaddr + ETEXT, &m->etext) ||
	    !elf_pointer(e, m->vaddr + MINPC, &minpc) || !pclntab_entry(t, 0, &first) ||
	    !pclntab_entry(t, t->n_functions, &last) || !elf_at(e, m->text, &code) ||
	    m->text + first != minpc || m->etext < m->text || m->etext - m->text > code.size ||
	    last > m->etext - m->text)
		return BINARY_E_TOO_NEW;
	return find_gofunc(e, t, minor, m);
}
