/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the Go runtime says of the thread: g, its m, and the goroutine the m works for.
 *
 * All of it is the target's memory: it may be torn, or not be there at all. So nothing is believed
 * until g is one of the three that its m knows.
 */
#pragma once

#include "bpf/scratch.bpf.h"

#define M_G0 0

static __always_inline uint64_t g_word(const struct scratch *x, uint32_t offset)
{
	return *(const uint64_t *)(x->g + (offset & (G_BYTES - 8)));
}

static __always_inline uint64_t m_word(const struct scratch *x, uint32_t offset)
{
	return *(const uint64_t *)(x->m + (offset & (M_BYTES - 8)));
}

static __always_inline uint32_t m_half_word(const struct scratch *x, uint32_t offset)
{
	return *(const uint32_t *)(x->m + (offset & (M_BYTES - 4)));
}

/* Where the goroutine stopped, when it went to the system stack and when it entered a system call.
 */
static __always_inline void go_read_goroutine(struct scratch *x, const struct exe_policy *p)
{
	struct go_state *go = &x->sample.go;

	go->sched_sp = g_word(x, p->g_sched_sp);
	go->sched_pc = g_word(x, p->g_sched_sp + 8);
	go->sched_bp = g_word(x, p->g_sched_bp);
	go->syscall_sp = g_word(x, p->g_syscall_sp);
	go->syscall_pc = g_word(x, p->g_syscall_sp + 8);
}

static __always_inline void go_read_vdso(struct scratch *x, const struct exe_policy *p, uint64_t m)
{
	uint64_t sp_pc[2];

	if (!p->m_vdso_sp || user_read(sp_pc, sizeof(sp_pc), m + p->m_vdso_sp))
		return;
	x->sample.go.vdso_sp = sp_pc[0];
	x->sample.go.vdso_pc = sp_pc[1];
}

/* After an interrupted thread's registers were taken from a signal frame: whose are they? */
static __always_inline bool on_goroutine_stack(const struct scratch *x)
{
	uint64_t low = g_word(x, 0), high = g_word(x, 8); /* g.stack */

	return x->sample.sp >= low && x->sample.sp < high;
}

/*
 * Read all of it for the thread whose g is at @g. Sets SAMPLE_GO and SAMPLE_ON_G0. Returns true
 * when the thread is in a signal handler: then these flags tell of the handler.
 */
static __always_inline bool go_read(struct scratch *x, const struct exe_policy *p, uint64_t g)
{
	struct sample *s = &x->sample;
	uint64_t m, curg, gsignal;

	if (!g || user_read(x->g, G_READ, g))
		return false;
	m = g_word(x, p->g_m);
	if (!m || user_read(x->m, M_READ, m))
		return false;
	curg = m_word(x, p->m_curg);
	gsignal = m_word(x, p->m_gsignal);
	if (g != curg) {
		if (g != gsignal && g != m_word(x, M_G0))
			return false;
		s->flags |= SAMPLE_ON_G0;
		if (curg && user_read(x->g, G_READ, curg))
			return false;
	}
	s->flags |= SAMPLE_GO;
	s->go.curg = curg;
	if (curg)
		go_read_goroutine(x, p);
	if (p->m_ncgo)
		s->go.ncgo = m_half_word(x, p->m_ncgo);
	go_read_vdso(x, p, m);
	return g == gsignal;
}
