/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtime keeps its state.
 *
 * The offsets in g and m come from the DWARF of each version's binaries (amd64 and arm64 alike).
 * Fields late in m move with minor releases and experiments, so the table is not believed on its
 * word: runtime.nanotime1 stores to m.vdsoPC and m.vdsoSP and compares with m.curg, and unless its
 * code has the very offsets of the table, the layout counts as unknown.
 *
 * Where g is: amd64 keeps it in a thread-local word, at -8 from the thread pointer unless C code
 * has thread-locals too. The first instruction of runtime.stackcheck reads it, in one of the forms
 *
 *	64 48 8b 04 25 d32	mov %fs:d32,%rax	an executable
 *	48 c7 c0+r d32		mov $d32,%reg		a position independent one
 *
 * arm64 keeps g in x28; with cgo, C code may use x28, and g is also at runtime.tls_g from the
 * thread pointer. runtime.load_g reads that offset by
 *
 *	mrs x0, tpidr_el0
 *	movz x27, #imm{, lsl #16} [movk x27, #imm]	an executable
 *	adrp x27, page; ldr x27, [x27, #offset]		a position independent one: a word that the
 *							dynamic linker fills (R_AARCH64_TLS_TPREL64)
 */
#include "agent/binary/runtime.h"

#include "base/cleanup.h"

static const struct layout {
	int minor;
	uint32_t g_m, g_sched_sp, g_sched_bp, g_syscall_sp;
	uint32_t m_gsignal, m_curg, m_vdso_sp, m_ncgo;
} layouts[] = {
	{ 20, 48, 56, 104, 112, 80, 192, 800, 312 },  { 21, 48, 56, 104, 112, 80, 192, 808, 312 },
	{ 22, 48, 56, 104, 112, 80, 192, 1120, 304 }, { 23, 48, 56, 104, 112, 80, 192, 856, 304 },
	{ 24, 48, 56, 104, 112, 80, 192, 880, 304 },  { 25, 48, 56, 96, 104, 72, 184, 896, 320 },
	{ 26, 48, 56, 96, 104, 72, 184, 896, 328 },   { 27, 48, 56, 96, 104, 72, 184, 896, 328 },
};

/* Code that is longer than that is not what it should be. */
#define MAX_CODE 1024
/* Nor is a frame. */
#define MAX_FRAME 4096

/* What the code of a kept function is made of. */
static bool code_of(const struct elf *e, const struct pclntab *t, const struct runtime_function *k,
		    uint64_t text, struct span *ret_code)
{
	uint32_t end;
	struct span bytes;

	if (!k->found || !pclntab_entry(t, k->index + 1, &end) || end < k->function.entry ||
	    end - k->function.entry > MAX_CODE)
		return false;
	return elf_at(e, text + k->function.entry, &bytes) &&
	       span_sub(bytes, 0, end - k->function.entry, ret_code);
}

/* amd64: offsets over 127 stand as four bytes of their own. */
static bool amd64_uses(struct span code, uint32_t offset)
{
	uint32_t word;

	for (uint64_t at = 0; span_u32(code, at, &word); at++)
		if (word == offset)
			return true;
	return false;
}

/* arm64: ldr or str (immediate, unsigned offset, 64 bit), in units of 8. */
static bool arm64_uses(struct span code, uint32_t offset)
{
	uint32_t word;

	for (uint64_t at = 0; span_u32(code, at, &word); at += 4)
		if ((word & 0xff800000) == 0xf9000000 && ((word >> 10) & 0xfff) * 8 == offset)
			return true;
	return false;
}

static bool layout_fits(enum binary_arch arch, struct span code, const struct layout *l)
{
	bool (*uses)(struct span, uint32_t) = arch == BINARY_AMD64 ? amd64_uses : arm64_uses;

	return uses(code, l->m_vdso_sp) && uses(code, l->m_vdso_sp + 8) && uses(code, l->m_curg);
}

static bool amd64_tls_g(struct span code, int32_t *ret_tls_g)
{
	static const uint8_t direct[] = { 0x64, 0x48, 0x8b, 0x04, 0x25 };
	uint8_t b[5];

	if (!span_read(code, 0, b, sizeof(b)))
		return false;
	if (memcmp(b, direct, sizeof(direct)) == 0)
		return span_i32(code, 5, ret_tls_g);
	if (b[0] == 0x48 && b[1] == 0xc7 && (b[2] & 0xf8) == 0xc0)
		return span_i32(code, 3, ret_tls_g);
	return false;
}

/* A word at the page of @at's adrp plus the following ldr's offset, filled at start. */
static bool arm64_tls_slot(const struct elf *e, struct span code, uint64_t at, uint64_t pc,
			   int32_t *ret_tls_g)
{
	uint32_t adrp, ldr;
	uint64_t page, addend;

	if (!span_u32(code, at, &adrp) || !span_u32(code, at + 4, &ldr) ||
	    (adrp & 0x9f00001f) != 0x9000001b || (ldr & 0xffc003ff) != 0xf940037b)
		return false;
	/* 21 bits of pages, signed: immlo in bits 29 and 30, immhi in 5 to 23. */
	page = (uint64_t)(adrp >> 29 & 3) | (uint64_t)(adrp >> 5 & 0x7ffff) << 2;
	page = (page ^ 1u << 20) - (1u << 20);
	page = ((pc + at) & ~0xfffull) + (page << 12);
	if (!elf_addend(e, page + ((ldr >> 10) & 0xfff) * 8, &addend) || addend > INT32_MAX / 2)
		return false;
	/* The thread pointer points at a control block of two words, the module's own follow. */
	uint64_t align = e->tls_align > 16 && e->tls_align <= 4096 ? e->tls_align : 16;
	*ret_tls_g = addend + align;
	return true;
}

static bool arm64_tls_g(const struct elf *e, struct span code, uint64_t pc, int32_t *ret_tls_g)
{
	uint32_t word, value = 0;
	uint64_t at = 0;

	while (span_u32(code, at, &word) && word != 0xd53bd040) /* mrs x0, tpidr_el0 */
		at += 4;
	at += 4;
	if (arm64_tls_slot(e, code, at, pc, ret_tls_g))
		return true;
	/* movz or movk x27: 16 bits each, the position in units of 16 in bits 21 and 22. */
	for (; span_u32(code, at, &word) && (word & 0xdf80001f) == 0xd280001b; at += 4)
		if ((word >> 21 & 3) < 2)
			value |= (word >> 5 & 0xffff) << (word >> 21 & 3) * 16;
	*ret_tls_g = (int32_t)value;
	return value != 0 && value < INT32_MAX;
}

static bool find_tls_g(const struct elf *e, const struct pclntab *t,
		       const struct runtime_functions *r, uint64_t text, int32_t *ret_tls_g)
{
	bool has_cgo = r->kept[RUNTIME_CGOCALLBACK].found;
	const struct runtime_function *load_g = &r->kept[RUNTIME_LOAD_G];
	struct span code;

	if (e->arch == BINARY_AMD64)
		return code_of(e, t, &r->kept[RUNTIME_STACKCHECK], text, &code) &&
		       amd64_tls_g(code, ret_tls_g);
	*ret_tls_g = 0;
	return !has_cgo || (code_of(e, t, load_g, text, &code) &&
			    arm64_tls_g(e, code, text + load_g->function.entry, ret_tls_g));
}

/*
 * What struct binary_runtime calls a frame: how far the place in question is above the frame record
 * that holds the return address into the function, plus 16. Both functions call from where their
 * stack is deepest (assembly that reserves once, sigtramp the last time right before its call), so
 * their largest pcsp is the one at the call.
 *
 * amd64: the record is the callee's, right below the caller's frame. arm64: it is the two words
 * from 8 below the callee's frame on, so the callee's frame size comes in as well, and a function's
 * return address is the lowest word of its own frame.
 */
static int32_t cgocallback_frame(const struct elf *e, const struct pclntab *t,
				 const struct runtime_functions *r)
{
	const struct pclntab_function *own = &r->kept[RUNTIME_CGOCALLBACK].function;
	const struct pclntab_function *callee = &r->kept[RUNTIME_CGOCALLBACKG].function;

	if (e->arch == BINARY_AMD64)
		return pclntab_value_max(t, own, own->pcsp);
	return pclntab_value_max(t, callee, callee->pcsp) - 8;
}

static int32_t sigtramp_frame(const struct elf *e, const struct pclntab *t,
			      const struct runtime_functions *r)
{
	const struct pclntab_function *own = &r->kept[RUNTIME_SIGTRAMP].function;
	const struct pclntab_function *callee = &r->kept[RUNTIME_SIGTRAMPGO].function;
	int32_t size = pclntab_value_max(t, own, own->pcsp);

	if (e->arch == BINARY_AMD64)
		return size;
	return size + pclntab_value_max(t, callee, callee->pcsp) - 8;
}

static void find_range(const struct pclntab *t, const struct runtime_function *k, int32_t frame,
		       uint64_t text, uint64_t *ret_begin, uint64_t *ret_end, uint32_t *ret_frame)
{
	uint32_t end;

	if (!k->found || frame < 0 || frame > MAX_FRAME || !pclntab_entry(t, k->index + 1, &end))
		return;
	*ret_begin = text + k->function.entry;
	*ret_end = text + end;
	*ret_frame = frame;
}

static const struct layout *find_layout(int minor)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(layouts); i++)
		if (layouts[i].minor == minor)
			return &layouts[i];
	return NULL;
}

