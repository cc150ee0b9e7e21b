/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each rule by which a stack is found, on samples made by hand. Functions lie 0x1000 apart from
 * 0x401000 on; an address ending in 0 is an entry, others are inside. Load bias is 0x10000.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agent/unwind/unwind.h"
#include "base/cleanup.h"
#include "tests/unit/unwind/facts.h"

#define TEXT 0x401000ull
#define BIAS 0x10000ull
#define SP   0xc000100000ull

enum {
	LEAF = 0x401000,   /* no frame */
	CALLER = 0x402000, /* frame of 0x20, saved frame pointer included */
	OUTER = 0x403000,  /* frame of 0x40 */
	ROOT = 0x404000,   /* runtime.main's place: frame of 0x30 */
	GOEXIT = 0x405000,
	SYSTEMSTACK = 0x406000,
	MCALL = 0x407000,
	MORESTACK = 0x408000,
	CGOCALL = 0x409000,
	CGOCALLBACK = 0x40a000,
	SIGPANIC = 0x40b000,
	GOPANIC = 0x40c000,
	WRAPPER = 0x40d000,
	SYSMON = 0x40e000,
	STUB = 0x40f000,
	MSTART = 0x410000,
	EXTERNAL = 0x411000,
	SYSTEM = 0x412000,
	SCRATCH = 0x413000, /* assembly with a frame of 0x18 that uses the frame pointer */
	SYSTEMSTACK_SWITCH = 0x414000,
	SIGTRAMP = 0x415000,
	C_CODE = 0x900000,
};

#define ENTRY(e, delta, fl, sp)                                                         \
	{                                                                               \
		.address = e, .entry = e, .sp_delta = delta, .flags = fl, .special = sp \
	}
#define INSIDE(e, at, delta, fl, sp)                                                             \
	{                                                                                        \
		.address = (e) + (at), .entry = e, .sp_delta = delta, .flags = fl, .special = sp \
	}
#define ASM_SP (BINARY_FUNC_ASM | BINARY_FUNC_SP_WRITE)

static const struct fact facts[] = {
	INSIDE(LEAF, 4, 0, 0, 0),
	ENTRY(CALLER, 0, 0, 0),
	INSIDE(CALLER, 1, 8, 0, 0), /* after push of the frame pointer, before it is set */
	INSIDE(CALLER, 0x10, 0x20, 0, 0),
	INSIDE(OUTER, 0x10, 0x40, 0, 0),
	INSIDE(OUTER, 0x11, 0x40, 0, 0),
	INSIDE(ROOT, 0x10, 0x30, 0, 0),
	INSIDE(GOEXIT, 1, 0, BINARY_FUNC_TOP_FRAME | BINARY_FUNC_ASM, BINARY_GOEXIT),
	ENTRY(SYSTEMSTACK, 0, ASM_SP, BINARY_SYSTEMSTACK),
	INSIDE(SYSTEMSTACK, 0x10, 8, ASM_SP, BINARY_SYSTEMSTACK),
	INSIDE(MCALL, 0x10, 0, ASM_SP, BINARY_MCALL),
	INSIDE(MORESTACK, 0x10, 0, ASM_SP, BINARY_MORESTACK),
	INSIDE(CGOCALL, 0x10, 0x20, 0, BINARY_CGOCALL),
	INSIDE(CGOCALL, 0x18, 0x20, 0, BINARY_CGOCALL),
	INSIDE(CGOCALLBACK, 0x10, 0x20, ASM_SP, BINARY_CGOCALLBACK),
	INSIDE(SIGPANIC, 0x10, 0x10, 0, BINARY_SIGPANIC),
	INSIDE(GOPANIC, 0x10, 0x10, 0, BINARY_GOPANIC),
	INSIDE(WRAPPER, 0x10, 0x10, 0, BINARY_WRAPPER),
	INSIDE(SYSMON, 0x10, 0x10, 0, BINARY_SYSMON),
	INSIDE(STUB, 0x10, 0x18, ASM_SP, BINARY_CLOCK_STUB),
	INSIDE(MSTART, 0x10, 0x10, BINARY_FUNC_TOP_FRAME, 0),
	ENTRY(EXTERNAL, 0, 0, 0),
	ENTRY(SYSTEM, 0, 0, 0),
	INSIDE(SCRATCH, 8, 0x18, BINARY_FUNC_ASM, 0),
	INSIDE(SYSTEMSTACK_SWITCH, 8, 0, 0, 0),
	INSIDE(SIGTRAMP, 0x10, 0x80, BINARY_FUNC_TOP_FRAME | BINARY_FUNC_ASM, BINARY_SIGNAL),
};

