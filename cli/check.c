/* SPDX-License-Identifier: Apache-2.0 */
/* hone check: what the Go compiler will see in a profile. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/load.h"
#include "cli/number.h"
#include "cli/say.h"
#include "pgo/hotset.h"
#include "pgo/quality.h"

#define COMMAND "check"

static const char help[] =
	"Usage: hone check [OPTIONS] FILE\n"
	"\n"
	"Tells what the Go compiler will see in a pprof profile, and whether it is good enough to\n"
	"build with. FILE is gzip or plain; - is standard input.\n"
	"\n"
	"  --edges N  list the N heaviest call edges as well\n"
	"  --json     print JSON\n"
	"  --help     this text\n"
	"\n"
	"Verdicts: refused (go build would fail, or do nothing with it), thin (fewer than 1000\n"
	"samples or 75 % coverage), fair, good (96 % coverage, or 20000 samples and 94 %).\n"
	"Exit status: 0 usable, 3 refused, 1 error, 2 wrong usage.\n";

struct check {
	const char *path;
	bool json;
	uint64_t list; /* edges to list */
	struct pprof_profile *profile;
	struct pgo_edges *edges;
	struct pgo_quality quality;
	const char *malformed; /* why, or NULL */
};

static void check_fini(struct check *c)
{
	pprof_free(c->profile);
	pgo_edges_free(c->edges);
}

/* ---- for people -------------------------------------------------------------------------- */

static const char *sample_type_name(const struct check *c, char *text, size_t size)
{
	struct pprof_value_type type;
	size_t number;

	if (!c->profile || pgo_sample_type(c->profile, &number) != 0)
		return NULL;
	type = pprof_sample_type(c->profile, number);
	snprintf(text, size, "%s/%s", type.type, type.unit);
	return text;
}

static bool say_share(const char *what, double value, const char *of)
{
	return say_row("  %-14s %5.1f %% of the %s", what, value * 100, of);
}

static bool say_measures(const struct check *c)
{
	const struct pgo_quality *q = &c->quality;
	char type[64];
	bool ok = true;

	ok &= say_row("  %-14s %s", "sample type", sample_type_name(c, type, sizeof(type)));
	ok &= say_row("  %-14s %" PRId64, "samples", q->samples);
	ok &= say_row("  %-14s %zu, of which %zu are hot (the first 99 %% of the weight)",
		      "call edges", q->edges, q->hot_edges);
	ok &= say_row("  %-14s %5.1f %% (Good-Turing estimate)", "coverage", q->coverage * 100);
	ok &= say_share("start lines", q->start_lines, "weight");
	ok &= say_share("heaviest edge", q->top_edge, "weight");
	ok &= say_share("inlined calls", q->inlined, "samples");
	ok &= say_share("no call", q->callerless, "samples");
	ok &= say_share("unsymbolized", q->unsymbolized, "samples");
	if (q->notes_known) {
		ok &= say_share("truncated", q->truncated, "samples");
		ok &= say_share("lost", q->lost, "samples taken");
	} else {
		ok &= say_row("  %-14s not told by the profile", "truncated");
		ok &= say_row("  %-14s not told by the profile", "lost");
	}
	return ok;
}

static bool say_reasons(const struct check *c)
{
	bool ok = true;

	if (c->quality.n_reasons)
		ok &= say("\n");
	for (size_t i = 0; i < c->quality.n_reasons; i++) {
		_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

		pgo_reason_print(&c->quality.reasons[i], &text);
		ok &= say_row("  - %.*s.", (int)text.size, (const char *)text.data);
	}
	return ok;
}

static bool say_edges(const struct check *c)
{
	const struct pgo_edges *edges = c->edges;
	bool ok = true;

	if (!edges || !c->list)
		return true;
	ok &= say("\n  share     weight  hot  call\n");
	for (size_t i = 0; i < c->list && i < edges->n_edges; i++) {
		const struct pgo_edge *e = &edges->edges[i];

		ok &= say_row("%5.2f %% %10" PRId64 "  %-3s  %s:%+" PRId64 " -> %s",
			      100. * e->weight / edges->total, e->weight,
			      i < c->quality.hot_edges ? "yes" : "",
			      pgo_names_text(&edges->names, e->caller), e->offset,
			      pgo_names_text(&edges->names, e->callee));
	}
	return ok;
}

static bool say_check(const struct check *c, const char *sentence)
{
	bool ok = say_row("%s", sentence);

	if (c->malformed)
		ok &= say_row("  - %s.", c->malformed);
	if (c->quality.verdict == PGO_REFUSED)
		return ok;
	ok &= say("\n") && say_measures(c) && say_reasons(c);
	return ok && say_edges(c);
}

/* ---- for machines ------------------------------------------------------------------------ */

