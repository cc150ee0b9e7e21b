/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/json.h"
#include "cli/say.h"

#define COMMAND "record"

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

static const char *end_name(enum record_end end)
{
	switch (end) {
	case RECORD_END_TIME:
		return "time";
	case RECORD_END_READY:
		return "ready";
	case RECORD_END_INTERRUPTED:
		return "interrupted";
	case RECORD_END_PROCESSES:
		return "processes ended";
	}
	return "";
}

static void print_verdict(const struct record_result *result, struct buf *out)
{
	if (result->unjudged)
		buf_append_text(out,
				"not judged: too many distinct stacks for that. The profile is "
				"whole; a shorter recording can be judged.");
	else
		pgo_quality_print(&result->quality, out);
}

/* ---- for people -------------------------------------------------------------------------- */

/* The summary goes where the profile does not. */
static bool row(const struct record_report *report, const char *text)
{
	if (report->output[0] != '-' || report->output[1])
		return say_row("%s", text);
	return say_row_aside("%s", text);
}

static bool row_source(const struct record_report *report)
{
	const struct record_result *result = report->result;
	const struct binary_build *build = binary_build(result->tally->build->binary);
	char text[1024];

	snprintf(text, sizeof(text),
		 "recorded %s for %.1f s at %u Hz: %" PRIu64 " samples, %.1f s of CPU time",
		 report->target, seconds(result->duration), result->frequency,
		 result->notes.samples, (double)result->notes.samples / result->frequency);
	if (!row(report, text))
		return false;
	snprintf(text, sizeof(text), "  program    %s (%.*s, %.*s)", result->tally->build->path,
		 (int)build->main_path.size, (const char *)build->main_path.data,
		 (int)build->go_version.size, (const char *)build->go_version.data);
	return row(report, text);
}

static bool row_profile(const struct record_report *report)
{
	const struct pgo_quality *q = &report->result->quality;
	const struct pgo_notes *notes = &report->result->notes;
	char text[1024];

	snprintf(text, sizeof(text), "  profile    %zu call edges, %zu hot, coverage %.1f %%",
		 q->edges, q->hot_edges, q->coverage * 100);
	if (!report->result->unjudged && !row(report, text))
		return false;
	snprintf(text, sizeof(text),
		 "  losses     lost %" PRIu64 ", truncated %" PRIu64 ", unsymbolized %" PRIu64,
		 notes->lost, notes->truncated, notes->unsymbolized);
	return row(report, text);
}

static bool row_count(const struct record_report *report, uint64_t n, const char *format)
{
	char text[1024];

	if (!n)
		return true;
	snprintf(text, sizeof(text), format, n);
	return row(report, text);
}

/* What there should be none of. */
static bool row_gaps(const struct record_report *report)
{
	struct capture_counters counters;

	capture_counters(report->recorder->capture, &counters);
	return row_count(report, counters.no_stack,
			 "  no stack   %" PRIu64 " samples whose stack could not be read: of these "
			 "only the innermost function is known") &&
	       row_count(report, report->recorder->counters.unnamed,
			 "  unnamed    %" PRIu64 " samples of other programs, which ended before "
			 "it was known what they were") &&
	       row_count(report, report->result->notes.unwatched,
			 "  unwatched  %" PRIu64
			 " processes were too many to be watched at once, and "
			 "are missing; --exe has no such limit") &&
	       row_count(report, report->n_denied,
			 "  denied     %" PRIu64
			 " processes could not be looked at, and may be missing; "
			 "run hone with sudo");
}

static bool row_others(const struct record_report *report)
{
	const struct recorder *r = report->recorder;
	uint64_t others = recorder_samples(r) - report->result->tally->stacks.total;
	char text[1024];
	bool ok = true;

	for (uint32_t i = 0; others && i < r->tallies.n; i++) {
		const struct tally *t = r->tallies.items[i];

		if (t == report->result->tally)
			continue;
		snprintf(text, sizeof(text),
			 "  left out   %s: %" PRIu64 " samples of another program", t->build->path,
			 t->stacks.total);
		ok = ok && row(report, text);
	}
	return ok;
}