static const struct binary amd64 = {
	.arch = BINARY_AMD64,
	.text = TEXT,
	.start_code = 0x400000,
	.runtime.known = true,
	.external = EXTERNAL,
	.system = SYSTEM,
	.facts = facts,
	.n_facts = ARRAY_SIZE(facts),
};

/* ---- making samples, judging stacks ------------------------------------------------------ */

struct lists {
	const uint64_t *words, *frames, *sched_words, *sched_frames;
	uint16_t n_words, n_frames, n_sched_words, n_sched_frames;
};

#define LIST(name, ...)                            \
	.name = (const uint64_t[]){ __VA_ARGS__ }, \
	.n_##name = ARRAY_SIZE(((const uint64_t[]){ __VA_ARGS__ }))

/* A run-time address in function @f. */
#define AT(f, offset) ((uint64_t)(f) + (offset) + BIAS)

static struct sample *make(struct sample head, struct lists lists)
{
	size_t n = lists.n_words + lists.n_frames + lists.n_sched_words + lists.n_sched_frames;
	struct sample *s = calloc(1, sizeof(*s) + n * 8);
	uint64_t *to = s->data;

	assert_non_null(s);
	memcpy(s, &head, sizeof(head));
	s->header.start_code = 0x400000 + BIAS;
	s->header.size = (uint32_t)(sizeof(*s) + n * 8);
	s->sp = s->sp ? s->sp : SP;
	s->chain = s->chain ? s->chain : s->fp;
#define COPY(name)                                          \
	s->n_##name = lists.n_##name;                       \
	if (lists.n_##name)                                 \
		memcpy(to, lists.name, lists.n_##name * 8); \
	to += lists.n_##name;
	COPY(words)
	COPY(frames)
	COPY(sched_words)
	COPY(sched_frames)
#undef COPY
	return s;
}

struct expected {
	int result;
	bool truncated, external;
	uint32_t n;
	uint64_t frames[8];   /* file addresses to look up */
	uint32_t wrappers_at; /* number of the frame that shows wrappers, plus 1 */
};

static void expect(const struct binary *binary, struct sample *sample, struct expected e)
{
	struct unwinder u;
	static struct stack stack;

	unwinder_init(&u, binary);
	assert_int_equal(unwind_sample(&u, sample, &stack), e.result);
	if (e.result == 0) {
		assert_int_equal(stack.n, e.n);
		for (uint32_t i = 0; i < e.n; i++) {
			assert_int_equal((stack.frames[i] & FRAME_ADDRESS) + TEXT, e.frames[i]);
			assert_int_equal(!!(stack.frames[i] & FRAME_SHOW_WRAPPERS),
					 i + 1 == e.wrappers_at);
		}
		assert_int_equal(stack.truncated, e.truncated);
		assert_int_equal(stack.external, e.external);
	}
	unwinder_fini(&u);
	free(sample);
}

/* ---- the innermost frames ---------------------------------------------------------------- */

static void test_caller_of_frameless_leaf_is_at_sp(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(LEAF, 4), .fp = SP + 8 + 0x20 - 8 },
		    (struct lists){ LIST(words, AT(CALLER, 0x10), 0),
				    LIST(frames, AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3, .frames = { LEAF + 4, CALLER + 0xf, OUTER + 0xf } });
}

static void test_framed_leaf_follows_the_chain(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .fp = SP + 0x20 - 8 },
		    (struct lists){ LIST(words, 1, 2, 3),
				    LIST(frames, AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, OUTER + 0xf } });
}

static void test_prologue_has_the_caller_above_the_pushed_frame_pointer(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 1), .fp = SP + 8 + 8 + 0x40 - 8 },
		    (struct lists){ LIST(words, SP + 8 + 8 + 0x40 - 8, AT(OUTER, 0x10)),
				    LIST(frames, AT(ROOT, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3, .frames = { CALLER + 1, OUTER + 0xf, ROOT + 0xf } });
}

