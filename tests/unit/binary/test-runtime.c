/* SPDX-License-Identifier: Apache-2.0 */
/* Special functions by name, and the runtime's state out of its assembly. */
#include "tests/unit/unit.h"

#include <elf.h>

#include "agent/binary/binary.h"
#include "tests/unit/binary/fake.h"

enum { GOEXIT = 8, MCALL = 12, MORESTACK = 13, SYSTEMSTACK = 21, CGOCALLBACK = 4, WRAPPER = 23 };
enum { TOP = BINARY_FUNC_TOP_FRAME, ASM = BINARY_FUNC_ASM, SPWRITE = BINARY_FUNC_SP_WRITE };

#define SIZE	 32
#define DEPTH(n) ((const struct fake_value[]){ { 0, 4 }, { n, 20 }, { 0, 8 }, { 0, 0 } })

/* As Go 1.26.8 has them on amd64 (runtime/sys_linux_amd64.s, runtime/asm_amd64.s). */
static const uint8_t nanotime1[SIZE] = {
	0x49, 0x8b, 0x5e, 0x30,			  /* mov 0x30(%r14),%rbx */
	0x48, 0x8b, 0x8b, 0x88, 0x03, 0x00, 0x00, /* mov 0x388(%rbx),%rcx */
	0x48, 0x8b, 0x93, 0x80, 0x03, 0x00, 0x00, /* mov 0x380(%rbx),%rdx */
};
static const uint8_t not_neighbours[SIZE] = {
	0x48, 0x8b, 0x8b, 0x90, 0x03, 0x00, 0x00, /* mov 0x390(%rbx),%rcx */
	0x48, 0x8b, 0x93, 0x80, 0x03, 0x00, 0x00, /* mov 0x380(%rbx),%rdx */
};
static const uint8_t stackcheck[SIZE] = {
	0x64, 0x48, 0x8b, 0x04, 0x25, 0xa0, 0xff, 0xff, 0xff, /* mov %fs:-96,%rax */
};
static const uint8_t stackcheck_pie[SIZE] = {
	0x48, 0xc7, 0xc1, 0xf8, 0xff, 0xff, 0xff, /* mov $-8,%rcx */
};
static const uint8_t cgo_sigtramp[SIZE] = {
	0x8b, 0x88, 0x48, 0x01, 0x00, 0x00,	  /* mov 0x148(%rax),%ecx */
	0x85, 0xc9, 0x74, 0x42,			  /* test; je */
	0x48, 0x8b, 0x88, 0xb8, 0x00, 0x00, 0x00, /* mov 0xb8(%rax),%rcx */
	0x48, 0x85, 0xc9, 0x74, 0x36,		  /* test; je */
	0x48, 0x8b, 0x49, 0x68,			  /* mov 0x68(%rcx),%rcx */
};

/* And on arm64. */
static const uint32_t arm64_nanotime1[SIZE / 4] = {
	0xf9401b95, /* ldr x21, [x28, #48] */
	0xf941c6a2, /* ldr x2, [x21, #904] */
	0xf941c2a3, /* ldr x3, [x21, #896] */
};
static const uint32_t arm64_cgo_sigtramp[SIZE / 4] = {
	0xb98148c7, /* ldrsw x7, [x6, #328] */
	0x34000267, /* cbz */
	0xf9405cc8, /* ldr x8, [x6, #184] */
	0xb4000228, /* cbz */
	0xf9403507, /* ldr x7, [x8, #104] */
};
static const uint32_t arm64_load_g[SIZE / 4] = {
	0xd53bd040, /* mrs x0, tpidr_el0 */
	0xd2a0001b, /* movz x27, #0, lsl #16 */
	0xf280021b, /* movk x27, #16 */
	0xf87b681c, /* ldr x28, [x0, x27] */
};

