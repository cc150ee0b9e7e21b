/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/binary/decode.h"

/* Fields of m so far out are none. */
#define MAX_FIELD 8192

bool decode_amd64_tls_g(struct span code, int32_t *ret_tls_g)
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

static bool addend_at(const struct elf *e, uint64_t vaddr, uint64_t *ret_addend)
{
	uint64_t at;

	for (uint64_t i = 0; elf_relocation(e, i, &at, ret_addend); i++)
		if (at == vaddr)
			return true;
	return false;
}

/* A word at the page of @at's adrp plus the following ldr's offset, filled at start. */
static bool arm64_tls_slot(const struct elf *e, struct span code, uint64_t at, uint64_t pc,
			   int32_t *ret_tls_g)
{
	uint32_t adrp, ldr;
	uint64_t page, addend, align = 16;

	if (!span_u32(code, at, &adrp) || !span_u32(code, at + 4, &ldr) ||
	    (adrp & 0x9f00001f) != 0x9000001b || (ldr & 0xffc003ff) != 0xf940037b)
		return false;
	/* 21 bits of pages, signed: the lower two in bits 29 and 30, the others from 5 on. */
	page = (adrp >> 29 & 3) | (adrp >> 5 & 0x7ffff) << 2;
	page = (page ^ 1u << 20) - (1u << 20);
	page = ((pc + at) & ~0xfffull) + (page << 12);
	page += (ldr >> 10 & 0xfff) * 8;
	if (!addend_at(e, page, &addend) || addend > MAX_FIELD)
		return false;
	/* The thread pointer points at a control block of two words, the module's own follow. */
	if (e->tls_align > align && e->tls_align <= MAX_FIELD)
		align = e->tls_align;
	*ret_tls_g = addend + align;
	return true;
}

bool decode_arm64_tls_g(const struct elf *e, struct span code, uint64_t pc, int32_t *ret_tls_g)
{
	uint32_t word, value = 0;
	uint64_t at = 0;

	while (span_u32(code, at, &word) && word != 0xd53bd040) /* mrs x0, tpidr_el0 */
		at += 4;
	at += 4;
	if (arm64_tls_slot(e, code, at, pc, ret_tls_g))
		return true;
	/* movz or movk x27: 16 bits each, their place in units of 16 in bits 21 and 22. */
	for (; span_u32(code, at, &word) && (word & 0xdf80001f) == 0xd280001b; at += 4)
		if ((word >> 21 & 3) < 2)
			value |= (word >> 5 & 0xffff) << (word >> 21 & 3) * 16;
	*ret_tls_g = (int32_t)value;
	return value != 0 && value <= MAX_FIELD;
}

/* mov d32(%rbx),%rcx; mov d32(%rbx),%rdx */
static bool amd64_vdso_sp(struct span code, uint64_t at, uint32_t *ret_offset)
{
	uint32_t pc, sp;
	uint8_t b[14];

	if (!span_read(code, at, b, sizeof(b)) || b[0] != 0x48 || b[1] != 0x8b || b[2] != 0x8b ||
	    b[7] != 0x48 || b[8] != 0x8b || b[9] != 0x93)
		return false;
	memcpy(&pc, b + 3, sizeof(pc));
	memcpy(&sp, b + 10, sizeof(sp));
	*ret_offset = sp;
	return sp < MAX_FIELD && pc == sp + 8;
}

/* An ldr (64 bits) or ldrsw (32) of @to from @from, unsigned offset in units of its size. */
static bool arm64_load(struct span code, uint64_t at, uint32_t opcode, unsigned int to,
		       unsigned int from, uint32_t *ret_offset)
{
	uint32_t word;

	if (!span_u32(code, at, &word) || (word & 0xffc003ff) != (opcode | from << 5 | to))
		return false;
	*ret_offset = (word >> 10 & 0xfff) << (word >> 30);
	return true;
}

#define ARM64_LDR   0xf9400000
#define ARM64_LDRSW 0xb9800000

/* ldr x2, [x21, #]; ldr x3, [x21, #] */
static bool arm64_vdso_sp(struct span code, uint64_t at, uint32_t *ret_offset)
{
	uint32_t pc;

	return arm64_load(code, at, ARM64_LDR, 2, 21, &pc) &&
	       arm64_load(code, at + 4, ARM64_LDR, 3, 21, ret_offset) && pc == *ret_offset + 8;
}

bool decode_m_vdso_sp(enum binary_arch arch, struct span code, uint32_t *ret_offset)
{
	for (uint64_t at = 0; at < code.size; at++)
		if (arch == BINARY_AMD64 ? amd64_vdso_sp(code, at, ret_offset)
					 : arm64_vdso_sp(code, at, ret_offset))
			return true;
	return false;
}

/* mov ncgo(%rax),%ecx; test; je; mov curg(%rax),%rcx; test; je; mov syscallsp(%rcx),%rcx */
static bool amd64_ncgo(struct span code, uint64_t at, uint32_t m_curg, uint32_t g_syscall_sp,
		       uint32_t *ret_offset)
{
	uint32_t curg;
	uint8_t b[26];

	if (!span_read(code, at, b, sizeof(b)) || b[0] != 0x8b || b[1] != 0x88 || b[6] != 0x85 ||
	    b[10] != 0x48 || b[11] != 0x8b || b[12] != 0x88 || b[22] != 0x48 || b[23] != 0x8b ||
	    b[24] != 0x49)
		return false;
	memcpy(ret_offset, b + 2, sizeof(*ret_offset));
	memcpy(&curg, b + 13, sizeof(curg));
	return curg == m_curg && b[25] == g_syscall_sp;
}

/* ldrsw x7, [x6, #ncgo]; cbz; ldr x8, [x6, #curg]; cbz; ldr x7, [x8, #syscallsp] */
static bool arm64_ncgo(struct span code, uint64_t at, uint32_t m_curg, uint32_t g_syscall_sp,
		       uint32_t *ret_offset)
{
	uint32_t curg, syscall_sp;

	return arm64_load(code, at, ARM64_LDRSW, 7, 6, ret_offset) &&
	       arm64_load(code, at + 8, ARM64_LDR, 8, 6, &curg) && curg == m_curg &&
	       arm64_load(code, at + 16, ARM64_LDR, 7, 8, &syscall_sp) &&
	       syscall_sp == g_syscall_sp;
}

bool decode_m_ncgo(enum binary_arch arch, struct span code, uint32_t m_curg, uint32_t g_syscall_sp,
		   uint32_t *ret_offset)
{
	bool (*ncgo)(struct span, uint64_t, uint32_t, uint32_t, uint32_t *) =
		arch == BINARY_AMD64 ? amd64_ncgo : arm64_ncgo;

	for (uint64_t at = 0; at < code.size; at++)
		if (ncgo(code, at, m_curg, g_syscall_sp, ret_offset))
			return *ret_offset < MAX_FIELD;
	return false;
}
