/* SPDX-License-Identifier: Apache-2.0 */
/* How a verdict is put into words. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "pgo/quality.h"

const char *pgo_verdict_name(enum pgo_verdict verdict)
{
	static const char *const names[] = {
		[PGO_REFUSED] = "refused",
		[PGO_THIN] = "thin",
		[PGO_FAIR] = "fair",
		[PGO_GOOD] = "good",
	};

	return names[verdict];
}

const char *pgo_reason_name(enum pgo_reason_kind kind)
{
	static const char *const names[] = {
		[PGO_REASON_SAMPLES] = "samples",
		[PGO_REASON_COVERAGE] = "coverage",
		[PGO_REASON_BROKEN] = "lost-or-truncated",
		[PGO_REASON_UNSYMBOLIZED] = "unsymbolized",
		[PGO_REASON_START_LINES] = "start-lines",
		[PGO_REASON_GENERICS_CUT] = "generics-cut",
		[PGO_REASON_NO_INLINING] = "no-inlining",
		[PGO_REASON_TOP_EDGE] = "top-edge",
		[PGO_REASON_CALLERLESS] = "callerless",
		[PGO_REASON_NEGATIVE] = "negative",
	};

	return names[kind];
}

bool pgo_outcome_fails_build(int outcome)
{
	return outcome == PGO_E_MALFORMED || outcome == PGO_E_NO_SAMPLE_TYPE ||
	       outcome == PGO_E_NO_START_LINES || outcome == PGO_E_ALL_ZERO;
}

const char *pgo_outcome_text(int outcome)
{
	switch (outcome) {
	case PGO_E_MALFORMED:
		return "it is not a pprof profile, or one that contradicts itself; record it again";
	case PGO_E_NO_SAMPLE_TYPE:
		return "it has neither samples/count nor cpu/nanoseconds; give it a CPU profile";
	case PGO_E_NO_START_LINES:
		return "no function in it has a start line; record it with a profiler that writes "
		       "start lines, from a program built by Go 1.20 or later";
	case PGO_E_ALL_ZERO:
		return "no sample has both a value and a stack (Go 1.23 to 1.26 fail the build, "
		       "others ignore it); record while the program is busy";
	case PGO_E_EMPTY:
		return "it holds no samples; record while the program is busy";
	case PGO_E_NO_EDGES:
		return "no sample shows a call; record with callers";
	case PGO_E_NO_NAMES:
		return "no call in it has names at both ends; symbolize it";
	case PGO_E_TOO_LARGE:
		return "it is larger than any real profile";
	case PGO_E_NEGATIVE:
		return "it has negative values, so it is a difference of profiles";
	default:
		return "it is usable";
	}
}

static void print_enough(const struct pgo_quality *q, struct buf *out)
{
	buf_printf(out, "%" PRId64 " samples have seen about %.1f %% of the program's calls",
		   q->taken, q->coverage * 100);
}

void pgo_quality_print(const struct pgo_quality *q, struct buf *out)
{
	switch (q->verdict) {
	case PGO_REFUSED:
		buf_printf(out, "Refused: the Go compiler %s: %s.",
			   pgo_outcome_fails_build(q->outcome)
				   ? "rejects this profile"
				   : "would do nothing with this profile",
			   pgo_outcome_text(q->outcome));
		return;
	case PGO_THIN:
		buf_append_text(out, "Thin: usable, but ");
		print_enough(q, out);
		buf_append_text(out, "; record more.");
		return;
	case PGO_FAIR:
		buf_append_text(out, "Fair: usable; ");
		print_enough(q, out);
		buf_append_text(out, q->enough ? ", but it has flaws." : "; more would help.");
		return;
	case PGO_GOOD:
		buf_append_text(out, "Good: ");
		print_enough(q, out);
		buf_append_text(out, ".");
		return;
	}
}

void pgo_reason_print(const struct pgo_reason *reason, struct buf *out)
{
	double value = reason->value * 100, limit = reason->limit * 100;

	switch (reason->kind) {
	case PGO_REASON_SAMPLES:
		buf_printf(out, "%.0f samples, fewer than %.0f: record longer, or at a higher rate",
			   reason->value, reason->limit);
		return;
	case PGO_REASON_COVERAGE:
		buf_printf(out, "coverage is %.1f %%, below %.0f %%: record longer", value, limit);
		return;
	case PGO_REASON_BROKEN:
		buf_printf(out,
			   "%.1f %% of the samples were lost or truncated, more than %.0f %%: "
			   "record at a lower rate",
			   value, limit);
		return;
	case PGO_REASON_UNSYMBOLIZED:
		buf_printf(out,
			   "%.1f %% of the samples have frames without names, more than %.0f %%: "
			   "those never match",
			   value, limit);
		return;
	case PGO_REASON_START_LINES:
		buf_printf(out,
			   "only %.1f %% of the weight has callers with a start line, not %.0f %%: "
			   "other calls never match",
			   value, limit);
		return;
	case PGO_REASON_GENERICS_CUT:
		buf_printf(out,
			   "%.1f %% of the weight has generic names cut to [...], more than "
			   "%.0f %%: those never match; build with Go 1.21 or later",
			   value, limit);
		return;
	case PGO_REASON_NO_INLINING:
		buf_append_text(out, "no stack shows an inlined call: the profiler did not expand "
				     "them, so the next build may undo what this one gained");
		return;
	case PGO_REASON_TOP_EDGE:
		buf_printf(out, "one call has %.1f %% of the weight: is this the usual load?",
			   value);
		return;
	case PGO_REASON_CALLERLESS:
		buf_printf(out, "%.1f %% of the samples show no call: the compiler ignores them",
			   value);
		return;
	case PGO_REASON_NEGATIVE:
		buf_append_text(out, "there are negative values: this is a difference of two "
				     "profiles, give the compiler a plain one");
		return;
	case PGO_N_REASONS:
		return;
	}
}