enum {
	F_WRAPPER_BEFORE,
	F_GOEXIT,
	F_DEFERRETURN,
	F_MCALL,
	F_WRAPPER_AFTER,
	F_SYSTEMSTACK,
	F_SYSMON,
	F_SYSMON_WRAPPER,
	F_TIME_NOW,
	F_NANOTIME1,
	F_STACKCHECK,
	F_LOAD_G,
	F_SIGTRAMP,
	F_SIGTRAMPGO,
	F_CGO_SIGTRAMP,
	F_CGOCALLBACKG,
	F_OTHER_TIME_NOW,
	F_CGOCALLBACK,
	F_CGOCALLBACKG_WRAPPER,
	N_FUNCTIONS
};

static const struct fake_function usual[N_FUNCTIONS] = {
	/* ABI wrappers have the name of what they wrap; either may come first. */
	[F_WRAPPER_BEFORE] = { .name = "runtime.systemstack", .size = SIZE, .func_id = WRAPPER },
	[F_GOEXIT] = { .name = "runtime.goexit",
		       .size = SIZE,
		       .func_id = GOEXIT,
		       .flags = ASM | TOP },
	[F_DEFERRETURN] = { .name = "runtime.deferreturn", .size = SIZE, .func_id = WRAPPER },
	[F_MCALL] = { .name = "runtime.mcall",
		      .size = SIZE,
		      .func_id = MCALL,
		      .flags = ASM | SPWRITE },
	[F_WRAPPER_AFTER] = { .name = "runtime.mcall", .size = SIZE, .func_id = WRAPPER },
	[F_SYSTEMSTACK] = { .name = "runtime.systemstack",
			    .size = SIZE,
			    .func_id = SYSTEMSTACK,
			    .flags = ASM | SPWRITE },
	[F_SYSMON] = { .name = "runtime.sysmon", .size = SIZE },
	[F_SYSMON_WRAPPER] = { .name = "runtime.sysmon", .size = SIZE, .func_id = WRAPPER },
	[F_TIME_NOW] = { .name = "time.now", .size = SIZE, .flags = ASM },
	[F_NANOTIME1] = { .name = "runtime.nanotime1",
			  .size = SIZE,
			  .flags = ASM,
			  .code = nanotime1 },
	[F_STACKCHECK] = { .name = "runtime.stackcheck",
			   .size = SIZE,
			   .flags = ASM,
			   .code = stackcheck },
	[F_LOAD_G] = { .name = "runtime.load_g", .size = SIZE, .flags = ASM, .code = arm64_load_g },
	[F_SIGTRAMP] = { .name = "runtime.sigtramp", .size = SIZE, .flags = ASM, .sp = DEPTH(72) },
	[F_SIGTRAMPGO] = { .name = "runtime.sigtrampgo", .size = SIZE, .sp = DEPTH(128) },
	[F_CGO_SIGTRAMP] = { .name = "runtime.cgoSigtramp",
			     .size = SIZE,
			     .flags = ASM,
			     .code = cgo_sigtramp },
	[F_CGOCALLBACKG] = { .name = "runtime.cgocallbackg", .size = SIZE, .sp = DEPTH(200) },
	[F_OTHER_TIME_NOW] = { .name = "time.now", .size = SIZE }, /* Go, as on arm64 */
	[F_CGOCALLBACK] = { .name = "runtime.cgocallback",
			    .size = SIZE,
			    .func_id = CGOCALLBACK,
			    .flags = ASM | SPWRITE,
			    .sp = DEPTH(32) },
	[F_CGOCALLBACKG_WRAPPER] = { .name = "runtime.cgocallbackg",
				     .size = SIZE,
				     .func_id = WRAPPER,
				     .sp = DEPTH(48) },
};

struct opened {
	struct buf file;
	struct binary *binary;
	uint64_t text;
};

static void open_fake(struct fake fake, struct opened *o)
{
	*o = (struct opened){ .file = BUF_INIT(1 << 20), .text = fake_text() };
	fake_build(&fake, &o->file);
	assert_int_equal(binary_parse(span_of(o->file.data, o->file.size), &o->binary), 0);
}

static void close_fake(struct opened *o)
{
	binary_free(o->binary);
	buf_fini(&o->file);
}

