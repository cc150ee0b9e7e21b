/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtime keeps its state.
 *
 * The first fields of g and m have moved once from 1.20 to 1.27 (gobuf lost a word in 1.25), so
 * the version tells where they are. Fields further on in m move with minor releases too: m.vdsoSP
 * is at 856 in Go 1.23.5 and at 880 in 1.23.12. The runtime's assembly uses them, and they are
 * taken from there (decode.h); in passing it is seen whether it agrees on the first fields. Unless
 * all is found and agrees, the layout counts as unknown.
 *
 * g itself: on amd64 in a thread-local word; on arm64 in x28, but with cgo, when C code may have
 * x28 for itself, in a thread-local word as well.
 */
#include "agent/binary/decode.h"
#include "agent/binary/runtime.h"

#include "base/cleanup.h"

static const struct layout {
	int first, last; /* Go minor versions */
	uint32_t g_m, g_sched_sp, g_sched_bp, g_syscall_sp;
	uint32_t m_gsignal, m_curg;
} layouts[] = {
	{ 20, 24, 48, 56, 104, 112, 80, 192 },
	{ 25, 27, 48, 56, 96, 104, 72, 184 },
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

/* 0 for "in x28" on arm64. */
static bool find_tls_g(const struct elf *e, const struct pclntab *t,
		       const struct runtime_functions *r, uint64_t text, int32_t *ret_tls_g)
{
	const struct runtime_function *load_g = &r->kept[RUNTIME_LOAD_G];
	struct span code;

	if (e->arch == BINARY_AMD64)
		return code_of(e, t, &r->kept[RUNTIME_STACKCHECK], text, &code) &&
		       decode_amd64_tls_g(code, ret_tls_g);
	*ret_tls_g = 0;
	return !r->kept[RUNTIME_CGOCALLBACK].found ||
	       (code_of(e, t, load_g, text, &code) &&
		decode_arm64_tls_g(e, code, text + load_g->function.entry, ret_tls_g));
}

/* The linker leaves runtime.cgocallback out of programs without cgo: no calls to count then. */
static bool find_ncgo(const struct elf *e, const struct pclntab *t,
		      const struct runtime_functions *r, uint64_t text, const struct layout *l,
		      uint32_t *ret_ncgo)
{
	struct span code;

	*ret_ncgo = 0;
	return !r->kept[RUNTIME_CGOCALLBACK].found ||
	       (code_of(e, t, &r->kept[RUNTIME_CGO_SIGTRAMP], text, &code) &&
		decode_m_ncgo(e->arch, code, l->m_curg, l->g_syscall_sp, ret_ncgo));
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
static int64_t cgocallback_frame(const struct elf *e, const struct pclntab *t,
				 const struct runtime_functions *r)
{
	const struct pclntab_function *own = &r->kept[RUNTIME_CGOCALLBACK].function;
	const struct pclntab_function *callee = &r->kept[RUNTIME_CGOCALLBACKG].function;

	if (e->arch == BINARY_AMD64)
		return pclntab_value_max(t, own, own->pcsp);
	return (int64_t)pclntab_value_max(t, callee, callee->pcsp) - 8;
}

static int64_t sigtramp_frame(const struct elf *e, const struct pclntab *t,
			      const struct runtime_functions *r)
{
	const struct pclntab_function *own = &r->kept[RUNTIME_SIGTRAMP].function;
	const struct pclntab_function *callee = &r->kept[RUNTIME_SIGTRAMPGO].function;
	int64_t size = pclntab_value_max(t, own, own->pcsp);

	if (e->arch == BINARY_AMD64)
		return size;
	return size + pclntab_value_max(t, callee, callee->pcsp) - 8;
}

static void find_range(const struct pclntab *t, const struct runtime_function *k, int64_t frame,
		       uint64_t text, uint64_t *ret_begin, uint64_t *ret_end, uint32_t *ret_frame)
{
	uint32_t end;

	if (!k->found || frame < 0 || frame > MAX_FRAME || !pclntab_entry(t, k->index + 1, &end))
		return;
	*ret_begin = text + k->function.entry;
	*ret_end = text + end;
	*ret_frame = (uint32_t)frame;
}

static const struct layout *find_layout(int minor)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(layouts); i++)
		if (minor >= layouts[i].first && minor <= layouts[i].last)
			return &layouts[i];
	return NULL;
}

void runtime_state_find(const struct elf *e, const struct pclntab *t,
			const struct runtime_functions *r, uint64_t text, int minor,
			struct binary_runtime *ret_runtime)
{
	const struct layout *l = find_layout(minor);
	struct binary_runtime *s = ret_runtime;
	struct span nanotime1;

	*s = (struct binary_runtime){ 0 };
	find_range(t, &r->kept[RUNTIME_CGOCALLBACK], cgocallback_frame(e, t, r), text,
		   &s->cgocallback, &s->cgocallback_end, &s->cgocallback_frame);
	find_range(t, &r->kept[RUNTIME_SIGTRAMP], sigtramp_frame(e, t, r), text, &s->sigtramp,
		   &s->sigtramp_end, &s->sigtramp_frame);
	if (!l || !code_of(e, t, &r->kept[RUNTIME_NANOTIME1], text, &nanotime1) ||
	    !decode_m_vdso_sp(e->arch, nanotime1, &s->m_vdso_sp) ||
	    !find_ncgo(e, t, r, text, l, &s->m_ncgo) || !find_tls_g(e, t, r, text, &s->tls_g))
		return;
	s->known = true;
	s->g_m = l->g_m;
	s->g_sched_sp = l->g_sched_sp;
	s->g_sched_bp = l->g_sched_bp;
	s->g_syscall_sp = l->g_syscall_sp;
	s->m_gsignal = l->m_gsignal;
	s->m_curg = l->m_curg;
}
