/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a stack is found.
 *
 * runtime/pprof unwinds by pcsp: at each frame the return address is at sp + delta, delta being the
 * value of the function's pcsp table at that pc. That needs the whole stack. The kernel program
 * sends only a few words of it, and the chain of frame pointers. The chain is right everywhere but
 * at its inner end: a function without a frame, or one that stands in its prologue or epilogue, or
 * assembly that uses the frame pointer as scratch, is followed in the chain by its caller's caller.
 *
 * So both are used together. A walk begins by pcsp in the words that were sent, and at each frame
 * asks whether the frame pointer is the one of this very frame (in sync): if so, the rest of the
 * chain is this frame's callers. Compiled code is in sync at the first or second frame.
 *
 * Where the runtime changes stacks it says where it came from, and the walk goes on there as
 * resolveInternal() does: at systemstack and morestack on the system stack, at the goroutine's
 * saved sp and frame pointer.
 */
#include "agent/unwind/unwind.h"

#include <errno.h>

#include "agent/unwind/cursor.h"
#include "base/cleanup.h"

struct walk {
	struct unwinder *unwinder;
	const struct sample *sample;
	struct stack *stack;
	struct cursor cursor;
	uint64_t bias;
	bool on_g0;	 /* on the system stack of a thread that works for a goroutine */
	bool stateless;	 /* the runtime's own state is not known */
	bool trap;	 /* the next address is an interrupted pc, not a return address */
	bool is_syscall; /* the next frame is where a system or C call was entered */
	uint8_t callee;	 /* enum binary_special of the frame before */
	bool not_sampled;
};

/* What follows a frame. */
enum step { STEP_ON, STEP_END, STEP_JUMP };

void unwinder_init(struct unwinder *u, const struct binary *binary)
{
	*u = (struct unwinder){
		.binary = binary,
		.cache = PC_CACHE_NULL,
		.reads_state = binary_runtime(binary)->known,
		.external_pc = binary_runtime_function(binary, "runtime._ExternalCode"),
		.system_pc = binary_runtime_function(binary, "runtime._System"),
	};
}

void unwinder_fini(struct unwinder *u)
{
	pc_cache_fini(&u->cache);
}

/* ---- frame by frame ---------------------------------------------------------------------- */

static bool is_injected(uint8_t special)
{
	return special == BINARY_SIGPANIC || special == BINARY_ASYNCPREEMPT ||
	       special == BINARY_DEBUGCALL;
}

static bool shows_wrappers(uint8_t callee)
{
	return callee == BINARY_GOPANIC || callee == BINARY_SIGPANIC || callee == BINARY_PANICWRAP;
}

static void push(struct walk *w, const struct pc_info *info)
{
	struct stack *s = w->stack;
	uint64_t offset = info->address - binary_text(w->unwinder->binary);

	if (!w->trap && offset > info->entry)
		offset--;
	if (s->n < ARRAY_SIZE(s->frames) && offset <= FRAME_ADDRESS)
		s->frames[s->n++] =
			(uint32_t)offset | (shows_wrappers(w->callee) ? FRAME_SHOW_WRAPPERS : 0);
}

/* Go on at the goroutine's saved state, as from its own frames. */
static void jump_to_goroutine(struct walk *w)
{
	w->cursor = cursor_of_goroutine(w->sample);
	w->on_g0 = false;
}

/* systemstack on the system stack, that has not left the goroutine's or is back from it: arm64. */
static bool is_bare_systemstack(const struct walk *w, const struct pc_info *info)
{
	return w->on_g0 && info->special == BINARY_SYSTEMSTACK && info->sp_delta == 0 &&
	       binary_arch(w->unwinder->binary) == BINARY_ARM64;
}

/*
 * Does the traceback end at this function? Not at cgocallback, which takes care to leave both of
 * its stacks walkable, and not where a system call was entered.
 */
static bool ends_at(const struct walk *w, const struct pc_info *info)
{
	if (info->flags & BINARY_FUNC_TOP_FRAME)
		return true;
	if (info->special == BINARY_SYSTEMSTACK && w->stateless)
		return false; /* the chain crosses it by itself */
	if (is_bare_systemstack(w, info))
		return false; /* a call like any other */
	return (info->flags & BINARY_FUNC_SP_WRITE) && info->special != BINARY_CGOCALLBACK &&
	       !w->is_syscall;
}

/* systemstack on the system stack: its frame is on the goroutine's stack. */
static bool crosses_systemstack(const struct walk *w, const struct pc_info *info)
{
	return w->on_g0 && info->special == BINARY_SYSTEMSTACK && !is_bare_systemstack(w, info);
}