static void test_scratch_frame_pointer_is_walked_by_pcsp(void **state)
{
	/* scratch: 0x18 + return address; caller: 0x20 + return address; then words end. */
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(SCRATCH, 8), .fp = 0xdeadbeef },
		    (struct lists){
			    LIST(words, 0, 0, 0, AT(CALLER, 0x10), 0, 0, 0, 0, AT(OUTER, 0x10)) }),
	       (struct expected){ .n = 3,
				  .truncated = true,
				  .frames = { SCRATCH + 8, CALLER + 0xf, OUTER + 0xf } });
}

static void test_chain_behind_a_scratch_frame_pointer_is_joined(void **state)
{
	/* The kernel program took the caller's frame record, 0x18 + 8 + 0x20 - 8 above sp, for one.
	 */
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(SCRATCH, 8), .fp = 0xdeadbeef, .chain = SP + 0x38 },
		    (struct lists){ LIST(words, 0, 0, 0, AT(CALLER, 0x10)),
				    LIST(frames, AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3, .frames = { SCRATCH + 8, CALLER + 0xf, OUTER + 0xf } });
}

static void test_false_frame_record_is_not_followed(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(SCRATCH, 8), .fp = 0xdeadbeef, .chain = SP + 0x40 },
		    (struct lists){ LIST(words, 0, 0, 0, AT(CALLER, 0x10)),
				    LIST(frames, AT(ROOT, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){
		       .n = 2, .truncated = true, .frames = { SCRATCH + 8, CALLER + 0xf } });
}

static void test_no_frame_is_made_up_where_the_words_end(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(LEAF, 4), .fp = SP + 0x100 },
		    (struct lists){ LIST(frames, AT(OUTER, 0x10)) }),
	       (struct expected){ .n = 1, .truncated = true, .frames = { LEAF + 4 } });
}

static void test_return_address_at_an_entry_is_not_lessened(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(LEAF, 4), .fp = 0 },
		    (struct lists){ LIST(words, AT(CALLER, 0), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { LEAF + 4, CALLER } });
}

/* ---- where a stack ends ------------------------------------------------------------------ */

static void test_top_frame_is_shown_and_ends_the_stack(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .fp = SP + 0x18 },
		    (struct lists){ LIST(frames, AT(MSTART, 0x10), AT(OUTER, 0x10)) }),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, MSTART + 0xf } });
}

static void test_mcall_ends_the_stack(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10),
				     .fp = SP + 0x18,
				     .flags = SAMPLE_GO | SAMPLE_ON_G0,
				     .go.curg = 1 },
		    (struct lists){ LIST(frames, AT(MCALL, 0x10), AT(OUTER, 0x10)) }),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, MCALL + 0xf } });
}

static void test_leaf_that_writes_sp_stands_alone(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(STUB, 0x10), .fp = SP + 0x10, .flags = SAMPLE_GO },
		    (struct lists){ LIST(frames, AT(CALLER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 1, .frames = { STUB + 0x10 } });
}

static void test_foreign_return_address_ends_the_stack(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .fp = SP + 0x18 },
		    (struct lists){ LIST(frames, AT(C_CODE, 0), AT(OUTER, 0x10)) }),
	       (struct expected){ .n = 1, .frames = { CALLER + 0x10 } });
}

static void test_chain_that_just_stops_is_truncated(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .fp = SP + 0x18 },
		    (struct lists){ LIST(frames, AT(OUTER, 0x10)) }),
	       (struct expected){
		       .n = 2, .truncated = true, .frames = { CALLER + 0x10, OUTER + 0xf } });
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10),
				     .fp = SP + 0x18,
				     .flags = SAMPLE_MORE_FRAMES },
		    (struct lists){ LIST(frames, AT(OUTER, 0x10)) }),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, OUTER + 0xf } });
}

static void test_sysmon_is_not_sampled(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(LEAF, 4), .fp = SP + 8 + 8 },
		    (struct lists){ LIST(words, AT(SYSMON, 0x10)),
				    LIST(frames, AT(MSTART, 0x10)) }),
	       (struct expected){ .result = UNWIND_E_NOT_SAMPLED });
}