static bool row_verdict(const struct record_report *report)
{
	struct buf sentence = BUF_INIT(4096);
	char text[1024];

	print_verdict(report->result, &sentence);
	snprintf(text, sizeof(text), "  verdict    %.*s", (int)sentence.size,
		 (const char *)sentence.data);
	bool ok = row(report, text);
	buf_fini(&sentence);
	if (ok && (report->output[0] != '-' || report->output[1])) {
		snprintf(text, sizeof(text),
			 "wrote %s: put it beside package main as default.pgo, then go build.",
			 report->output);
		ok = row(report, text);
	}
	return ok;
}

/* ---- for machines ------------------------------------------------------------------------ */

static json_t *json_span(struct span s)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", (int)s.size, (const char *)s.data);
	return json_text(text);
}

static void json_program(json_t *o, const struct tally *tally)
{
	const struct binary_build *build = binary_build(tally->build->binary);

	json_object_set_new(o, "pid", json_integer(tally->pid));
	json_object_set_new(o, "exe", json_text(tally->build->path));
	json_object_set_new(o, "main", json_span(build->main_path));
	json_object_set_new(o, "go", json_span(build->go_version));
}

static void json_quality(json_t *o, const struct record_result *result)
{
	const struct pgo_quality *q = &result->quality;
	struct buf sentence = BUF_INIT(4096);

	print_verdict(result, &sentence);
	buf_append_u8(&sentence, 0);
	json_object_set_new(o, "verdict",
			    result->unjudged ? json_null()
					     : json_text(pgo_verdict_name(q->verdict)));
	json_object_set_new(o, "sentence", json_text((const char *)sentence.data));
	buf_fini(&sentence);
	if (result->unjudged)
		return;
	json_object_set_new(o, "edges", json_integer((json_int_t)q->edges));
	json_object_set_new(o, "hot_edges", json_integer((json_int_t)q->hot_edges));
	json_object_set_new(o, "coverage", json_number(q->coverage));
}

/* The most memory that was resident, in KiB. ru_maxrss would count that of whoever started us. */
static json_int_t peak_resident(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	while (file && !kib && fgets(line, sizeof(line), file))
		sscanf(line, "VmHWM: %lu", &kib);
	if (file)
		fclose(file);
	return (json_int_t)kib;
}

