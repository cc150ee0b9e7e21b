/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts BINARY: what agent/binary finds beside names and lines, one fact a line, in the words of
 * layout/main.go, which reads the same from DWARF and symbols.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "agent/binary/binary.h"
#include "base/cleanup.h"

static const char *const specials[] = {
	[BINARY_GOEXIT] = "goexit",	      [BINARY_MCALL] = "mcall",
	[BINARY_MORESTACK] = "morestack",     [BINARY_SYSTEMSTACK] = "systemstack",
	[BINARY_CGOCALLBACK] = "cgocallback", [BINARY_ASYNCPREEMPT] = "asyncpreempt",
	[BINARY_SIGPANIC] = "sigpanic",	      [BINARY_DEBUGCALL] = "debugcall",
	[BINARY_GOPANIC] = "gopanic",	      [BINARY_PANICWRAP] = "panicwrap",
	[BINARY_WRAPPER] = "wrapper",	      [BINARY_SYSMON] = "sysmon",
	[BINARY_CLOCK_STUB] = "clock_stub",   [BINARY_CGOCALL] = "cgocall",
	[BINARY_SIGNAL] = "signal",
};

/* Wrappers are many and known to DWARF by address, the others are few and known by name. */
static void print_special(const struct binary *b, const struct binary_function *f)
{
	struct binary_line lines[BINARY_MAX_LINES];
	size_t n;
	bool cut;

	if (f->special == BINARY_WRAPPER)
		printf("wrapper 0x%" PRIx64 "\n", f->entry);
	else if (f->special && binary_lines_at(b, f->entry, lines, BINARY_MAX_LINES, &n, &cut) == 0)
		printf("special %s %.*s flags %d\n", specials[f->special],
		       (int)lines[n - 1].function.size, lines[n - 1].function.data, f->flags);
}

static void print_functions(const struct binary *b)
{
	struct binary_function f;
	uint64_t pc = binary_text(b);

	for (; binary_function_at(b, pc, &f) == 0 && f.end > pc; pc = f.end)
		print_special(b, &f);
}

static void print_runtime(const struct binary_runtime *s)
{
	printf("known %d\n", s->known);
	printf("tls_g %" PRId32 "\n", s->tls_g);
	printf("g_m %u\n", s->g_m);
	printf("g_sched_sp %u\n", s->g_sched_sp);
	printf("g_sched_bp %u\n", s->g_sched_bp);
	printf("g_syscall_sp %u\n", s->g_syscall_sp);
	printf("m_gsignal %u\n", s->m_gsignal);
	printf("m_curg %u\n", s->m_curg);
	printf("m_vdso_sp %u\n", s->m_vdso_sp);
	printf("m_ncgo %u\n", s->m_ncgo);
	printf("cgocallback 0x%" PRIx64 " frame %u\n", s->cgocallback, s->cgocallback_frame);
	printf("sigtramp 0x%" PRIx64 " frame %u\n", s->sigtramp, s->sigtramp_frame);
}

static void print_build(const struct binary_build *build)
{
	const struct {
		const char *name;
		struct span value;
	} texts[] = {
		{ "go_version", build->go_version },   { "main_path", build->main_path },
		{ "main_module", build->main_module }, { "buildmode", build->buildmode },
		{ "cgo_enabled", build->cgo_enabled }, { "go_build_id", build->go_build_id },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++)
		printf("%s %.*s\n", texts[i].name, (int)texts[i].value.size, texts[i].value.data);
	printf("minor %d\n", build->minor);
	printf("gnu_build_id ");
	for (size_t i = 0; i < build->gnu_build_id.size; i++)
		printf("%02x", build->gnu_build_id.data[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	_cleanup_(closep) int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct binary *b = NULL;
	int r;

	if (fd < 0)
		return 2;
	r = binary_open(fd, &b);
	if (r != 0) {
		printf("outcome %d %s\n", r, binary_outcome_text(r));
		return 1;
	}
	printf("text 0x%" PRIx64 "\n", binary_text(b));
	printf("etext 0x%" PRIx64 "\n", binary_etext(b));
	print_build(binary_build(b));
	print_runtime(binary_runtime(b));
	print_functions(b);
	binary_free(b);
	return 0;
}