static struct fake changed(struct fake_function *functions, const struct fake_function *f, int i)
{
	memcpy(functions, usual, sizeof(usual));
	if (f)
		functions[i] = *f;
	return (struct fake){ .functions = functions, .n_functions = N_FUNCTIONS };
}

static void test_specials(void **state)
{
	static const uint8_t expected[N_FUNCTIONS] = {
		[F_WRAPPER_BEFORE] = BINARY_WRAPPER,  [F_GOEXIT] = BINARY_GOEXIT,
		[F_DEFERRETURN] = BINARY_WRAPPER,     [F_MCALL] = BINARY_MCALL,
		[F_WRAPPER_AFTER] = BINARY_WRAPPER,   [F_SYSTEMSTACK] = BINARY_SYSTEMSTACK,
		[F_SYSMON] = BINARY_SYSMON,	      [F_SYSMON_WRAPPER] = BINARY_WRAPPER,
		[F_TIME_NOW] = BINARY_CLOCK_STUB,     [F_NANOTIME1] = BINARY_CLOCK_STUB,
		[F_SIGTRAMP] = BINARY_SIGNAL,	      [F_SIGTRAMPGO] = BINARY_SIGNAL,
		[F_CGOCALLBACK] = BINARY_CGOCALLBACK, [F_CGOCALLBACKG_WRAPPER] = BINARY_WRAPPER,
	};
	struct fake_function functions[N_FUNCTIONS];
	struct binary_function f;
	struct opened o;
	(void)state;

	open_fake(changed(functions, NULL, 0), &o);
	for (int i = 0; i < N_FUNCTIONS; i++) {
		assert_int_equal(binary_function_at(o.binary, o.text + i * SIZE, &f), 0);
		assert_int_equal(f.special, expected[i]);
	}
	assert_int_equal(binary_runtime_function(o.binary, "runtime.mcall"),
			 o.text + F_MCALL * SIZE);
	assert_int_equal(binary_runtime_function(o.binary, "runtime.systemstack"),
			 o.text + F_SYSTEMSTACK * SIZE);
	assert_int_equal(binary_runtime_function(o.binary, "runtime.nothing"), 0);
	close_fake(&o);
}

static void test_state_amd64(void **state)
{
	const struct fake_function pie = {
		.name = "runtime.stackcheck", .size = SIZE, .flags = ASM, .code = stackcheck_pie
	};
	struct fake_function functions[N_FUNCTIONS];
	const struct binary_runtime *s;
	struct opened o;
	(void)state;

	open_fake(changed(functions, NULL, 0), &o);
	s = binary_runtime(o.binary);
	assert_true(s->known);
	assert_int_equal(s->tls_g, -96);
	assert_int_equal(s->g_m, 48);
	assert_int_equal(s->g_sched_sp, 56);
	assert_int_equal(s->g_sched_bp, 96);
	assert_int_equal(s->g_syscall_sp, 104);
	assert_int_equal(s->m_gsignal, 72);
	assert_int_equal(s->m_curg, 184);
	assert_int_equal(s->m_vdso_sp, 896);
	assert_int_equal(s->m_ncgo, 328);
	assert_int_equal(s->cgocallback, o.text + F_CGOCALLBACK * SIZE);
	assert_int_equal(s->cgocallback_end, o.text + (F_CGOCALLBACK + 1) * SIZE);
	assert_int_equal(s->cgocallback_frame, 32);
	assert_int_equal(s->sigtramp, o.text + F_SIGTRAMP * SIZE);
	assert_int_equal(s->sigtramp_frame, 72);
	close_fake(&o);
	open_fake(changed(functions, &pie, F_STACKCHECK), &o);
	assert_int_equal(binary_runtime(o.binary)->tls_g, -8);
	close_fake(&o);
}

