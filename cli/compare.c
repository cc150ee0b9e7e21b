/* SPDX-License-Identifier: Apache-2.0 */
/* hone compare: how much two profiles agree, as the Go compiler sees them. */
#include "pgo/compare.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/load.h"
#include "cli/number.h"
#include "cli/say.h"
#include "pgo/hotset.h"
#include "pgo/quality.h"

#define COMMAND	    "compare"
#define DEFAULT_TOP 10

static const char help[] =
	"Usage: hone compare [OPTIONS] A B\n"
	"\n"
	"Tells how much two profiles of one program agree in what the Go compiler sees of them: "
	"the\n"
	"weights of call edges. B is the reference. - is standard input.\n"
	"\n"
	"  overlap  sum of the smaller of both shares, over all edges\n"
	"  ceiling  the overlap that sampling noise alone allows\n"
	"  ratio    overlap / ceiling; 1 is as good as a second profile of the same run\n"
	"  form     the same for callers given the callee: what unwinding and naming decide\n"
	"\n"
	"The ceiling comes from dealing the samples of the larger profile at random. It is best\n"
	"when that one has 3 to 5 times the other's samples.\n"
	"\n"
	"  --seed N  of the random numbers (default 1): same seed, same result\n"
	"  --top N   list the N edges that differ most, in each direction (default 10)\n"
	"  --json    print JSON\n"
	"  --help    this text\n"
	"\n"
	"Exit status: 0 compared, 3 a profile has no edges to compare, 1 error, 2 wrong usage.\n";

struct side {
	const char *path;
	struct pgo_edges *edges;
};

struct command {
	struct side a, b;
	struct pgo_compare_options options;
	uint64_t top;
	bool json;
	struct pgo_comparison result;
};

static void command_fini(struct command *c)
{
	pgo_edges_free(c->a.edges);
	pgo_edges_free(c->b.edges);
	pgo_comparison_fini(&c->result);
}

/* ---- for people -------------------------------------------------------------------------- */

static bool say_side(const char *name, const struct side *s)
{
	return say_row("%s  %s: %" PRId64 " samples, %zu call edges (%zu hot)", name, s->path,
		       s->edges->samples, s->edges->n_edges, pgo_hot_edges(s->edges));
}

static bool say_agreement(const char *name, const struct pgo_agreement *a)
{
	return say_row("  %-6s %9.4f %9.4f %9.4f", name, a->overlap, a->ceiling, a->ratio);
}

static bool say_method(const struct command *c)
{
	const struct pgo_comparison *r = &c->result;

	if (r->pooled)
		return say_row("  Ceiling: neither has twice the other's samples, so those of both "
			       "were pooled and dealt anew (mean of %u, seed %" PRIu64 "): "
			       "read the ratio with care.",
			       r->splits, c->options.seed);
	return say_row("  Ceiling: the larger profile's samples, dealt into as many as the smaller "
		       "has and the rest (mean of %u, seed %" PRIu64 ").",
		       r->splits, c->options.seed);
}

/* The edges heavier in A (@sign 1) or in B (−1). */
static bool say_differences(const struct command *c, const char *title, int sign)
{
	const struct pgo_comparison *r = &c->result;
	uint64_t listed = 0;
	bool ok = true;

	for (size_t i = 0; i < r->n_differences && listed < c->top; i++) {
		const struct pgo_difference *d = &r->differences[i];

		if ((d->a - d->b) * sign <= 0)
			continue;
		if (listed++ == 0)
			ok &= say("\n%s\n        A         B  call\n", title);
		ok &= say_row("%7.3f %% %7.3f %%  %s:%+" PRId64 " -> %s", d->a * 100, d->b * 100,
			      pgo_names_text(&r->names, d->caller), d->offset,
			      pgo_names_text(&r->names, d->callee));
	}
	return ok;
}

static bool say_comparison(const struct command *c)
{
	const struct pgo_comparison *r = &c->result;
	bool ok = say_side("A", &c->a) && say_side("B", &c->b);

	ok &= say("\n           overlap   ceiling     ratio\n");
	ok &= say_agreement("edges", &r->edges) && say_agreement("form", &r->form);
	ok &= say("\n") && say_method(c);
	ok &= say_row("  Weight on edges the other has not: %.2f %% of A, %.2f %% of B. "
		      "Hot in both: %zu.",
		      r->only_a * 100, r->only_b * 100, r->hot_both);
	return ok && say_differences(c, "Heavier in A:", 1) &&
	       say_differences(c, "Heavier in B:", -1);
}

/* ---- for machines ------------------------------------------------------------------------ */