/* What the recording itself cost: user and system time of this process so far, and its memory. */
static void json_cost(json_t *o)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return;
	json_object_set_new(
		o, "user_seconds",
		json_number((double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6));
	json_object_set_new(
		o, "system_seconds",
		json_number((double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6));
	json_object_set_new(o, "max_resident_kib", json_integer(peak_resident()));
}

static void json_counts(json_t *o, const struct record_report *report)
{
	const struct recorder *r = report->recorder;
	const struct record_result *result = report->result;
	struct capture_counters counters;

	capture_counters(r->capture, &counters);
	json_object_set_new(o, "samples", json_integer((json_int_t)result->notes.samples));
	json_object_set_new(o, "lost", json_integer((json_int_t)result->notes.lost));
	json_object_set_new(o, "truncated", json_integer((json_int_t)result->notes.truncated));
	json_object_set_new(o, "unsymbolized",
			    json_integer((json_int_t)result->notes.unsymbolized));
	json_object_set_new(o, "not_sampled", json_integer((json_int_t)r->counters.not_sampled));
	json_object_set_new(o, "foreign", json_integer((json_int_t)r->counters.foreign));
	json_object_set_new(o, "unnamed", json_integer((json_int_t)r->counters.unnamed));
	json_object_set_new(o, "no_stack", json_integer((json_int_t)counters.no_stack));
	json_object_set_new(o, "unwatched", json_integer((json_int_t)result->notes.unwatched));
	json_object_set_new(o, "denied", json_integer((json_int_t)report->n_denied));
}

static bool say_json(const struct record_report *report, const char *output, const char *reason)
{
	const struct record_result *result = report->result;
	json_t *o = json_object();

	if (!o)
		return json_say(NULL);
	json_object_set_new(o, "target", json_text(report->target));
	json_object_set_new(o, "output", output ? json_text(output) : json_null());
	json_object_set_new(o, "reason", reason ? json_text(reason) : json_null());
	json_object_set_new(o, "ended", json_text(end_name(report->end)));
	json_object_set_new(o, "duration_seconds", json_number(seconds(result->duration)));
	json_object_set_new(o, "frequency", json_integer(result->frequency));
	if (report->recorder->capture)
		json_counts(o, report);
	if (result->tally) {
		json_program(o, result->tally);
		json_quality(o, result);
	}
	json_cost(o);
	return json_say(o);
}

/* ------------------------------------------------------------------------------------------ */

enum hone_exit record_report_summary(const struct record_report *report)
{
	bool ok = true;

	if (report->json)
		ok = say_json(report, report->output, NULL);
	else if (!report->quiet)
		ok = row_source(report) && row_profile(report) && row_gaps(report) &&
		     row_others(report) && row_verdict(report);
	return ok ? HONE_OK : HONE_ERROR;
}

/* It may have ended, or hone been interrupted, before a sample could be taken. */
static void no_sample_reason(const struct record_report *report, char *text, size_t size)
{
	double time = seconds(report->result->duration);

	if (report->recorder->options.by_file)
		snprintf(text, size,
			 "no sample in %.1f s: no process ran it, or none used CPU time. Record it "
			 "under load, or longer",
			 time);
	else if (report->end == RECORD_END_PROCESSES)
		snprintf(text, size,
			 "it ended within %.1f s, before a sample was taken: it was too short, or "
			 "used no CPU time. Record one that lives longer",
			 time);
	else if (report->end == RECORD_END_INTERRUPTED)
		snprintf(text, size,
			 "interrupted after %.1f s, before a sample was taken. Record it longer, "
			 "under load",
			 time);
	else
		snprintf(
			text, size,
			"no sample in %.1f s: it used no CPU time. Record it under load, or longer",
			time);
}

static void refusal_reason(const struct record_report *report, char *text, size_t size)
{
	const struct recorder *r = report->recorder;
	const struct record_result *result = report->result;
	double time = seconds(result->duration);

	if (result->tally && result->rewritten)
		snprintf(text, size,
			 "its file was overwritten in place while it was recorded, and nothing is "
			 "left to name its functions by. Record it again, and put a new build "
			 "beside the old one, then rename it");
	else if (result->tally && !result->idle)
		snprintf(text, size, "%s", pgo_outcome_text(result->quality.outcome));
	else if (result->tally)
		snprintf(text, size,
			 "only idle: %" PRIu64
			 " samples in %.1f s, all of them in Go's scheduler and "
			 "garbage collector. Record it under load",
			 result->notes.samples, time);
	else if (r->counters.unnamed)
		snprintf(text, size,
			 "its processes ended before their program could be opened (%" PRIu64
			 " samples). Record one that lives longer",
			 r->counters.unnamed);
	else if (r->counters.foreign && !r->options.by_file)
		snprintf(text, size,
			 "what ran was not Go (%" PRIu64
			 " samples). Name a process that runs a Go binary",
			 r->counters.foreign);
	else
		no_sample_reason(report, text, size);
}

enum hone_exit record_report_refusal(const struct record_report *report)
{
	char reason[512];

	refusal_reason(report, reason, sizeof(reason));
	say_error(COMMAND, "no profile of %s: %s.", report->target, reason);
	if (report->json && !say_json(report, NULL, reason))
		return HONE_ERROR;
	return HONE_REFUSED;
}

enum hone_exit record_report_interrupted(const struct record_report *report)
{
	struct record_report interrupted = *report;
	char reason[512];

	interrupted.end = RECORD_END_INTERRUPTED;
	snprintf(reason, sizeof(reason),
		 "interrupted before sampling began: nothing was recorded%s%s%s",
		 report->command ? ", and " : "", report->command ? report->command : "",
		 report->command ? " was not started" : "");
	say_error(COMMAND, "%s.", reason);
	if (report->json && !say_json(&interrupted, NULL, reason))
		return HONE_ERROR;
	return HONE_REFUSED;
}
