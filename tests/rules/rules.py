# SPDX-License-Identifier: Apache-2.0
"""The rules that make a profile true, and for each what is left when it is taken out.

A mutation names a rule, says what is missing then, and replaces a text that stands in its file
exactly once; each of its tests must fail. When code moves, the text here moves with it.
"""
import collections

Mutation = collections.namedtuple("Mutation", "rule title file old new tests")

BINARY = "agent/binary/binary.c"
UNWIND = "agent/unwind/unwind.c"
SYMBOLIZE = "agent/symbolize/symbolize.c"
PROFILE = "agent/symbolize/profile.c"
RESULT = "cli/record_result.c"
RECORDER = "agent/recorder/recorder.c"

MUTATIONS = [
    # 1. The kernel side copies, user space thinks; unwind is pure.
    Mutation(1, "unwind looks at processes", UNWIND,
             "#include <errno.h>\n", '#include <errno.h>\n#include "agent/target/process.h"\n',
             ["lint/layers"]),
    Mutation(1, "unwind reads its surroundings", UNWIND,
             "bool go = sample->flags & SAMPLE_GO;",
             'bool go = sample->flags & SAMPLE_GO && !getenv("HONE_PLAIN");', ["lint/manners"]),
    Mutation(1, "records of the kernel go unchecked", "agent/capture/record.c",
             "return record.size == sizeof(s) + 8 * n;", "return true;", ["capture/record"]),
    Mutation(1, "unwind trusts a sample's counts", UNWIND,
             "s->header.size >= sizeof(*s) + n * 8;", "true;", ["unwind/unwind"]),

    # 2. The direct caller is exact.
    Mutation(2, "frame pointers alone", UNWIND,
             "if (c->fp == at - 8) {", "if (true) {", ["unwind/unwind"]),
    Mutation(2, "the word at sp in any case", UNWIND,
             "if (c->fp == at - 8) {", "if (false) {", ["unwind/unwind"]),
    Mutation(2, "the caller at sp, without the frame's size", UNWIND,
             "uint64_t at = c->sp + (uint64_t)(int64_t)info->sp_delta;",
             "uint64_t at = c->sp;", ["unwind/unwind"]),
    Mutation(2, "arm64: the caller is never in lr", UNWIND,
             "if (info->sp_delta == 0 && lr) {", "if (false && lr) {", ["unwind/unwind"]),
    Mutation(2, "arm64: lr in any case", UNWIND,
             "if (info->sp_delta == 0 && lr) {", "if (lr) {", ["unwind/unwind"]),
    Mutation(2, "arm64: frame pointers alone behind lr", UNWIND,
             "if (c->fp == c->sp - 8) {", "if (true) {", ["unwind/unwind"]),

    # 3. Stack switches.
    Mutation(3, "systemstack is not crossed", UNWIND,
             "if (crosses_systemstack(w, info))", "if (false)", ["unwind/unwind"]),
    Mutation(3, "mcall and its like are walked through", UNWIND,
             "return (info->flags & BINARY_FUNC_SP_WRITE) && info->special",
             "return false && info->special", ["unwind/unwind"]),
    Mutation(3, "top frames do not end a stack", UNWIND,
             "if (info->flags & BINARY_FUNC_TOP_FRAME)", "if (false)", ["unwind/unwind"]),
    Mutation(3, "morestack is shown", UNWIND,
             "if (w->on_g0 && info->special == BINARY_MORESTACK)", "if (false)",
             ["unwind/unwind"]),
    Mutation(3, "the vDSO is the leaf", UNWIND,
             ": go && sample->go.vdso_sp ? walk_vdso_call(&w)",
             ": go && false ? walk_vdso_call(&w)", ["unwind/unwind"]),
    Mutation(3, "the vDSO's stub is the leaf, without runtime state", UNWIND,
             "while (!info.is_go || info.special == BINARY_CLOCK_STUB) {",
             "while (!info.is_go) {", ["unwind/unwind"]),
    Mutation(3, "C code is external code", UNWIND,
             "in_cgo_call(sample)	   ? walk_cgo_call(&w)",
             "false	   ? walk_cgo_call(&w)", ["unwind/unwind"]),
    Mutation(3, "C code called after a callback loses its callers", UNWIND,
             "		w->cursor.sp = s->go.syscall_sp;\n", "", ["unwind/unwind"]),
    Mutation(3, "callbacks from C end at cgocallback", UNWIND,
             "&& info->special != BINARY_CGOCALLBACK", "", ["unwind/unwind"]),

    # 4. Every inlined call is a frame.
    Mutation(4, "physical frames only", SYMBOLIZE,
             "for (size_t i = 0; i < n; i++) {\n		if (from[i].special",
             "for (size_t i = n - 1; i < n; i++) {\n		if (from[i].special",
             ["symbolize/symbolize"]),
    Mutation(4, "no start lines", SYMBOLIZE,
             ".start_line = line->start_line,", ".start_line = 0,",
             ["symbolize/symbolize", "cli/recorder"]),
    Mutation(4, "no lines", SYMBOLIZE,
             "line->line = from[i].line;", "line->line = 0;", ["symbolize/symbolize"]),
    Mutation(4, "no files", SYMBOLIZE, ".file = file,", '.file = "",', ["symbolize/symbolize"]),
    Mutation(4, "inlined calls are looked up at the pc of the leaf", BINARY,
             "offset = call.parent;", ";", ["binary/lines"]),
    Mutation(4, "an inlined call's place is not counted from its function", "agent/binary/inline.c",
             "ret_call->parent = f->entry + (uint32_t)parent;",
             "ret_call->parent = (uint32_t)parent;", ["binary/lines"]),
    Mutation(4, "inlined functions have the start line of another field", "agent/binary/inline.c",
             "span_i32(gofunc, at + 12,", "span_i32(gofunc, at + 4,", ["binary/lines"]),
    Mutation(4, "pointers are believed that the linker left out", "agent/binary/moduledata.c",
             "w->word[(at - vaddr) / 8] = addend;", ";", ["binary/outcomes"]),
    Mutation(4, "Go before 1.20 is read as if it were newer", "agent/binary/pclntab.c",
             "if (magic != PCLNTAB_GO_1_20)\n\t\treturn BINARY_E_TOO_OLD;", "",
             ["binary/outcomes"]),

    # 5. Caller lines are call lines.
    Mutation(5, "caller lines are those after the call", UNWIND,
             "		offset--;\n", "		offset -= 0;\n", ["unwind/unwind"]),
    Mutation(5, "the interrupted address is lessened, too", UNWIND,
             "if (!w->trap && offset > info->entry)", "if (offset > info->entry)",
             ["unwind/unwind"]),
    Mutation(5, "what an injected call interrupted is lessened", UNWIND,
             "w->trap = is_injected(info->special);", "w->trap = false;", ["unwind/unwind"]),
    Mutation(5, "a return address at an entry is lessened", UNWIND,
             "if (!w->trap && offset > info->entry)", "if (!w->trap)", ["unwind/unwind"]),

    # 6. Names are the linker's.
    Mutation(6, "generic shapes are cut from names", SYMBOLIZE,
             ".name = name,", '.name = strtok(name, "["),', ["symbolize/symbolize"]),
    Mutation(6, "the runtime's unnamed function has a name", "agent/binary/pclntab.c",
             "if (offset <= 0 ||", "if (offset < 0 ||", ["binary/lines"]),

    # 7. Wrappers, goexit, sysmon are left out.
    Mutation(7, "wrappers are shown", SYMBOLIZE,
             "if (from[i].special != BINARY_WRAPPER || show) {", "if (true) {",
             ["symbolize/symbolize"]),
    Mutation(7, "wrappers are left out below the panic machinery, too", SYMBOLIZE,
             "if (from[i].special != BINARY_WRAPPER || show) {",
             "if (from[i].special != BINARY_WRAPPER) {", ["symbolize/symbolize"]),
    Mutation(7, "unwind does not tell who called the panic machinery", UNWIND,
             "(shows_wrappers(w->callee) ? FRAME_SHOW_WRAPPERS : 0);", "0;", ["unwind/unwind"]),
    Mutation(7, "goexit is shown", UNWIND,
             "if (info->special == BINARY_GOEXIT)\n", "if (false)\n", ["unwind/unwind"]),
    Mutation(7, "sysmon and signal handlers are sampled", UNWIND,
             "		w->not_sampled = true;\n", "		w->not_sampled = false;\n",
             ["unwind/unwind", "cli/recorder"]),
    Mutation(7, "sysmon is sampled in the stub that reads the clock", UNWIND,
             "w.not_sampled || is_below_sysmon(&w) ?", "w.not_sampled ?", ["unwind/unwind"]),
    Mutation(7, "stacks are as deep as they are", SYMBOLIZE,
             "i < n && n_logical < SYMBOLIZE_MAX_LOGICAL_FRAMES;", "i < n && n_locations < 64;",
             ["symbolize/symbolize"]),
    Mutation(7, "a stack is cut within its last frame", SYMBOLIZE,
             "		n_logical += symbol.n_lines;\n",
             "		n_logical += symbol.n_lines;\n"
             "		n_locations -= n_logical > SYMBOLIZE_MAX_LOGICAL_FRAMES;\n",
             ["symbolize/symbolize"]),
    Mutation(7, "ABI wrappers pass for what they wrap", "agent/binary/runtime.c",
             "r->special[wrapper_id] = BINARY_WRAPPER;", ";", ["binary/runtime"]),

    # 8. Locations by address; types, period, times, mapping.
    Mutation(8, "locations are keyed by their lines", SYMBOLIZE,
             ".address = address,", ".address = 0,", ["symbolize/symbolize"]),
    Mutation(8, "one sample type only", PROFILE,
             "return r ? r : pprof_add_sample_type(p, &types[1]);", "return r;",
             ["symbolize/profile"]),
    Mutation(8, "no nanoseconds", SYMBOLIZE,
             "(int64_t)(count * z->options->period) };", "0 };",
             ["symbolize/symbolize", "cli/recorder"]),
    Mutation(8, "no period", PROFILE, ".period = (int64_t)facts->period,", ".period = 1,",
             ["symbolize/profile"]),
    Mutation(8, "no start time", PROFILE, ".time_nanos = (int64_t)facts->start,", "",
             ["symbolize/profile"]),
    Mutation(8, "no duration", PROFILE, ".duration_nanos = (int64_t)facts->duration,", "",
             ["symbolize/profile"]),
    Mutation(8, "no build id", SYMBOLIZE, ".build_id = hex,", '.build_id = "",',
             ["symbolize/symbolize"]),

    # 9. Nothing is guessed silently.
    Mutation(9, "lost records are not counted", RESULT,
             "return counters.ring_full + counters.malformed + ", "return ", ["cli/recorder"]),
    Mutation(9, "stacks without room are not counted", RESULT,
             " + tally->stacks.refused;", ";", ["cli/recorder"]),
    Mutation(9, "a full table does not count what it refuses", "agent/aggregate/stacks.c",
             "			s->refused += count;\n", "			s->refused += 0;\n",
             ["aggregate/stacks"]),
    Mutation(9, "truncated stacks are not told", UNWIND,
             "w->stack->truncated = !(w->sample->flags & SAMPLE_MORE_FRAMES);",
             "w->stack->truncated = false;", ["unwind/unwind"]),
    Mutation(9, "truncated stacks are not counted", RECORDER,
             "	t->truncated += r->stack.truncated;\n", "", ["cli/recorder"]),
    Mutation(9, "deep stacks count as truncated", UNWIND,
             "w->stack->truncated = !(w->sample->flags & SAMPLE_MORE_FRAMES);",
             "w->stack->truncated = true;", ["unwind/unwind"]),
    Mutation(9, "frames without a name are not counted", SYMBOLIZE,
             "z->counts.unsymbolized += complete ? 0 : count;", "(void)complete;",
             ["symbolize/symbolize"]),
    Mutation(9, "nothing is written into the comments", RESULT,
             "	e = profile_note(result->profile, &result->notes);\n", "	e = 0;\n",
             ["cli/recorder"]),
    Mutation(9, "a frame is made up where the words end", UNWIND,
             "if (offset % 8 || offset / 8 >= c->n_words)\n		return false;",
             "*ret_word = c->n_chain ? c->chain[0] : 0;\n"
             "	if (offset % 8 || offset / 8 >= c->n_words)\n		return true;",
             ["unwind/unwind"]),
    Mutation(9, "a profile without start lines is written", RESULT,
             " && result->quality.verdict != PGO_REFUSED;", ";", ["cli/recorder"]),
    Mutation(9, "a profile of nothing but the runtime is written", RESULT,
             "result->profile && !result->idle && ", "result->profile && ", ["cli/recorder"]),
    Mutation(9, "a profile without start lines is no matter", "pgo/edges.c",
             "r = PGO_E_NO_START_LINES;", "r = 0;", ["pgo/quality", "cli/recorder"]),
    Mutation(9, "a profile of zeros is no matter", "pgo/edges.c",
             "int r = PGO_E_ALL_ZERO;", "int r = 0;", ["pgo/quality"]),
    Mutation(9, "a pid used again gives its file to old samples", RECORDER,
             "e != 0 || !process_started_at(&p, h->start_time)", "e != 0", ["cli/recorder"]),
]
