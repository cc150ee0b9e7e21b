/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Go executable's own tables: what pc belongs to which function, how deep its stack is there,
 * and which source lines, inlined ones included, it stands for. From pclntab, moduledata and the
 * inline trees alone: no DWARF, no ELF symbols, no section headers needed.
 *
 * A binary knows no processes. Addresses are file addresses: as the ELF program headers number
 * them, without load bias; `pc` is always the pc to look up (return addresses come in less one).
 * The file is mapped and read where asked, nothing is copied: a name is a span into the mapping and
 * lives as long as the binary. All reads go through base/span.h; a file that changes under us
 * gives zeros or outcomes, never a crash (base/filemap.h).
 *
 * Sources of every layout: Go 1.20 to 1.27, runtime/symtab.go, runtime/symtabinl.go,
 * internal/abi/symtab.go, cmd/link/internal/ld/pcln.go, debug/buildinfo.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Outcomes of binary_open(), which the caller tells the user. */
enum binary_outcome {
	BINARY_E_NOT_ELF = 1, /* script, archive, text... */
	BINARY_E_ARCH,	      /* not 64-bit little-endian amd64 or arm64 */
	BINARY_E_NOT_GO,      /* no pclntab and no build info */
	BINARY_E_TOO_OLD,     /* Go before 1.20: pclntab has no start lines */
	BINARY_E_TOO_NEW,     /* a layout this version does not know */
	BINARY_E_PACKED,      /* build info or a packer's marks, but no pclntab in the file */
	BINARY_E_GARBLED, /* a pclntab that contradicts itself, or hashed names without build info
			   */
	BINARY_E_BROKEN,  /* cut short or damaged ELF */
	BINARY_E_NO_FUNCTION, /* binary_function_at(): no Go function there */
};

enum binary_arch { BINARY_AMD64 = 1, BINARY_ARM64 = 2 };

/* What a function is to the unwinder; found by name among the runtime's functions. */
enum binary_special {
	BINARY_ORDINARY = 0,
	BINARY_GOEXIT,	     /* runtime.goexit: root of a goroutine, never shown */
	BINARY_MCALL,	     /* runtime.mcall */
	BINARY_MORESTACK,    /* runtime.morestack (the funcID; not morestack_noctxt) */
	BINARY_SYSTEMSTACK,  /* runtime.systemstack */
	BINARY_CGOCALLBACK,  /* runtime.cgocallback */
	BINARY_ASYNCPREEMPT, /* injected calls: their return address is the interrupted pc */
	BINARY_SIGPANIC,
	BINARY_DEBUGCALL,
	BINARY_GOPANIC, /* with sigpanic: callers of these that are wrappers are shown */
	BINARY_PANICWRAP,
	BINARY_WRAPPER,	   /* made by compiler or linker (funcID wrapper) */
	BINARY_SYSMON,	   /* runtime.sysmon: never in a runtime/pprof profile */
	BINARY_CLOCK_STUB, /* time.now, runtime.nanotime1, runtime.walltime: call the vDSO */
	BINARY_CGOCALL,	   /* runtime.cgocall */
	BINARY_SIGNAL,	   /* runtime.sigtramp, sigtrampgo: in a signal handler, never sampled */
};

/* internal/abi/symtab.go FuncFlag */
enum binary_func_flags {
	BINARY_FUNC_TOP_FRAME = 1, /* outermost of its stack */
	BINARY_FUNC_SP_WRITE = 2,  /* changes sp in ways pcsp does not tell */
	BINARY_FUNC_ASM = 4,
};

struct binary_function {
	uint64_t entry, end; /* [entry, end): up to the next function's entry */
	uint32_t record;     /* where its _func is in the pclntable: opaque, for the calls below */
	uint8_t flags;	     /* enum binary_func_flags */
	uint8_t special;     /* enum binary_special */
};

/* One logical frame: the function a line belongs to, and the line. */
struct binary_line {
	struct span function; /* linker name, byte for byte; empty for none */
	struct span file;     /* empty for none ("?" in Go) */
	int32_t line;	      /* 0 for none */
	int32_t start_line;
	uint64_t pc;	 /* what runtime.CallersFrames gives as this frame's PC */
	uint8_t special; /* enum binary_special, by the inlined function's own funcID */
};

