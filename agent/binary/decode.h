/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets read out of the runtime's assembly, whose shape has been the same from Go 1.20 to 1.27.
 * Anything else than that shape is refused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/binary/elf.h"

/*
 * Where amd64 keeps g, from runtime.stackcheck's @code: in a thread-local word, at -8 from the
 * thread pointer unless C code has thread-locals too. Its first instruction reads it:
 *
 *	64 48 8b 04 25 d32	mov %fs:d32,%rax	an executable
 *	48 c7 c0+r d32		mov $d32,%reg		a position independent one
 */
bool decode_amd64_tls_g(struct span code, int32_t *ret_tls_g);

/*
 * Where arm64 keeps g beside x28 when there is cgo, from runtime.load_g's @code at @pc:
 *
 *	mrs x0, tpidr_el0
 *	movz x27, #imm{, lsl #16} [movk x27, #imm]	an executable
 *	adrp x27, page; ldr x27, [x27, #offset]		a position independent one: a word that the
 *							dynamic linker fills (R_AARCH64_TLS_TPREL64)
 */
bool decode_arm64_tls_g(const struct elf *e, struct span code, uint64_t pc, int32_t *ret_tls_g);

/* m.vdsoSP, from runtime.nanotime1: it loads m.vdsoPC, then m.vdsoSP, which lies right before. */
bool decode_m_vdso_sp(enum binary_arch arch, struct span code, uint32_t *ret_offset);

/*
 * m.ncgo, from runtime.cgoSigtramp: it tests m.ncgo, then m.curg, then curg's syscallsp. The
 * latter two must be at the offsets given.
 */
bool decode_m_ncgo(enum binary_arch arch, struct span code, uint32_t m_curg, uint32_t g_syscall_sp,
		   uint32_t *ret_offset);