void runtime_state_find(const struct elf *e, const struct pclntab *t,
			const struct runtime_functions *r, uint64_t text, int minor,
			struct binary_runtime *ret_runtime)
{
	const struct runtime_function *cgocallback = &r->kept[RUNTIME_CGOCALLBACK];
	const struct layout *l = find_layout(minor);
	struct binary_runtime *s = ret_runtime;
	struct span code;

	*s = (struct binary_runtime){ 0 };
	find_range(t, cgocallback, cgocallback_frame(e, t, r), text, &s->cgocallback,
		   &s->cgocallback_end, &s->cgocallback_frame);
	find_range(t, &r->kept[RUNTIME_SIGTRAMP], sigtramp_frame(e, t, r), text, &s->sigtramp,
		   &s->sigtramp_end, &s->sigtramp_frame);
	if (!l || !code_of(e, t, &r->kept[RUNTIME_NANOTIME1], text, &code) ||
	    !layout_fits(e->arch, code, l) || !find_tls_g(e, t, r, text, &s->tls_g))
		return;
	s->known = true;
	s->g_m = l->g_m;
	s->g_sched_sp = l->g_sched_sp;
	s->g_sched_bp = l->g_sched_bp;
	s->g_syscall_sp = l->g_syscall_sp;
	s->m_gsignal = l->m_gsignal;
	s->m_curg = l->m_curg;
	s->m_vdso_sp = l->m_vdso_sp;
	/* The linker leaves runtime.cgocallback out of programs without cgo. */
	s->m_ncgo = cgocallback->found ? l->m_ncgo : 0;
}
