/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs on arm64: registers, thread pointer, and the frames where Go changes stacks. */
#pragma once

#include "bpf/scratch.bpf.h"

/* struct user_pt_regs of arch/arm64/include/uapi/asm/ptrace.h: what perf event programs see. */
struct user_registers {
	uint64_t regs[31];
	uint64_t sp, pc, pstate;
};

static __always_inline bool registers_are_kernel(const struct user_registers *r)
{
	return (int64_t)r->pc < 0;
}

/*
 * struct rt_sigframe, where the kernel keeps the registers that a signal interrupted: { siginfo
 * (128 bytes); ucontext { flags, link, stack (24), sigset (128), padding (8), sigcontext { fault
 * address, x0...x30, sp, pc } } }.
 */
#define SIGNAL_UCONTEXT	 128
#define SIGNAL_REGISTERS (SIGNAL_UCONTEXT + 176 + 8 + 28 * 8) /* from x28 on */
#define NR_RT_SIGRETURN	 139

/*
 * The signal frame of a handler that has hardly begun: its second and third arguments still point
 * into the frame, and the frame is right above. Most of the time of a signal goes by here and in
 * the return from it.
 */
static __always_inline uint64_t signal_begins(uint64_t sp, uint64_t x1, uint64_t x2)
{
	return x2 == x1 + SIGNAL_UCONTEXT && x1 - sp < SIGNAL_NEAR_BYTES ? x1 : 0;
}

static __always_inline void registers_from_tick(struct scratch *x, const struct user_registers *r)
{
	x->sample.pc = r->pc;
	x->sample.sp = r->sp;
	x->sample.fp = r->regs[29];
	x->sample.lr = r->regs[30];
	x->g_register = r->regs[28];
	x->signal_frame = signal_begins(r->sp, r->regs[1], r->regs[2]);
}

static __always_inline void registers_from_entry(struct scratch *x, struct pt_regs *r)
{
	uint64_t sp = kernel_read(r, sp);

	x->sample.pc = kernel_read(r, pc);
	x->sample.sp = sp;
	x->sample.fp = kernel_read(r, regs[29]);
	x->sample.lr = kernel_read(r, regs[30]);
	x->g_register = kernel_read(r, regs[28]);
	x->signal_frame = signal_begins(sp, kernel_read(r, regs[1]), kernel_read(r, regs[2]));
	if (kernel_read(r, syscallno) == NR_RT_SIGRETURN)
		x->signal_frame = sp;
}

/* g is in x28, but for programs with cgo: C code may use that register (runtime/tls_arm64.s). */
static __always_inline uint64_t go_g_address(struct scratch *x, struct task_struct *task,
					     const struct exe_policy *policy)
{
	if (!policy->tls_g)
		return x->g_register;
	return user_word(kernel_read(task, thread.uw.tp_value) + (int64_t)policy->tls_g);
}

/*
 * cgocallback(), called from C, runs cgocallbackg() on the goroutine's stack. There it left the pc
 * that asmcgocall() had saved, 48 bytes below the sp saved with it; and that sp is where
 * asmcgocall()'s frame begins, whose record lies 8 bytes lower (runtime/asm_arm64.s, Go 1.20 to
 * 1.27). The fp beside the pc is another one once C code has called back before.
 */
#define CGOCALLBACK_BYTES 48

static __always_inline bool cgocallback_step(uint64_t f, const struct exe_policy *policy,
					     uint64_t *ret_pc, uint64_t *ret_f)
{
	uint64_t at = frame_above(f, policy->cgocallback_frame);

	*ret_f = at + CGOCALLBACK_BYTES - 8;
	return user_read(ret_pc, sizeof(*ret_pc), at) == 0;
}

static __always_inline bool registers_from_signal(struct scratch *x)
{
	struct {
		uint64_t x28, x29, x30, sp, pc;
	} r;

	if (user_read(&r, sizeof(r), x->signal_frame + SIGNAL_REGISTERS))
		return false;
	x->sample.pc = r.pc;
	x->sample.sp = r.sp;
	x->sample.fp = r.x29;
	x->sample.lr = r.x30;
	return true;
}

static __always_inline uint64_t chain_start(const struct sample *s)
{
	return s->fp;
}

/* As on amd64; the frame record lies below sp (gosave_systemstack_switch, runtime/asm_arm64.s). */
static __always_inline uint64_t sched_chain_start(const struct sample *s)
{
	if (!s->go.sched_bp && s->go.sched_sp && s->go.ncgo && s->go.syscall_sp)
		return s->go.sched_sp - 8;
	return s->go.sched_bp;
}