static void test_sysmon_is_not_sampled_above_a_function_that_writes_sp(void **state)
{
	const struct lists below_sysmon = { LIST(frames, AT(SYSMON, 0x10), AT(MSTART, 0x10)) };

	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(STUB, 0x10),
				     .fp = SP + 0x10,
				     .flags = SAMPLE_GO | SAMPLE_ON_G0 },
		    below_sysmon),
	       (struct expected){ .result = UNWIND_E_NOT_SAMPLED });
}

/* ---- stack switches ---------------------------------------------------------------------- */

static struct sample *on_system_stack(uint64_t curg)
{
	return make((struct sample){ .pc = AT(CALLER, 0x10),
				     .fp = SP + 0x18,
				     .flags = SAMPLE_GO | SAMPLE_ON_G0,
				     .go = { .curg = curg,
					     .sched_pc = AT(SYSTEMSTACK_SWITCH, 8),
					     .sched_sp = 0x5000,
					     .sched_bp = 0x5000 } },
		    (struct lists){ LIST(frames, AT(SYSTEMSTACK, 0x10), AT(ROOT, 0x10)),
				    LIST(sched_words, 0, AT(OUTER, 0x10)),
				    LIST(sched_frames, AT(OUTER, 0x10), AT(GOEXIT, 1)) });
}

static void test_systemstack_goes_on_at_the_goroutine(void **state)
{
	(void)state;
	expect(&amd64, on_system_stack(1),
	       (struct expected){ .n = 3,
				  .frames = { CALLER + 0x10, SYSTEMSTACK + 0xf, OUTER + 0xf } });
}

static void test_systemstack_without_goroutine_ends_the_stack(void **state)
{
	(void)state;
	expect(&amd64, on_system_stack(0),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, SYSTEMSTACK + 0xf } });
}

static void test_systemstack_is_crossed_by_the_chain_without_runtime_state(void **state)
{
	struct sample *s = on_system_stack(0);

	(void)state;
	s->flags = 0;
	expect(&amd64, s,
	       (struct expected){ .n = 3,
				  .truncated = true,
				  .frames = { CALLER + 0x10, SYSTEMSTACK + 0xf, ROOT + 0xf } });
}

static struct sample *in_newstack(uint64_t curg)
{
	return make((struct sample){ .pc = AT(CALLER, 0x10),
				     .fp = SP + 0x18,
				     .flags = SAMPLE_GO | SAMPLE_ON_G0,
				     .go = { .curg = curg,
					     .sched_pc = AT(LEAF, 4),
					     .sched_sp = 0x5000,
					     .sched_bp = 0x5000 + 8 + 0x40 - 8 } },
		    (struct lists){ LIST(frames, AT(MORESTACK, 0x10)),
				    LIST(sched_words, AT(OUTER, 0x10), 0, 0, 0),
				    LIST(sched_frames, AT(ROOT, 0x10), AT(GOEXIT, 1)) });
}

static void test_morestack_is_replaced_by_the_function_that_called_it(void **state)
{
	(void)state;
	expect(&amd64, in_newstack(1),
	       (struct expected){ .n = 4,
				  .frames = { CALLER + 0x10, LEAF + 3, OUTER + 0xf, ROOT + 0xf } });
}

/* Nothing has been called yet: unwindTrap stays with what takes the place of morestack. */
static void test_morestack_as_the_leaf_hands_on_the_trap(void **state)
{
	struct sample *s = in_newstack(1);

	(void)state;
	s->pc = AT(MORESTACK, 0x10);
	expect(&amd64, s,
	       (struct expected){ .n = 3, .frames = { LEAF + 4, OUTER + 0xf, ROOT + 0xf } });
}

static void test_morestack_without_goroutine_ends_the_stack(void **state)
{
	(void)state;
	expect(&amd64, in_newstack(0),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, MORESTACK + 0xf } });
}

static void test_vdso_and_its_stub_are_hidden(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = 0x7fff00001234,
				     .fp = 77,
				     .flags = SAMPLE_GO,
				     .go = { .vdso_pc = AT(CALLER, 0x10), .vdso_sp = SP } },
		    (struct lists){
			    LIST(frames, AT(CALLER, 0x10), AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { CALLER + 0xf, OUTER + 0xf } });
}

static void test_vdso_stub_is_hidden_without_runtime_state(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = 0x7fff00001234 },
		    (struct lists){ LIST(frames, 0x7fff00001000, AT(STUB, 0x10), AT(CALLER, 0x10),
					 AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 1, .frames = { CALLER + 0xf } });
}