static void test_state_arm64(void **state)
{
	struct fake_function functions[N_FUNCTIONS];
	struct fake fake = changed(functions, NULL, 0);
	const struct binary_runtime *s;
	struct binary_function f;
	struct opened o;
	int32_t delta;
	(void)state;

	fake.machine = EM_AARCH64;
	functions[F_NANOTIME1].code = arm64_nanotime1;
	functions[F_CGO_SIGTRAMP].code = arm64_cgo_sigtramp;
	open_fake(fake, &o);
	s = binary_runtime(o.binary);
	assert_true(s->known);
	assert_int_equal(s->tls_g, 16);
	assert_int_equal(s->m_vdso_sp, 896);
	assert_int_equal(s->m_ncgo, 328);
	/* The callee's frame is in between: that of the wrapper, which is what is called. */
	assert_int_equal(s->cgocallback_frame, 48 - 8);
	assert_int_equal(s->sigtramp_frame, 72 + 128 - 8);
	/* Tables count in instructions. */
	assert_int_equal(binary_function_at(o.binary, s->sigtramp, &f), 0);
	assert_true(binary_sp_delta(o.binary, &f, f.entry + 23, &delta));
	assert_int_equal(delta, 72);
	assert_true(binary_sp_delta(o.binary, &f, f.entry + 24, &delta));
	assert_int_equal(delta, 0);
	close_fake(&o);
	functions[F_CGOCALLBACK].name = "main.none";
	open_fake(fake, &o);
	assert_true(binary_runtime(o.binary)->known);
	assert_int_equal(binary_runtime(o.binary)->tls_g, 0);
	close_fake(&o);
}

/* Depths that no function has: their sum is more than 31 bits hold. */
static void test_frames_without_measure(void **state)
{
	struct fake_function functions[N_FUNCTIONS];
	struct fake fake = changed(functions, NULL, 0);
	struct opened o;
	(void)state;

	fake.machine = EM_AARCH64;
	functions[F_SIGTRAMP].sp = DEPTH(INT32_MAX);
	open_fake(fake, &o);
	assert_int_equal(binary_runtime(o.binary)->sigtramp, 0);
	assert_int_equal(binary_runtime(o.binary)->sigtramp_frame, 0);
	close_fake(&o);
}

static void test_without_cgo(void **state)
{
	const struct fake_function none = { .name = "main.none", .size = SIZE };
	struct fake_function functions[N_FUNCTIONS];
	struct opened o;
	(void)state;

	open_fake(changed(functions, &none, F_CGOCALLBACK), &o);
	assert_true(binary_runtime(o.binary)->known);
	assert_int_equal(binary_runtime(o.binary)->m_ncgo, 0);
	assert_int_equal(binary_runtime(o.binary)->cgocallback, 0);
	close_fake(&o);
}

/* Assembly that does not agree with the layout of its version: nothing is known. */
static void test_disagreement(void **state)
{
	static const int changes[] = { F_NANOTIME1, F_STACKCHECK, F_CGO_SIGTRAMP };
	struct fake_function functions[N_FUNCTIONS];
	struct fake fake;
	struct opened o;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		fake = changed(functions, NULL, 0);
		functions[changes[i]].code = NULL;
		open_fake(fake, &o);
		assert_false(binary_runtime(o.binary)->known);
		close_fake(&o);
	}
	/* Two loads, but not of neighbours. */
	fake = changed(functions, NULL, 0);
	functions[F_NANOTIME1].code = not_neighbours;
	open_fake(fake, &o);
	assert_false(binary_runtime(o.binary)->known);
	close_fake(&o);
	/* 1.24 has m.curg elsewhere than this cgoSigtramp; of 1.99 nothing is known. */
	fake = changed(functions, NULL, 0);
	fake.version = "go1.24.13";
	open_fake(fake, &o);
	assert_false(binary_runtime(o.binary)->known);
	close_fake(&o);
	fake.version = "go1.99";
	fake.gofunc = 344;
	open_fake(fake, &o);
	assert_false(binary_runtime(o.binary)->known);
	close_fake(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_specials),     cmocka_unit_test(test_state_amd64),
		cmocka_unit_test(test_state_arm64),  cmocka_unit_test(test_without_cgo),
		cmocka_unit_test(test_disagreement), cmocka_unit_test(test_frames_without_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
