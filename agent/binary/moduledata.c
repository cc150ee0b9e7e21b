/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/moduledata.h"

#include "base/cleanup.h"

/* runtime/symtab.go moduledata in words of 8 bytes: the same from 1.20 to 1.27... */
#define FUNCNAMETAB 1
#define PCLNTABLE   13
#define FTAB	    16
#define FTAB_LEN    17
#define MINPC	    20
#define TEXT	    22
#define ETEXT	    23
/* ...but for gofunc: typedesclen, itaboffset and itabsize came before it in 1.27. */
#define GOFUNC_1_20 40
#define GOFUNC_1_27 43
/* Up to epclntab, which follows gofunc since 1.26. */
#define N_WORDS (GOFUNC_1_27 + 2)

/* Structs with the right length and the wrong pointers: each costs a pass over the relocations. */
#define MAX_LOOKALIKES 4

struct words {
	uint64_t word[N_WORDS];
};

/* As the file has them. */
static bool read_words(const struct elf *e, uint64_t vaddr, struct words *ret_words)
{
	struct span bytes;

	return elf_at(e, vaddr, &bytes) && span_read(bytes, 0, ret_words, sizeof(*ret_words));
}

/* As the relocations make them. */
static void relocate_words(struct elf *e, uint64_t vaddr, struct words *w)
{
	uint64_t at, addend;

	if (!elf_may_scan(e, e->rela.size))
		return;
	for (uint64_t i = 0; elf_relocation(e, i, &at, &addend); i++)
		if (at - vaddr < sizeof(*w))
			w->word[(at - vaddr) / 8] = addend;
}

static bool has_length(const struct pclntab *t, const struct words *w)
{
	return w->word[FTAB_LEN] == (uint64_t)t->n_functions + 1;
}

static bool has_slices(const struct pclntab *t, const struct words *w)
{
	return w->word[FUNCNAMETAB] == t->names_vaddr && w->word[PCLNTABLE] == t->functions_vaddr &&
	       w->word[FTAB] == t->functions_vaddr;
}

static bool scan(struct elf *e, const struct pclntab *t, struct elf_range range,
		 struct words *ret_words)
{
	uint64_t word;

	if (!elf_may_scan(e, range.bytes.size))
		return false;
	for (uint64_t at = -range.vaddr & 7; span_u64(range.bytes, at, &word); at += 8)
		if (word == t->vaddr && read_words(e, range.vaddr + at, ret_words) &&
		    has_length(t, ret_words) && has_slices(t, ret_words))
			return true;
	return false;
}

static bool find(struct elf *e, const struct pclntab *t, struct words *ret_words)
{
	static const char *const sections[] = { ".go.module", ".noptrdata", ".data" };
	struct elf_range range;

	for (unsigned int i = 0; i < ARRAY_SIZE(sections); i++)
		if (elf_section(e, sections[i], &range) && scan(e, t, range, ret_words))
			return true;
	for (unsigned int i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		range = (struct elf_range){ .vaddr = s->vaddr, .bytes = s->bytes };
		if (s->writable && scan(e, t, range, ret_words))
			return true;
	}
	return false;
}

/* The length is no pointer and hence always in the file: asked first, because it costs nothing. */
static bool find_relocated(struct elf *e, const struct pclntab *t, struct words *ret_words)
{
	unsigned int lookalikes = 0;
	uint64_t vaddr, addend;

	if (!elf_may_scan(e, e->rela.size))
		return false;
	for (uint64_t i = 0; elf_relocation(e, i, &vaddr, &addend); i++) {
		if (addend != t->vaddr || !read_words(e, vaddr, ret_words) ||
		    !has_length(t, ret_words))
			continue;
		relocate_words(e, vaddr, ret_words);
		if (has_slices(t, ret_words))
			return true;
		if (++lookalikes == MAX_LOOKALIKES)
			return false;
	}
	return false;
}

/*
 * Since 1.26 gofunc is a part of pclntab, behind the functions, and epclntab follows it in
 * moduledata: that tells the layouts apart, where the version does not.
 */
static bool gofunc_in_pclntab(const struct pclntab *t, const struct words *w, unsigned int field)
{
	uint64_t gofunc = w->word[field], end = w->word[field + 1];

	return gofunc > t->functions_vaddr && gofunc < end && end - t->vaddr <= t->whole.size;
}

static int find_gofunc(const struct elf *e, const struct pclntab *t, const struct words *w,
		       int minor, struct moduledata *m)
{
	unsigned int field = GOFUNC_1_20;

	m->minor = 20;
	if (t->text_start_unset && gofunc_in_pclntab(t, w, GOFUNC_1_20)) {
		m->minor = 26;
	} else if (t->text_start_unset && gofunc_in_pclntab(t, w, GOFUNC_1_27)) {
		m->minor = 27;
		field = GOFUNC_1_27;
	} else if (minor > 25) {
		return BINARY_E_TOO_NEW;
	}
	/* A program may be without inlined functions and hence without what gofunc points at. */
	if (!elf_at(e, w->word[field], &m->gofunc))
		m->gofunc = (struct span){ 0 };
	return 0;
}

int moduledata_find(struct elf *e, const struct pclntab *t, int minor,
		    struct moduledata *ret_moduledata)
{
	struct moduledata *m = ret_moduledata;
	uint32_t first, last;
	struct span code;
	struct words w;

	*m = (struct moduledata){ 0 };
	if (!find(e, t, &w) && !find_relocated(e, t, &w))
		return BINARY_E_NOT_GO;
	m->text = w.word[TEXT];
	m->etext = w.word[ETEXT];
	if (!pclntab_entry(t, 0, &first) || !pclntab_entry(t, t->n_functions, &last) ||
	    !elf_at(e, m->text, &code) || m->text + first != w.word[MINPC] || m->etext < m->text ||
	    m->etext - m->text > code.size || last > m->etext - m->text)
		return BINARY_E_TOO_NEW;
	return find_gofunc(e, t, &w, minor, m);
}