static enum step take_frame(struct walk *w, const struct pc_info *info)
{
	if (!info->is_go)
		return STEP_END;
	if (w->on_g0 && info->special == BINARY_MORESTACK)
		return STEP_JUMP;
	if (info->special == BINARY_SYSMON || info->special == BINARY_SIGNAL)
		w->not_sampled = true;
	if (info->special == BINARY_GOEXIT)
		return STEP_END;
	push(w, info);

	if (crosses_systemstack(w, info))
		jump_to_goroutine(w);
	else if (ends_at(w, info))
		return STEP_END;
	w->callee = info->special;
	w->trap = is_injected(info->special);
	w->is_syscall = false;
	return STEP_ON;
}

/* Walk from the run-time address @address on, until the stack ends. 0 or -ENOMEM. */
static int walk_from(struct walk *w, uint64_t address)
{
	struct pc_info info;

	/* A table that lies about sp could have us step in place: no more steps than frames. */
	for (uint32_t step = 0; step < ARRAY_SIZE(w->stack->frames); step++) {
		int r = pc_cache_look(&w->unwinder->cache, w->unwinder->binary, address - w->bias,
				      &info);
		if (r < 0)
			return r;
		switch (take_frame(w, &info)) {
		case STEP_END:
			return 0;
		case STEP_JUMP:
			/*
			 * newstack() never returns to morestack but goes on in its caller, which
			 * takes the place of morestack: what was above stays (unwindTrap).
			 */
			jump_to_goroutine(w);
			address = w->sample->go.sched_pc;
			continue;
		case STEP_ON:
			break;
		}
		if (!cursor_return(&w->cursor, w->unwinder->binary, &info, &address)) {
			w->stack->truncated = !(w->sample->flags & SAMPLE_MORE_FRAMES);
			return 0;
		}
	}
	return 0;
}

/* ---- where a walk begins: the cases of sigprof() ----------------------------------------- */

/* Time in C, or between Go and C: shown as cgocall with the goroutine's callers. */
static bool in_cgo_call(const struct sample *s)
{
	return (s->flags & SAMPLE_GO) && s->go.ncgo && s->go.curg && s->go.syscall_pc &&
	       s->go.syscall_sp;
}

static bool same_function(struct walk *w, uint64_t a, uint64_t b, bool *ret_same)
{
	struct pc_info ia, ib;
	struct pc_cache *cache = &w->unwinder->cache;

	if (pc_cache_look(cache, w->unwinder->binary, a - w->bias, &ia) < 0 ||
	    pc_cache_look(cache, w->unwinder->binary, b - w->bias, &ib) < 0)
		return false;
	*ret_same = ia.is_go && ib.is_go && ia.entry == ib.entry;
	return true;
}

/* Put the cursor behind the first return address of the chain that lies in @address's function. */
static int seek_function(struct walk *w, struct cursor cursor, uint64_t address, bool *ret_found)
{
	bool same;

	*ret_found = false;
	for (cursor.at = 0; cursor.at < cursor.n_chain; cursor.at++) {
		if (!same_function(w, address, cursor.chain[cursor.at], &same))
			return -ENOMEM;
		if (!same)
			continue;
		cursor.at++;
		cursor.in_sync = true;
		w->cursor = cursor;
		*ret_found = true;
		return 0;
	}
	return 0;
}

static int walk_cgo_call(struct walk *w)
{
	const struct sample *s = w->sample;
	bool found;
	int r = seek_function(w, cursor_of_goroutine(s), s->go.syscall_pc, &found);

	if (r == 0 && !found)
		r = seek_function(w, cursor_of_registers(s), s->go.syscall_pc, &found);
	if (r < 0)
		return r;
	if (!found) {
		/*
		 * The frame pointer is cgocall's own: the saved one after a callback from C, the
		 * register's in a function that has not made its frame, on the way to C and back.
		 */
		w->cursor =
			s->flags & SAMPLE_ON_G0 ? cursor_of_goroutine(s) : cursor_of_registers(s);
		w->cursor.sp = s->go.syscall_sp;
	}
	w->on_g0 = false;
	w->is_syscall = true;
	return walk_from(w, s->go.syscall_pc);
}

/* In the vDSO, or in the stub that calls it: the leaf is the stub's caller. */
static int walk_vdso_call(struct walk *w)
{
	const struct sample *s = w->sample;
	struct cursor *c = &w->cursor;

	for (c->at = 0; c->at < c->n_chain; c->at++)
		if (c->chain[c->at] == s->go.vdso_pc)
			break;
	c->at += c->at < c->n_chain;
	c->in_sync = true;
	return walk_from(w, s->go.vdso_pc);
}

