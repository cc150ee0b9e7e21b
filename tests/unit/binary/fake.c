/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/binary/fake.h"

#include <elf.h>
#include <string.h>

#define N_SEGMENTS 4
#define HEADERS	   (sizeof(Elf64_Ehdr) + N_SEGMENTS * sizeof(Elf64_Phdr))
#define TEXT	   ((HEADERS + 15) & ~15ull)
#define N_PCDATA   3
#define N_FUNCDATA 4
#define RECORD	   (44 + 4 * (N_PCDATA + N_FUNCDATA))
#define RELA_TYPE  8 /* R_X86_64_RELATIVE */
#define MAX_RELA   32

/* What is known only when everything has its place. */
struct places {
	size_t text_end, pclntab, names, cutab, files, pctab, functions, gofunc, pclntab_end;
	size_t data, moduledata, dynamic, end;
	uint32_t name_offsets[64], inlined_names[64], programs[64][4], trees[64];
	Elf64_Rela rela[MAX_RELA];
	size_t n_rela;
};

static void align(struct buf *b, size_t to)
{
	while (b->size % to)
		buf_append_u8(b, 0);
}

static void put(struct buf *b, size_t at, const void *value, size_t size)
{
	memcpy(b->data + at, value, size);
}

static void append_u32(struct buf *b, uint32_t value)
{
	buf_append(b, &value, sizeof(value));
}

static void append_u64(struct buf *b, uint64_t value)
{
	buf_append(b, &value, sizeof(value));
}

static void append_varint(struct buf *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_append_u8(b, value | 0x80);
	buf_append_u8(b, value);
}

static void append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text) + 1);
}

static uint32_t append_program(struct buf *b, size_t pctab, const struct fake_value *v,
			       uint32_t quantum)
{
	uint32_t at = b->size - pctab;
	int32_t last = -1;

	if (!v)
		return 0;
	for (; v->bytes; v++) {
		int32_t delta = v->value - last;

		append_varint(b, (uint32_t)delta << 1 ^ (uint32_t)(delta >> 31));
		append_varint(b, v->bytes / quantum);
		last = v->value;
	}
	buf_append_u8(b, 0);
	return at;
}

uint64_t fake_text(void)
{
	return FAKE_BASE + TEXT;
}

static void build_text(const struct fake *fake, struct buf *b, struct places *p)
{
	static const uint8_t zeros[4096];

	while (b->size < TEXT)
		buf_append_u8(b, 0);
	for (uint32_t i = 0; i < fake->n_functions; i++) {
		const struct fake_function *f = &fake->functions[i];

		buf_append(b, f->code ? f->code : zeros, f->size);
	}
	p->text_end = b->size;
	align(b, 8);
}

static void build_names(const struct fake *fake, struct buf *b, struct places *p)
{
	unsigned int n = 0;

	p->names = b->size;
	append_text(b, "first");
	for (uint32_t i = 0; i < fake->n_functions; i++) {
		const struct fake_function *f = &fake->functions[i];

		p->name_offsets[i] = f->name[0] ? b->size - p->names : 0;
		append_text(b, f->name);
		for (uint8_t k = 0; k < f->n_inlined; k++) {
			p->inlined_names[n++] = b->size - p->names;
			append_text(b, f->inlined[k].name);
		}
	}
	align(b, 8);
}

static void build_values(const struct fake *fake, struct buf *b, struct places *p)
{
	uint32_t quantum = fake->machine == EM_X86_64 ? 1 : 4;

	p->cutab = b->size;
	append_u32(b, 0);
	append_u32(b, strlen("main.go") + 1);
	append_u32(b, UINT32_MAX);
	align(b, 8);
	p->files = b->size;
	append_text(b, "main.go");
	append_text(b, "other.go");
	align(b, 8);
	p->pctab = b->size;
	/* Offset 0 stands for no program, whatever is there: here 8 for 127 steps. */
	buf_append(b, "\x12\x7f", 3);
	for (uint32_t i = 0; i < fake->n_functions; i++) {
		const struct fake_function *f = &fake->functions[i];

		p->programs[i][0] = append_program(b, p->pctab, f->sp, quantum);
		p->programs[i][1] = append_program(b, p->pctab, f->file, quantum);
		p->programs[i][2] = append_program(b, p->pctab, f->line, quantum);
		p->programs[i][3] = append_program(b, p->pctab, f->inlined_index, quantum);
	}
	align(b, 8);
}