/* Most logical frames at one pc. Deeper nesting is cut at the outer end and said to be so. */
#define BINARY_MAX_LINES 64

/* `go version -m`, from .go.buildinfo; empty spans where the file does not say. */
struct binary_build {
	struct span go_version;	  /* "go1.26.8", as written */
	int minor;		  /* 26; found from pclntab's form where there is no build info */
	struct span main_path;	  /* path: the main package */
	struct span main_module;  /* mod: module path */
	struct span main_version; /* mod: version */
	struct span vcs_revision, vcs_time, vcs_modified, pgo, buildmode, cgo_enabled;
	struct span go_build_id;  /* note Go/4 */
	struct span gnu_build_id; /* note GNU/3, raw bytes */
};

/* Where the runtime keeps its state, for the kernel program (bpf/sample.h, struct exe_policy). */
struct binary_runtime {
	bool known; /* false: no such version known, or its code does not agree with the table */
	int32_t tls_g;
	uint32_t g_m, g_sched_sp, g_sched_bp, g_syscall_sp;
	uint32_t m_gsignal, m_curg, m_vdso_sp, m_ncgo;
	uint64_t cgocallback, cgocallback_end, sigtramp, sigtramp_end;
	uint32_t cgocallback_frame, sigtramp_frame; /* as struct exe_policy has them */
};

struct binary;

/*
 * Open the executable behind @fd, which stays the caller's (the mapping keeps the file). 0, an
 * outcome of the list above, or -errno. *ret_binary is set only with 0.
 */
int binary_open(int fd, struct binary **ret_binary);

/* The same for bytes in memory (tests, fuzzers); they must outlive the binary. */
int binary_parse(struct span file, struct binary **ret_binary);

struct binary *binary_free(struct binary *b);

/*
 * Give back the memory of the pages that lookups have touched (binary_open() does so at its end).
 * For whoever keeps many binaries open, when a round of lookups is over. Spans stay valid.
 */
void binary_rest(const struct binary *b);

/*
 * Whether something else was written to the file since it was opened: then it is no longer what was
 * parsed. Not if only its time is new, as go build does with what is up to date: that is so where
 * Go's build id, the headers and the like are what they were. Without such an id any new time
 * counts.
 */
bool binary_rewritten(struct binary *b);

/*
 * From now on lookups read no more than @pairs of value programs, some nanoseconds each, of which a
 * file made to that end has a million for each pc. Then they find no frame sizes and no lines.
 * Without this call there is no limit.
 */
void binary_allow(struct binary *b, uint64_t pairs);
bool binary_is_exhausted(const struct binary *b);

/* The sentence for an outcome of binary_open(): what it is, why it does not do. */
const char *binary_outcome_text(int outcome);

enum binary_arch binary_arch(const struct binary *b);
const struct binary_build *binary_build(const struct binary *b);
const struct binary_runtime *binary_runtime(const struct binary *b);

/* runtime.text and runtime.etext. Code outside is not Go. */
uint64_t binary_text(const struct binary *b);
uint64_t binary_etext(const struct binary *b);

/* p_vaddr of the lowest executable segment: load bias = mm->start_code less this. */
uint64_t binary_start_code(const struct binary *b);

/* The executable segment that holds runtime.text, as the program headers have it. */
struct binary_segment {
	uint64_t address, size, offset; /* p_vaddr, p_filesz, p_offset */
};
struct binary_segment binary_text_segment(const struct binary *b);

/* Entry of a runtime function by its full name, 0 if there is none: runtime._System and so on. */
uint64_t binary_runtime_function(const struct binary *b, const char *name);

/* The function that @pc is in. 0 or BINARY_E_NO_FUNCTION. */
int binary_function_at(const struct binary *b, uint64_t pc, struct binary_function *ret_function);

/* pcsp at @pc: bytes sp has moved down since the function's entry. False: no table. */
bool binary_sp_delta(const struct binary *b, const struct binary_function *f, uint64_t pc,
		     int32_t *ret_delta);

/*
 * The logical frames at @pc, innermost first, the physical function last, wrappers included. 0 and
 * at least one line, or BINARY_E_NO_FUNCTION. *ret_cut: there were more than @max.
 */
int binary_lines_at(const struct binary *b, uint64_t pc, struct binary_line *lines, size_t max,
		    size_t *ret_n, bool *ret_cut);