static json_t *json_side(const struct side *s, double only, size_t hot)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:f}", "file", json_text(s->path), "samples",
			 (json_int_t)s->edges->samples, "weight", (json_int_t)s->edges->total,
			 "edges", (json_int_t)s->edges->n_edges, "hot_edges", (json_int_t)hot,
			 "only_here", only);
}

static json_t *json_agreement(const struct pgo_agreement *a)
{
	return json_pack("{s:f, s:f, s:o}", "overlap", a->overlap, "ceiling", a->ceiling, "ratio",
			 json_number(a->ratio));
}

static json_t *json_differences(const struct command *c, int sign)
{
	const struct pgo_comparison *r = &c->result;
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_differences && json_array_size(list) < c->top; i++) {
		const struct pgo_difference *d = &r->differences[i];

		if ((d->a - d->b) * sign <= 0)
			continue;
		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:o, s:f, s:f}", "caller",
						json_text(pgo_names_text(&r->names, d->caller)),
						"offset", (json_int_t)d->offset, "callee",
						json_text(pgo_names_text(&r->names, d->callee)),
						"a", d->a, "b", d->b));
	}
	return list;
}

static bool json_comparison(const struct command *c)
{
	const struct pgo_comparison *r = &c->result;
	json_t *o = json_object();

	json_object_set_new(o, "a", json_side(&c->a, r->only_a, r->hot_a));
	json_object_set_new(o, "b", json_side(&c->b, r->only_b, r->hot_b));
	json_object_set_new(o, "edges", json_agreement(&r->edges));
	json_object_set_new(o, "form", json_agreement(&r->form));
	json_object_set_new(o, "ratio", json_number(r->edges.ratio));
	json_object_set_new(o, "form_ratio", json_number(r->form.ratio));
	json_object_set_new(o, "ceiling", json_string(r->pooled ? "pooled" : "split"));
	json_object_set_new(o, "splits", json_integer(r->splits));
	json_object_set_new(o, "seed", json_integer((json_int_t)c->options.seed));
	json_object_set_new(o, "hot_both", json_integer((json_int_t)r->hot_both));
	json_object_set_new(o, "heavier_in_a", json_differences(c, 1));
	json_object_set_new(o, "heavier_in_b", json_differences(c, -1));
	return json_say(o);
}

/* ---- the command ------------------------------------------------------------------------- */

/* -1 to go on, or an exit code. */
static int parse(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			if (!parse_count(optarg, &c->options.seed))
				return say_usage(COMMAND, "--seed takes a number, not \"%s\".",
						 optarg);
			break;
		case 't':
			if (!parse_count(optarg, &c->top))
				return say_usage(COMMAND, "--top takes a number, not \"%s\".",
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
	if (argc - optind != 2)
		return say_usage(COMMAND, "it takes two profiles, not %d.", argc - optind);
	c->a.path = argv[optind];
	c->b.path = argv[optind + 1];
	if (strcmp(c->a.path, "-") == 0 && strcmp(c->b.path, "-") == 0)
		return say_usage(COMMAND, "only one of the profiles can be standard input.");
	return -1;
}

/* HONE_OK or an exit code. */
static int load_side(struct side *s)
{
	_cleanup_(load_profile_freep) struct pprof_profile *profile = NULL;
	const char *reason = NULL;
	int r = load_profile(COMMAND, s->path, &profile, &reason);

	if (r < 0)
		return HONE_ERROR;
	if (r > 0) {
		say_error(COMMAND, "cannot compare %s: %s.", s->path, reason);
		return HONE_REFUSED;
	}
	r = pgo_edges_new(profile, &s->edges);
	if (r == 0)
		return HONE_OK;
	say_error(COMMAND, "cannot compare %s: %s.", s->path,
		  r < 0 ? strerror(-r) : pgo_outcome_text(r));
	return r < 0 ? HONE_ERROR : HONE_REFUSED;
}

int cmd_compare(int argc, char **argv)
{
	_cleanup_(command_fini) struct command c = {
		.options = { .seed = 1 },
		.top = DEFAULT_TOP,
		.result = { .names = PGO_NAMES_NULL },
	};
	int r = parse(&c, argc, argv);

	if (r >= 0)
		return r;
	r = load_side(&c.a);
	if (r == HONE_OK)
		r = load_side(&c.b);
	if (r != HONE_OK)
		return r;
	r = pgo_compare(c.a.edges, c.b.edges, &c.options, &c.result);
	if (r) {
		say_error(COMMAND, "cannot compare %s and %s: %s.", c.a.path, c.b.path,
			  r < 0 ? strerror(-r) : pgo_outcome_text(r));
		return r < 0 ? HONE_ERROR : HONE_REFUSED;
	}
	return (c.json ? json_comparison : say_comparison)(&c) ? HONE_OK : HONE_ERROR;
}
