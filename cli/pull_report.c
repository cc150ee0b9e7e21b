/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pull_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/json.h"
#include "cli/say.h"

#define COMMAND "pull"

struct pull_counts pull_count(const struct pull_item *items, size_t n)
{
	struct pull_counts c = { 0 };

	for (size_t i = 0; i < n; i++) {
		c.written += items[i].outcome == PULL_WRITTEN;
		c.unchanged += items[i].outcome == PULL_UNCHANGED;
		c.kept += items[i].outcome == PULL_KEPT;
		c.failed += items[i].outcome == PULL_FAILED;
	}
	return c;
}

/* ---- for people -------------------------------------------------------------------------- */

void pull_complain(const struct pull_options *o, const char *format, ...)
{
	char text[PULL_WHY_SIZE + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say_error(COMMAND, "%s%s", o->fail ? "" : "warning: ", text);
}

/* As seen from where we are. */
static const char *shown(const char *file)
{
	char here[4096];
	size_t n;

	if (!getcwd(here, sizeof(here)))
		return file;
	n = strlen(here);
	return !strncmp(file, here, n) && file[n] == '/' ? file + n + 1 : file;
}

static void describe_change(const struct pull_item *item, char *ret_text, size_t size)
{
	const struct pull_change *c = &item->change;

	if (c->known)
		snprintf(ret_text, size, "%zu hot calls in, %zu out, overlap %.1f %%", c->hot_in,
			 c->hot_out, c->overlap * 100);
	else
		snprintf(ret_text, size, "%s",
			 item->exists ? "in place of what was no profile" : "new");
}

static bool report_good(const struct pull_options *o, const struct pull_item *item)
{
	const struct pgo_quality *q = &item->quality;
	char change[128] = "";

	if (o->quiet)
		return true;
	if (item->outcome == PULL_WRITTEN)
		describe_change(item, change, sizeof(change));
	return say_row("%s: %s%s%s; %s, %" PRId64 " samples, %zu hot calls, coverage %.1f %%",
		       shown(item->file),
		       item->outcome == PULL_UNCHANGED ? "unchanged"
		       : o->dry_run		       ? "would be written"
						       : "written",
		       *change ? ": " : "", change, pgo_verdict_name(q->verdict), q->samples,
		       q->hot_edges, q->coverage * 100);
}

static void report_bad(const struct pull_options *o, const struct pull_item *item)
{
	pull_complain(o, "%.300s: %s; %s %s.", item->name, item->why, shown(item->file),
		      item->exists ? "stays as it is" : "is not there, and not needed to build");
}

bool pull_report(const struct pull_options *o, const struct pull_item *items, size_t n)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		if (items[i].outcome == PULL_WRITTEN || items[i].outcome == PULL_UNCHANGED)
			ok &= report_good(o, &items[i]);
		else
			report_bad(o, &items[i]);
	}
	return ok;
}

/* ---- for machines ------------------------------------------------------------------------ */

static const char *outcome_name(const struct pull_options *o, enum pull_outcome outcome)
{
	switch (outcome) {
	case PULL_WRITTEN:
		return o->dry_run ? "would-write" : "written";
	case PULL_UNCHANGED:
		return "unchanged";
	case PULL_KEPT:
		return "kept";
	default:
		return "failed";
	}
}

static json_t *json_time(uint64_t ns)
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	char text[32];
	struct tm tm;

	if (!ns || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

static void add_quality(json_t *o, const struct pgo_quality *q)
{
	json_object_set_new(o, "verdict", json_string(pgo_verdict_name(q->verdict)));
	json_object_set_new(o, "samples", json_integer(q->samples));
	json_object_set_new(o, "coverage", json_number(q->coverage));
	json_object_set_new(o, "edges", json_integer((json_int_t)q->edges));
	json_object_set_new(o, "hot_edges", json_integer((json_int_t)q->hot_edges));
}

static json_t *json_item(const struct pull_options *options, const struct pull_item *item)
{
	const struct pull_change *c = &item->change;
	json_t *o =
		json_pack("{s:o, s:o, s:s, s:o, s:b}", "name", json_text(item->name), "file",
			  json_text(item->file), "outcome", outcome_name(options, item->outcome),
			  "until", json_time(item->until), "there_before", item->exists);

	if (*item->why)
		json_object_set_new(o, "why", json_text(item->why));
	if (item->judged)
		add_quality(o, &item->quality);
	if (c->known)
		json_object_set_new(o, "change",
				    json_pack("{s:I, s:I, s:I, s:f}", "hot_in",
					      (json_int_t)c->hot_in, "hot_out",
					      (json_int_t)c->hot_out, "hot_both",
					      (json_int_t)c->hot_both, "overlap", c->overlap));
	return o;
}

bool pull_report_json(const struct pull_options *o, const struct pull_item *items, size_t n,
		      const char *error)
{
	json_t *list = json_array(), *root;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_item(o, &items[i]));
	root = json_pack("{s:o}", "profiles", list);
	if (error)
		json_object_set_new(root, "error", json_text(error));
	return json_say(root);
}