static json_t *json_reasons(const struct check *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->quality.n_reasons; i++) {
		const struct pgo_reason *reason = &c->quality.reasons[i];
		_cleanup_(buf_fini) struct buf text = BUF_INIT(4096);

		pgo_reason_print(reason, &text);
		buf_append_u8(&text, 0);
		json_array_append_new(list, json_pack("{s:s, s:o, s:f, s:f}", "reason",
						      pgo_reason_name(reason->kind), "text",
						      json_text((const char *)text.data), "value",
						      reason->value, "limit", reason->limit));
	}
	return list;
}

static json_t *json_edges(const struct check *c)
{
	const struct pgo_edges *edges = c->edges;
	json_t *list = json_array();

	for (size_t i = 0; edges && i < c->list && i < edges->n_edges; i++) {
		const struct pgo_edge *e = &edges->edges[i];

		json_array_append_new(
			list, json_pack("{s:o, s:I, s:o, s:I, s:I, s:b}", "caller",
					json_text(pgo_names_text(&edges->names, e->caller)),
					"offset", (json_int_t)e->offset, "callee",
					json_text(pgo_names_text(&edges->names, e->callee)),
					"weight", (json_int_t)e->weight, "samples",
					(json_int_t)e->count, "hot", i < c->quality.hot_edges));
	}
	return list;
}

static bool json_check(const struct check *c, const char *sentence)
{
	const struct pgo_quality *q = &c->quality;
	bool known = q->notes_known;
	char type[64];
	json_t *o = json_pack("{s:o, s:s, s:s, s:b, s:b, s:s?}", "file", json_text(c->path),
			      "verdict", pgo_verdict_name(q->verdict), "sentence", sentence,
			      "accepted", !pgo_outcome_fails_build(q->outcome), "enough", q->enough,
			      "sample_type", sample_type_name(c, type, sizeof(type)));

	if (!o)
		return false;
	json_object_set_new(o, "samples", json_integer(q->samples));
	json_object_set_new(o, "edges", json_integer(q->edges));
	json_object_set_new(o, "hot_edges", json_integer(q->hot_edges));
	json_object_set_new(o, "weight", json_integer(q->weight));
	json_object_set_new(o, "coverage", json_number(q->coverage));
	json_object_set_new(o, "start_lines", json_number(q->start_lines));
	json_object_set_new(o, "top_edge", json_number(q->top_edge));
	json_object_set_new(o, "inlined", json_number(q->inlined));
	json_object_set_new(o, "callerless", json_number(q->callerless));
	json_object_set_new(o, "unsymbolized", json_number(q->unsymbolized));
	json_object_set_new(o, "truncated", known ? json_number(q->truncated) : json_null());
	json_object_set_new(o, "lost", known ? json_number(q->lost) : json_null());
	json_object_set_new(o, "reasons", json_reasons(c));
	if (c->malformed)
		json_object_set_new(o, "malformed", json_text(c->malformed));
	if (c->list)
		json_object_set_new(o, "call_edges", json_edges(c));
	return json_say(o);
}

/* ---- the command ------------------------------------------------------------------------- */

/* -1 to go on, or an exit code. */
static int parse(struct check *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "edges", required_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'e':
			if (!parse_count(optarg, &c->list))
				return say_usage(COMMAND, "--edges takes a number, not \"%s\".",
						 optarg);
			break;
		case 'j':
			c->json = true;
			break;
		case 'h':
			return say("%s", help) ? HONE_OK : HONE_ERROR;
		default:
			return say_option(COMMAND, option, argv);
		}
	}
	if (argc - optind != 1)
		return say_usage(COMMAND, "it takes one profile, not %d.", argc - optind);
	c->path = argv[optind];
	return -1;
}

static int assess(struct check *c)
{
	int r = load_profile(COMMAND, c->path, &c->profile, &c->malformed);

	if (r < 0)
		return r;
	if (r > 0) {
		c->quality = (struct pgo_quality){ .outcome = PGO_E_MALFORMED };
		return 0;
	}
	r = pgo_assess(c->profile, &c->quality, &c->edges);
	if (r > 0)
		say_error(COMMAND, "cannot judge %s: %s.", c->path, pgo_outcome_text(r));
	else if (r < 0)
		say_error(COMMAND, "cannot judge %s: %s.", c->path, strerror(-r));
	return r;
}

int cmd_check(int argc, char **argv)
{
	_cleanup_(check_fini) struct check c = { 0 };
	_cleanup_(buf_fini) struct buf sentence = BUF_INIT(4096);
	int code = parse(&c, argc, argv);

	if (code >= 0)
		return code;
	if (assess(&c) != 0)
		return HONE_ERROR;
	pgo_quality_print(&c.quality, &sentence);
	buf_append_u8(&sentence, 0);
	if (buf_error(&sentence) ||
	    !(c.json ? json_check : say_check)(&c, (const char *)sentence.data))
		return HONE_ERROR;
	return c.quality.verdict == PGO_REFUSED ? HONE_REFUSED : HONE_OK;
}
