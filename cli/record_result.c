/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_result.h"

#include <errno.h>
#include <string.h>

#include "agent/symbolize/profile.h"
#include "agent/symbolize/symbolize.h"
#include "base/clock.h"

void record_result_fini(struct record_result *result)
{
	result->profile = pprof_free(result->profile);
}

static struct pgo_notes notes_of(const struct tally *tally, const struct recorder *r,
				 const struct symbolize_counts *counts)
{
	struct capture_counters counters;

	capture_counters(r->capture, &counters);
	return (struct pgo_notes){
		.known = true,
		.samples = counts->samples,
		/* Not what was gone too early: it ran something else, mostly not Go at all. */
		.lost = counters.lost + counters.malformed + tally->stacks.refused,
		.truncated = tally->truncated,
		.unsymbolized = counts->unsymbolized,
		.unwatched = counters.unwatched + r->counters.unwatched,
	};
}

/* The scheduler, the garbage collector, what they call: the share of a program that waits. */
static bool is_runtime(const char *name)
{
	return strncmp(name, "runtime.", 8) == 0 || strncmp(name, "runtime/", 8) == 0 ||
	       strncmp(name, "internal/runtime/", 17) == 0;
}

static bool is_idle(const struct pprof_profile *p)
{
	for (size_t i = 0; i < pprof_n_functions(p); i++)
		if (!is_runtime(pprof_function(p, i).name))
			return false;
	return true;
}

bool record_result_is_useful(const struct record_result *result)
{
	return result->profile && !result->rewritten && !result->idle &&
	       (result->unjudged || result->quality.verdict != PGO_REFUSED);
}

int record_result_make(struct record_result *result, const struct recorder *r)
{
	const struct tally *tally = result->tally;
	struct binary *binary = tally->build->binary;
	const struct profile_facts facts = {
		.start = result->start,
		.duration = result->duration,
		.period = NSEC_PER_SEC / result->frequency,
	};
	const struct symbolize_options options = {
		.mapping_file = tally->build->path,
		.period = facts.period,
	};
	struct symbolize_counts counts;
	int e = profile_new(binary, &facts, &result->profile);

	if (e == 0)
		e = symbolize_stacks(binary, &tally->stacks, &options, result->profile, &counts);
	if (e < 0)
		return e;
	result->notes = notes_of(tally, r, &counts);
	/* Asked when all is read. */
	result->rewritten = binary_rewritten(binary);
	result->idle = is_idle(result->profile);
	e = profile_note(result->profile, &result->notes);
	if (e == 0)
		e = pgo_assess(result->profile, &result->quality, NULL);
	result->unjudged = e == PGO_E_TOO_LARGE;
	return e < 0 ? e : 0;
}
