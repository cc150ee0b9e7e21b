/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the Go runtime says of the thread: g, its m, and the goroutine the m works for.
 *
 * All of it is the target's memory: it may be torn, or not be there at all. So nothing is believed
 * until g is one of the three that its m knows. Most of the time it is the goroutine itself, and
 * then what the runtime keeps about stopped ones is of no use and left alone.
 */
#pragma once

#include "bpf/scratch.bpf.h"

#define M_G0	   0
#define G_STACK_LO 0
#define G_STACK_HI 8

/* Where the goroutine stopped when the thread went to the system stack. */
static __always_inline void go_read_stopped(struct go_state *go, const struct exe_policy *p)
{
	uint64_t sp_pc[2], lr_bp[2];

	if (user_read(sp_pc, sizeof(sp_pc), go->curg + p->g_sched_sp) == 0) {
		go->sched_sp = sp_pc[0];
		go->sched_pc = sp_pc[1];
	}
	if (user_read(lr_bp, sizeof(lr_bp), go->curg + p->g_sched_bp - 8) == 0) {
		go->sched_lr = lr_bp[0];
		go->sched_bp = lr_bp[1];
	}
}

/* Calls into C under way, and where the goroutine made the innermost one. */
static __always_inline void go_read_cgo(struct go_state *go, const struct exe_policy *p, uint64_t m)
{
	uint64_t sp_pc[2];

	if (!p->m_ncgo)
		return;
	go->ncgo = (uint32_t)user_word(m + p->m_ncgo);
	if (go->ncgo && go->curg &&
	    user_read(sp_pc, sizeof(sp_pc), go->curg + p->g_syscall_sp) == 0) {
		go->syscall_sp = sp_pc[0];
		go->syscall_pc = sp_pc[1];
	}
}

static __always_inline void go_read_vdso(struct go_state *go, const struct exe_policy *p,
					 uint64_t m)
{
	uint64_t sp_pc[2];

	if (!p->m_vdso_sp || user_read(sp_pc, sizeof(sp_pc), m + p->m_vdso_sp))
		return;
	go->vdso_sp = sp_pc[0];
	go->vdso_pc = sp_pc[1];
}

static __always_inline bool on_goroutine_stack(const struct sample *s)
{
	uint64_t low = user_word(s->go.curg + G_STACK_LO),
		 high = user_word(s->go.curg + G_STACK_HI);

	return s->sp >= low && s->sp < high;
}

/*
 * Read all of it for the thread whose g is at @g. Sets SAMPLE_GO and SAMPLE_ON_G0. Returns true
 * when the thread is in a signal handler: then these flags tell of the handler.
 */
static __always_inline bool go_read(struct sample *s, const struct exe_policy *p, uint64_t g)
{
	uint64_t m = g ? user_word(g + p->g_m) : 0, curg, gsignal = 0;

	if (!m)
		return false;
	curg = user_word(m + p->m_curg);
	if (g != curg) {
		gsignal = user_word(m + p->m_gsignal);
		if (g != gsignal && g != user_word(m + M_G0))
			return false;
		s->flags |= SAMPLE_ON_G0;
	}
	s->flags |= SAMPLE_GO;
	s->go.curg = curg;
	go_read_vdso(&s->go, p, m);
	go_read_cgo(&s->go, p, m);
	if (g != curg && curg)
		go_read_stopped(&s->go, p);
	return g == gsignal;
}