static int push_pseudo_frame(struct walk *w, uint64_t entry)
{
	struct pc_info info;

	if (!entry)
		return 0;
	/* The runtime records entry + quantum, which stands for entry as return addresses do. */
	int r = pc_cache_look(&w->unwinder->cache, w->unwinder->binary, entry, &info);
	if (r == 0 && info.is_go)
		push(w, &info);
	return r;
}

/* The thread has no g: it is not one of Go's but C code made it. */
static bool is_foreign_thread(const struct walk *w)
{
	return w->stateless && w->unwinder->reads_state && (w->sample->flags & SAMPLE_POLICY);
}

/*
 * Nothing of Go on top: runtime/pprof charges an abstract function.
 *
 * On a thread of Go's that is [_ExternalCode, _System]. sigprof() also knows _VDSO, but on Linux
 * each of the runtime's calls into the vDSO sets m.vdsoSP, and is shown by its caller; and _GC
 * instead of _System, where m.preemptoff is set: a goroutine that stops the world is in Go code all
 * the time, so that would be worth no read for each sample.
 *
 * On a thread that is not Go's (sigprofNonGoPC) it is the bare pc, which has no name, below
 * _ExternalCode: only the latter is kept.
 */
static int walk_external(struct walk *w)
{
	int r = push_pseudo_frame(w, w->unwinder->external_pc);

	w->stack->external = true;
	return r < 0 || is_foreign_thread(w) ? r : push_pseudo_frame(w, w->unwinder->system_pc);
}

/*
 * Where the runtime's own state is not known, a vDSO call is told by the chain: the first Go
 * function in it is the stub, or the stub's caller where the vDSO made no frame.
 */
static int walk_foreign_code(struct walk *w)
{
	struct cursor *c = &w->cursor;
	struct pc_info info = { 0 };
	uint64_t address = 0;
	int r;

	c->in_sync = true;
	while (!info.is_go || info.special == BINARY_CLOCK_STUB) {
		if (!cursor_follow_chain(c, &address))
			return walk_external(w);
		r = pc_cache_look(&w->unwinder->cache, w->unwinder->binary, address - w->bias,
				  &info);
		if (r < 0)
			return r;
	}
	if (ends_at(w, &info))
		return walk_external(w);
	return walk_from(w, address);
}

static int walk_registers(struct walk *w)
{
	struct pc_info info;
	int r = pc_cache_look(&w->unwinder->cache, w->unwinder->binary, w->sample->pc - w->bias,
			      &info);

	if (r < 0)
		return r;
	if (!info.is_go)
		return w->stateless && !is_foreign_thread(w) ? walk_foreign_code(w)
							     : walk_external(w);
	w->trap = true;
	return walk_from(w, w->sample->pc);
}

/*
 * Is this thread sysmon's? Told by the chain, where the walk has ended above it: in the stub that
 * calls the vDSO.
 */
static bool is_below_sysmon(struct walk *w)
{
	struct pc_info info;

	if (w->sample->go.curg || w->stack->n != 1)
		return false;
	const struct cursor c = cursor_of_registers(w->sample);
	for (uint32_t i = 0; i < c.n_chain; i++)
		if (pc_cache_look(&w->unwinder->cache, w->unwinder->binary, c.chain[i] - w->bias,
				  &info) == 0 &&
		    info.special == BINARY_SYSMON)
			return true;
	return false;
}

int unwind_sample(struct unwinder *u, const struct sample *sample, struct stack *ret_stack)
{
	if (!sample_counts_are_possible(sample))
		return UNWIND_E_MALFORMED;
	ret_stack->n = 0;
	ret_stack->truncated = ret_stack->external = false;

	bool go = sample->flags & SAMPLE_GO;
	struct walk w = {
		.unwinder = u,
		.sample = sample,
		.stack = ret_stack,
		.cursor = cursor_of_registers(sample),
		.bias = sample->header.start_code - binary_start_code(u->binary),
		.stateless = !go,
		.on_g0 = go && (sample->flags & SAMPLE_ON_G0) && sample->go.curg,
	};
	int r = in_cgo_call(sample)	   ? walk_cgo_call(&w)
		: go && sample->go.vdso_sp ? walk_vdso_call(&w)
					   : walk_registers(&w);
	if (r < 0)
		return r;
	return w.not_sampled || is_below_sysmon(&w) ? UNWIND_E_NOT_SAMPLED : 0;
}