static void build_record(const struct fake_function *f, struct buf *b, const struct places *p,
			 uint32_t i, uint32_t entry)
{
	const uint32_t fixed[] = { entry,
				   p->name_offsets[i],
				   0,
				   0,
				   p->programs[i][0],
				   p->programs[i][1],
				   p->programs[i][2],
				   N_PCDATA,
				   0,
				   (uint32_t)f->start_line };
	const uint8_t bytes[] = { f->func_id, f->flags, 0, N_FUNCDATA };

	buf_append(b, fixed, sizeof(fixed));
	buf_append(b, bytes, sizeof(bytes));
	append_u32(b, 0);
	append_u32(b, 0);
	append_u32(b, p->programs[i][3]);
	for (unsigned int k = 0; k < N_FUNCDATA - 1; k++)
		append_u32(b, UINT32_MAX);
	append_u32(b, f->n_inlined ? p->trees[i] : UINT32_MAX);
}

static void build_functions(const struct fake *fake, struct buf *b, struct places *p)
{
	uint32_t entry = 0, tree = 0, first = fake->n_functions * 8 + 4;

	p->functions = b->size;
	for (uint32_t i = 0; i < fake->n_functions; i++) {
		append_u32(b, entry);
		append_u32(b, first + i * RECORD);
		entry += fake->functions[i].size;
		p->trees[i] = tree;
		tree += fake->functions[i].n_inlined * 16;
	}
	append_u32(b, entry);
	entry = 0;
	for (uint32_t i = 0; i < fake->n_functions; i++) {
		build_record(&fake->functions[i], b, p, i, entry);
		entry += fake->functions[i].size;
	}
	align(b, 8);
}

static void build_trees(const struct fake *fake, struct buf *b, struct places *p)
{
	unsigned int n = 0;

	p->gofunc = b->size;
	for (uint32_t i = 0; i < fake->n_functions; i++)
		for (uint8_t k = 0; k < fake->functions[i].n_inlined; k++) {
			const struct fake_inlined *in = &fake->functions[i].inlined[k];

			append_u32(b, in->func_id);
			append_u32(b, p->inlined_names[n++]);
			append_u32(b, in->parent_pc);
			append_u32(b, in->start_line);
		}
	append_u64(b, 0);
	p->pclntab_end = b->size;
}

static void build_pclntab(const struct fake *fake, struct buf *b, struct places *p)
{
	const uint8_t begin[] = { 0, 0, fake->machine == EM_X86_64 ? 1 : 4, 8 };

	p->pclntab = b->size;
	append_u32(b, fake->magic);
	buf_append(b, begin, sizeof(begin));
	append_u64(b, fake->n_functions);
	append_u64(b, 2);
	append_u64(b, 0);
	for (unsigned int i = 0; i < 5; i++)
		append_u64(b, 0);
	build_names(fake, b, p);
	build_values(fake, b, p);
	build_functions(fake, b, p);
	build_trees(fake, b, p);
	const uint64_t offsets[] = { p->names - p->pclntab, p->cutab - p->pclntab,
				     p->files - p->pclntab, p->pctab - p->pclntab,
				     p->functions - p->pclntab };
	/* Before 1.16 there were no offsets, before 1.18 no textStart. */
	if (fake->magic != 0xfffffffb)
		put(b, p->pclntab + (fake->magic == 0xfffffffa ? 24 : 32), offsets,
		    sizeof(offsets));
}

static void build_info(const struct fake *fake, struct buf *b)
{
	static const char mark[16] = "0123456789abcdef";
	size_t start;

	align(b, 16);
	start = b->size;
	buf_append(b, "\xff Go buildinf:\x08\x02", 16);
	while (b->size < start + 32)
		buf_append_u8(b, 0);
	append_varint(b, strlen(fake->version));
	buf_append(b, fake->version, strlen(fake->version));
	append_varint(b, strlen(fake->modinfo) + 2 * sizeof(mark));
	buf_append(b, mark, sizeof(mark));
	buf_append(b, fake->modinfo, strlen(fake->modinfo));
	buf_append(b, mark, sizeof(mark));
}

static void put_pointer(const struct fake *fake, struct buf *b, struct places *p, size_t field,
			size_t target)
{
	uint64_t value = FAKE_BASE + target;

	p->rela[p->n_rela++] = (Elf64_Rela){ .r_offset = FAKE_BASE + p->moduledata + field,
					     .r_info = RELA_TYPE,
					     .r_addend = (int64_t)value };
	if (!fake->no_values)
		put(b, p->moduledata + field, &value, sizeof(value));
}