static void test_c_code_is_shown_as_cgocall(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(C_CODE, 0x123),
				     .fp = 0x1234,
				     .flags = SAMPLE_GO | SAMPLE_ON_G0,
				     .go = { .curg = 1,
					     .ncgo = 1,
					     .syscall_pc = AT(CGOCALL, 0x18),
					     .syscall_sp = 0x6000 } },
		    (struct lists){ LIST(frames, 1, 2, 3), LIST(sched_frames, AT(CGOCALL, 0x10),
								AT(CALLER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { CGOCALL + 0x17, CALLER + 0xf } });
}

static void test_c_code_after_a_callback_finds_its_callers(void **state)
{
	/* cgocallback() puts back the goroutine's pc and sp, but not its frame pointer. */
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(C_CODE, 0x123),
				     .fp = 0x64,
				     .flags = SAMPLE_GO | SAMPLE_ON_G0,
				     .go = { .curg = 1,
					     .ncgo = 1,
					     .syscall_pc = AT(CGOCALL, 0x18),
					     .syscall_sp = 0x6000,
					     .sched_sp = 0x5ff0,
					     .sched_bp = 0x6000 + 0x20 - 8 } },
		    (struct lists){ LIST(sched_words, 0x6000 + 0x20 - 8, AT(CGOCALL, 0x10)),
				    LIST(sched_frames, AT(CALLER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { CGOCALL + 0x17, CALLER + 0xf } });
}

static void test_the_way_to_c_has_the_callers_of_cgocall(void **state)
{
	/* In a function that cgocall() called and that has no frame yet. */
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(LEAF, 4),
				     .sp = 0x5ff8,
				     .fp = 0x6000 + 0x20 - 8,
				     .flags = SAMPLE_GO,
				     .go = { .curg = 1,
					     .ncgo = 1,
					     .syscall_pc = AT(CGOCALL, 0x18),
					     .syscall_sp = 0x6000 } },
		    (struct lists){ LIST(words, AT(CGOCALL, 0x20)),
				    LIST(frames, AT(CALLER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { CGOCALL + 0x17, CALLER + 0xf } });
}

static void test_signal_handlers_are_not_sampled(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(LEAF, 4) },
		    (struct lists){ LIST(words, AT(SIGTRAMP, 0x10)) }),
	       (struct expected){ .result = UNWIND_E_NOT_SAMPLED });
}

static void test_cgocallback_does_not_end_the_stack(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .fp = SP + 0x18, .flags = SAMPLE_GO },
		    (struct lists){ LIST(frames, AT(CGOCALLBACK, 0x10), AT(SYSTEMSTACK_SWITCH, 8),
					 AT(CGOCALL, 0x10), AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 5,
				  .frames = { CALLER + 0x10, CGOCALLBACK + 0xf,
					      SYSTEMSTACK_SWITCH + 7, CGOCALL + 0xf,
					      OUTER + 0xf } });
}

static void test_foreign_code_is_charged_to_pseudo_functions(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(C_CODE, 0x123), .flags = SAMPLE_GO },
		    (struct lists){ LIST(frames, AT(CALLER, 0x10)) }),
	       (struct expected){ .n = 2, .external = true, .frames = { EXTERNAL, SYSTEM } });
}

/* The runtime's state was looked for and not found: sigprofNonGoPC() has no _System. */
static void test_threads_that_c_made_are_external_code(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(C_CODE, 0x123), .flags = SAMPLE_POLICY },
		    (struct lists){ LIST(frames, AT(CALLER, 0x10)) }),
	       (struct expected){ .n = 1, .external = true, .frames = { EXTERNAL } });
}

/* ---- panics ------------------------------------------------------------------------------ */

static void test_caller_of_an_injected_call_keeps_its_pc(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(SIGPANIC, 0x10), .fp = SP + 8 },
		    (struct lists){
			    LIST(frames, AT(CALLER, 0x10), AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3,
				  .frames = { SIGPANIC + 0x10, CALLER + 0x10, OUTER + 0xf },
				  .wrappers_at = 2 });
}

