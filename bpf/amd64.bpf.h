/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs on amd64: registers, thread pointer, and the frames where Go changes stacks. */
#pragma once

#include "bpf/scratch.bpf.h"

/* struct pt_regs of arch/x86/include/uapi/asm/ptrace.h: what perf event programs see. */
struct user_registers {
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	uint64_t orig_ax, ip, cs, flags, sp, ss;
};

static __always_inline bool registers_are_kernel(const struct user_registers *r)
{
	return (int64_t)r->ip < 0;
}

/*
 * struct rt_sigframe, where the kernel keeps the registers that a signal interrupted: { pretcode;
 * ucontext { flags, link, stack (24 bytes), sigcontext { r8...r15, di, si, bp, bx, dx, ax, cx, sp,
 * ip, ... }, sigmask }; siginfo }.
 */
#define SIGNAL_UCONTEXT	 8
#define SIGNAL_REGISTERS (SIGNAL_UCONTEXT + 40 + 10 * 8) /* from bp on */
#define SIGNAL_INFO	 312
#define NR_RT_SIGRETURN	 15

/*
 * The signal frame of a handler that has hardly begun: its second and third arguments still point
 * into the frame, and the frame is right above. Most of the time of a signal goes by here and in
 * the return from it.
 */
static __always_inline uint64_t signal_begins(uint64_t sp, uint64_t si, uint64_t dx)
{
	uint64_t frame = dx - SIGNAL_UCONTEXT;

	return si == frame + SIGNAL_INFO && frame - sp < SIGNAL_NEAR_BYTES ? frame : 0;
}

static __always_inline void registers_from_tick(struct scratch *x, const struct user_registers *r)
{
	x->sample.pc = r->ip;
	x->sample.sp = r->sp;
	x->sample.fp = r->bp;
	x->signal_frame = signal_begins(r->sp, r->si, r->dx);
}

static __always_inline void registers_from_entry(struct scratch *x, struct pt_regs *r)
{
	uint64_t sp = kernel_read(r, sp);

	x->sample.pc = kernel_read(r, ip);
	x->sample.sp = sp;
	x->sample.fp = kernel_read(r, bp);
	x->signal_frame = signal_begins(sp, kernel_read(r, si), kernel_read(r, dx));
	if (kernel_read(r, orig_ax) == NR_RT_SIGRETURN)
		x->signal_frame = sp - 8; /* pretcode was its return address */
}

static __always_inline uint64_t go_g_address(struct scratch *x, struct task_struct *task,
					     const struct exe_policy *policy)
{
	return user_word(kernel_read(task, thread.fsbase) + (int64_t)policy->tls_g);
}

/*
 * cgocallback(), called from C, runs cgocallbackg() on the goroutine's stack. There it left the
 * pc that asmcgocall() had saved; and above that is the frame record of asmcgocall(),
 * { bp, return address into cgocall() } (runtime/asm_amd64.s, Go 1.20 to 1.27).
 */
static __always_inline bool cgocallback_step(uint64_t f, const struct exe_policy *policy,
					     uint64_t *ret_pc, uint64_t *ret_f)
{
	uint64_t at = frame_above(f, policy->cgocallback_frame);

	*ret_f = at + 8;
	return user_read(ret_pc, sizeof(*ret_pc), at) == 0;
}

static __always_inline bool registers_from_signal(struct scratch *x)
{
	struct {
		uint64_t bp, bx, dx, ax, cx, sp, ip;
	} r;

	if (user_read(&r, sizeof(r), x->signal_frame + SIGNAL_REGISTERS))
		return false;
	x->sample.pc = r.ip;
	x->sample.sp = r.sp;
	x->sample.fp = r.bp;
	return true;
}

/*
 * In a vDSO call the runtime's assembly stub keeps its caller's frame record under m.vdsoSP
 * (time.now, nanotime1, walltime, vgetrandom1: runtime/sys_linux_amd64.s), and runs on g0.
 */
static __always_inline uint64_t chain_start(const struct sample *s)
{
	return s->go.vdso_sp ? s->go.vdso_sp - 16 : s->fp;
}

/*
 * To Go 1.22 systemstack() clears the saved frame pointer, also in a callback from C; but the saved
 * sp of a goroutine that is in C stays where asmcgocall() has its frame record
 * (gosave_systemstack_switch, runtime/asm_amd64.s).
 */
static __always_inline uint64_t sched_chain_start(const struct sample *s)
{
	if (!s->go.sched_bp && s->go.ncgo && s->go.syscall_sp)
		return s->go.sched_sp;
	return s->go.sched_bp;
}