/* A moduledata's slices, which tell it from other data. False where none is wanted. */
static bool build_slices(const struct fake *fake, struct buf *b, struct places *p, size_t names,
			 uint64_t length)
{
	align(b, 8);
	p->moduledata = b->size;
	for (unsigned int i = 0; i < 400 / 8; i++)
		append_u64(b, 0);
	if (fake->no_moduledata)
		return false;
	put_pointer(fake, b, p, 0, p->pclntab);
	put_pointer(fake, b, p, 8, names);
	put_pointer(fake, b, p, 104, p->functions);
	put_pointer(fake, b, p, 128, p->functions);
	put(b, p->moduledata + 136, &length, sizeof(length));
	return true;
}

static void build_moduledata(const struct fake *fake, struct buf *b, struct places *p)
{
	uint64_t length = fake->n_functions + 1;

	/* Two that only look like it come first. */
	(void)build_slices(fake, b, p, p->names, length + 1);
	(void)build_slices(fake, b, p, p->names + 1, length);
	if (!build_slices(fake, b, p, p->names, length))
		return;
	put_pointer(fake, b, p, 160, TEXT);
	put_pointer(fake, b, p, 168, p->text_end);
	put_pointer(fake, b, p, 176, TEXT);
	put_pointer(fake, b, p, 184, p->text_end);
	put_pointer(fake, b, p, fake->gofunc, p->gofunc);
	put_pointer(fake, b, p, fake->gofunc + 8, p->pclntab_end);
}

static void build_dynamic(struct buf *b, struct places *p)
{
	size_t rela = b->size;

	buf_append(b, p->rela, p->n_rela * sizeof(p->rela[0]));
	p->dynamic = b->size;
	append_u64(b, DT_RELA);
	append_u64(b, FAKE_BASE + rela);
	append_u64(b, DT_RELASZ);
	append_u64(b, p->n_rela * sizeof(p->rela[0]));
	append_u64(b, DT_NULL);
	append_u64(b, 0);
}

static void build_sections(struct buf *b)
{
	static const char names[] = "\0.text\0.shstrtab";
	Elf64_Shdr h[] = {
		{ .sh_type = SHT_NULL },
		{ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_addr = FAKE_BASE + TEXT },
		{ .sh_name = 7, .sh_type = SHT_STRTAB, .sh_size = sizeof(names) },
	};
	Elf64_Ehdr e;

	memcpy(&e, b->data, sizeof(e));
	e.e_shoff = b->size;
	e.e_shentsize = sizeof(h[0]);
	e.e_shnum = 3;
	e.e_shstrndx = 2;
	put(b, 0, &e, sizeof(e));
	h[2].sh_offset = b->size + sizeof(h);
	buf_append(b, h, sizeof(h));
	buf_append(b, names, sizeof(names));
}

static void put_segment(struct buf *b, unsigned int i, uint32_t type, uint32_t flags, size_t from,
			size_t to)
{
	Elf64_Phdr p = { .p_type = type,
			 .p_flags = flags,
			 .p_offset = from,
			 .p_vaddr = FAKE_BASE + from,
			 .p_filesz = to - from,
			 .p_memsz = to - from };

	put(b, sizeof(Elf64_Ehdr) + i * sizeof(p), &p, sizeof(p));
}

static void put_headers(const struct fake *fake, struct buf *b, const struct places *p)
{
	Elf64_Ehdr h = { .e_type = ET_EXEC,
			 .e_machine = fake->machine,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(h),
			 .e_ehsize = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = N_SEGMENTS };

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	put(b, 0, &h, sizeof(h));
	put_segment(b, 0, PT_LOAD, PF_R | PF_X, 0, p->text_end);
	put_segment(b, 1, PT_LOAD, PF_R, p->pclntab, p->pclntab_end);
	put_segment(b, 2, PT_LOAD, PF_R | PF_W, p->data, p->end);
	put_segment(b, 3, PT_DYNAMIC, PF_R | PF_W, p->dynamic, p->end);
}

static struct fake with_defaults(const struct fake *fake)
{
	struct fake f = *fake;

	f.version = f.version ? f.version : "go1.26.8";
	f.modinfo = f.modinfo ? f.modinfo : "";
	f.magic = f.magic ? f.magic : 0xfffffff1;
	f.machine = f.machine ? f.machine : EM_X86_64;
	f.gofunc = f.gofunc ? f.gofunc : 320;
	return f;
}

void fake_build(const struct fake *wanted, struct buf *b)
{
	const struct fake f = with_defaults(wanted), *fake = &f;
	struct places p = { 0 };

	build_text(fake, b, &p);
	build_pclntab(fake, b, &p);
	p.data = b->size;
	if (!fake->no_build_info)
		build_info(fake, b);
	build_moduledata(fake, b, &p);
	build_dynamic(b, &p);
	p.end = b->size;
	if (fake->tail_mark)
		buf_append_text(b, "UPX!");
	put_headers(fake, b, &p);
	if (fake->c_sections)
		build_sections(b);
}