static void test_wrappers_show_below_the_panic_machinery_only(void **state)
{
	(void)state;
	expect(&amd64,
	       make((struct sample){ .pc = AT(GOPANIC, 0x10), .fp = SP + 8 },
		    (struct lists){
			    LIST(frames, AT(WRAPPER, 0x10), AT(WRAPPER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3,
				  .frames = { GOPANIC + 0x10, WRAPPER + 0xf, WRAPPER + 0xf },
				  .wrappers_at = 2 });
}

/* ---- arm64 ------------------------------------------------------------------------------- */

static struct binary arm64(void)
{
	struct binary b = amd64;

	b.arch = BINARY_ARM64;
	return b;
}

static void test_arm64_leaf_has_its_caller_in_lr(void **state)
{
	const struct binary b = arm64();

	(void)state;
	expect(&b,
	       make((struct sample){ .pc = AT(LEAF, 4), .lr = AT(CALLER, 0x10), .fp = SP - 8 },
		    (struct lists){ LIST(words, 0), LIST(frames, AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3, .frames = { LEAF + 4, CALLER + 0xf, OUTER + 0xf } });
}

static void test_arm64_framed_function_ignores_a_stale_lr(void **state)
{
	const struct binary b = arm64();

	(void)state;
	expect(&b,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .lr = AT(LEAF, 4), .fp = SP - 8 },
		    (struct lists){ LIST(words, AT(OUTER, 0x10)),
				    LIST(frames, AT(OUTER, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 2, .frames = { CALLER + 0x10, OUTER + 0xf } });
}

static void test_arm64_prologue_has_the_return_address_at_sp(void **state)
{
	const struct binary b = arm64();

	(void)state;
	expect(&b,
	       make((struct sample){ .pc = AT(CALLER, 0x10), .fp = SP + 0x20 - 8 },
		    (struct lists){ LIST(words, AT(OUTER, 0x10)),
				    LIST(frames, AT(ROOT, 0x10), AT(GOEXIT, 1)) }),
	       (struct expected){ .n = 3, .frames = { CALLER + 0x10, OUTER + 0xf, ROOT + 0xf } });
}

/* Called on the system stack it stays there, and has no frame yet: its caller is in lr. */
static void test_arm64_systemstack_without_frame_is_no_stack_switch(void **state)
{
	const struct binary b = arm64();

	(void)state;
	expect(&b,
	       make((struct sample){ .pc = AT(SYSTEMSTACK, 0),
				     .flags = SAMPLE_GO | SAMPLE_ON_G0,
				     .fp = SP - 8,
				     .lr = AT(CALLER, 0x10),
				     .go = { .curg = 1, .sched_sp = SP + 0x1000 } },
		    (struct lists){ LIST(frames, AT(OUTER, 0x10), AT(MSTART, 0x10)) }),
	       (struct expected){
		       .n = 4,
		       .frames = { SYSTEMSTACK, CALLER + 0xf, OUTER + 0xf, MSTART + 0xf } });
}

static void test_arm64_morestack_takes_lr_from_the_goroutine(void **state)
{
	const struct binary b = arm64();
	struct sample *s = in_newstack(1);

	(void)state;
	s->chain = s->fp = SP - 8;
	s->go.sched_lr = AT(OUTER, 0x11);
	s->go.sched_bp = 0x5000 - 8;
	expect(&b, s,
	       (struct expected){
		       .n = 4, .frames = { CALLER + 0x10, LEAF + 3, OUTER + 0x10, ROOT + 0xf } });
}

/* ---- what is remembered ------------------------------------------------------------------ */

/* Each process has its libraries elsewhere; an address before any of Go's is one, too. */
static void test_only_go_code_is_remembered(void **state)
{
	struct unwinder u;
	struct stack stack;

	(void)state;
	unwinder_init(&u, &amd64);
	for (uint64_t i = 0; i < 1000; i++) {
		struct sample *s =
			make((struct sample){ .pc = AT(C_CODE, i * 0x1000), .fp = SP },
			     (struct lists){ LIST(frames, i, AT(CALLER, 0x10), AT(GOEXIT, 1)) });

		assert_int_equal(unwind_sample(&u, s, &stack), 0);
		assert_int_equal(stack.n, 1);
		free(s);
	}
	assert_int_equal(u.cache.n, 2);
	assert_int_equal(u.cache.asked, 2);
	unwinder_fini(&u);
}

/* ---- from outside ------------------------------------------------------------------------ */

static void test_impossible_counts_are_refused(void **state)
{
	struct sample *s = make((struct sample){ .pc = AT(LEAF, 4) }, (struct lists){ 0 });

	(void)state;
	s->n_frames = 1;
	expect(&amd64, s, (struct expected){ .result = UNWIND_E_MALFORMED });
}

static void test_a_table_that_lies_about_sp_does_not_hang(void **state)
{
	static const struct fact liar[] = { INSIDE(LEAF, 4, -8, 0, 0) };
	struct binary b = amd64;
	struct unwinder u;
	static struct stack stack;
	struct sample *s = make((struct sample){ .pc = AT(LEAF, 4), .sp = SP + 8 },
				(struct lists){ LIST(words, AT(LEAF, 4), AT(LEAF, 4)) });

	(void)state;
	b.facts = liar;
	b.n_facts = 1;
	unwinder_init(&u, &b);
	assert_int_equal(unwind_sample(&u, s, &stack), 0);
	assert_true(stack.n <= ARRAY_SIZE(stack.frames));
	unwinder_fini(&u);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caller_of_frameless_leaf_is_at_sp),
		cmocka_unit_test(test_framed_leaf_follows_the_chain),
		cmocka_unit_test(test_prologue_has_the_caller_above_the_pushed_frame_pointer),
		cmocka_unit_test(test_scratch_frame_pointer_is_walked_by_pcsp),
		cmocka_unit_test(test_chain_behind_a_scratch_frame_pointer_is_joined),
		cmocka_unit_test(test_false_frame_record_is_not_followed),
		cmocka_unit_test(test_no_frame_is_made_up_where_the_words_end),
		cmocka_unit_test(test_return_address_at_an_entry_is_not_lessened),
		cmocka_unit_test(test_top_frame_is_shown_and_ends_the_stack),
		cmocka_unit_test(test_mcall_ends_the_stack),
		cmocka_unit_test(test_leaf_that_writes_sp_stands_alone),
		cmocka_unit_test(test_foreign_return_address_ends_the_stack),
		cmocka_unit_test(test_chain_that_just_stops_is_truncated),
		cmocka_unit_test(test_sysmon_is_not_sampled),
		cmocka_unit_test(test_sysmon_is_not_sampled_above_a_function_that_writes_sp),
		cmocka_unit_test(test_systemstack_goes_on_at_the_goroutine),
		cmocka_unit_test(test_systemstack_without_goroutine_ends_the_stack),
		cmocka_unit_test(test_systemstack_is_crossed_by_the_chain_without_runtime_state),
		cmocka_unit_test(test_morestack_is_replaced_by_the_function_that_called_it),
		cmocka_unit_test(test_morestack_as_the_leaf_hands_on_the_trap),
		cmocka_unit_test(test_morestack_without_goroutine_ends_the_stack),
		cmocka_unit_test(test_vdso_and_its_stub_are_hidden),
		cmocka_unit_test(test_vdso_stub_is_hidden_without_runtime_state),
		cmocka_unit_test(test_c_code_is_shown_as_cgocall),
		cmocka_unit_test(test_c_code_after_a_callback_finds_its_callers),
		cmocka_unit_test(test_the_way_to_c_has_the_callers_of_cgocall),
		cmocka_unit_test(test_signal_handlers_are_not_sampled),
		cmocka_unit_test(test_cgocallback_does_not_end_the_stack),
		cmocka_unit_test(test_foreign_code_is_charged_to_pseudo_functions),
		cmocka_unit_test(test_threads_that_c_made_are_external_code),
		cmocka_unit_test(test_caller_of_an_injected_call_keeps_its_pc),
		cmocka_unit_test(test_wrappers_show_below_the_panic_machinery_only),
		cmocka_unit_test(test_arm64_leaf_has_its_caller_in_lr),
		cmocka_unit_test(test_arm64_framed_function_ignores_a_stale_lr),
		cmocka_unit_test(test_arm64_prologue_has_the_return_address_at_sp),
		cmocka_unit_test(test_arm64_systemstack_without_frame_is_no_stack_switch),
		cmocka_unit_test(test_arm64_morestack_takes_lr_from_the_goroutine),
		cmocka_unit_test(test_only_go_code_is_remembered),
		cmocka_unit_test(test_impossible_counts_are_refused),
		cmocka_unit_test(test_a_table_that_lies_about_sp_does_not_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
