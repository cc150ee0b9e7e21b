/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "collector/web/html.h"
#include "collector/web/service.h"
#include "collector/web/services.h"

/* ---- verdict ----------------------------------------------------------------------------- */

static void put_sentence(struct buf *to, const struct curate_explain *e)
{
	html(to, "<p>");
	html_text(to, e->why);
	html(to, "</p>\n");
	if (!e->good)
		html(to, "<p>It is not given to builds yet, unless they ask for it with "
			 "<code>?any=1</code>.</p>\n");
}

static void put_reasons(struct buf *to, const struct pgo_quality *q)
{
	struct buf text = BUF_INIT(4096);

	if (!q->n_reasons)
		return;
	html(to, "<ul>\n");
	for (size_t i = 0; i < q->n_reasons; i++) {
		text.size = 0;
		pgo_reason_print(&q->reasons[i], &text);
		buf_append_u8(&text, 0);
		if (buf_error(&text))
			break;
		html(to, "<li>");
		html_text(to, (const char *)text.data);
		html(to, "</li>\n");
	}
	html(to, "</ul>\n");
	buf_fini(&text);
}

static void put_command(struct buf *to, const struct curate_explain *e)
{
	const char *key = *e->package ? e->package : e->name;

	html(to, "<p><a href=\"/pgo/");
	html_path(to, key);
	html(to, "?any=1\" download=\"default.pgo\">default.pgo</a> <span class=\"quiet\">");
	html_bytes(to, (int64_t)e->bytes);
	html(to, "</span>, <a href=\"/pgo/");
	html_path(to, key);
	html(to, "?explain=json\">as JSON</a></p>\n");
}

/* ---- facts ------------------------------------------------------------------------------- */

static void put_facts(struct buf *to, const struct curate_explain *e)
{
	html(to, "<dl class=\"facts\">\n");
	html_fact(to, "Coverage");
	html_percent(to, e->quality.coverage);
	html_end_fact(to);
	html_fact(to, "Samples");
	html_number(to, e->quality.samples);
	html_end_fact(to);
	html_fact(to, "Hot calls");
	html_number(to, (int64_t)e->quality.hot_edges);
	html_end_fact(to);
	html_fact(to, "Profiles");
	html_number(to, (int64_t)e->n_profiles);
	html_end_fact(to);
	html_fact(to, "Instances");
	html_number(to, (int64_t)e->n_instances);
	html_end_fact(to);
	html_fact(to, "CPU time");
	html_duration(to, e->cpu);
	html_end_fact(to);
	html(to, "</dl>\n");
}

static void put_published(struct buf *to, const struct curate_explain *e, int64_t now)
{
	if (!e->published.time)
		return;
	html(to, "<p>Published ");
	html_age(to, e->published.time, now);
	if (e->published.held) {
		html(to, " and kept: what would be made now has ");
		html_percent(to, e->published.overlap);
		html(to, " of its hot calls in common, so builds stay as they are");
	} else if (*e->published.previous_etag) {
		html(to, ", in place of one of ");
		html_age(to, e->published.previous_time, now);
		html(to, " with ");
		html_percent(to, e->published.overlap);
		html(to, " of the hot calls in common");
	}
	html(to, ".</p>\n");
}

/* ---- builds ------------------------------------------------------------------------------ */

static const char *fate_text(enum curate_fate fate)
{
	static const char *const texts[] = {
		[CURATE_USED] = "used",
		[CURATE_NOT_NEEDED] = "not needed: newer builds suffice",
		[CURATE_NOT_ASKED] = "not asked for",
		[CURATE_CANARY] = "left out: young, and few instances",
		[CURATE_TOO_MANY] = "left out: too many builds",
		[CURATE_UNUSABLE] = "nothing of it can be used",
	};

	return texts[fate];
}

static void put_build(struct buf *to, const struct curate_build *b, int64_t now)
{
	html(to, "<tr><th scope=\"row\"><code>");
	html_text(to, *b->id ? b->id : "no build id");
	html(to, "</code></th>\n<td data-label=\"First seen\">");
	html_age(to, b->first, now);
	html(to, "</td>\n<td data-label=\"Instances\" class=\"number\">");
	html_number(to, (int64_t)b->instances);
	html(to, "</td>\n<td data-label=\"Profiles\" class=\"number\">");
	html_number(to, (int64_t)b->profiles);
	html(to, "</td>\n<td data-label=\"CPU time used\" class=\"number\">");
	if (b->fate == CURATE_USED)
		html_duration(to, b->cpu);
	html(to, "</td>\n<td data-label=\"Weight\" class=\"number\">");
	if (b->fate == CURATE_USED)
		buf_printf(to, "\u00d7\u202f%.2g", b->factor);
	html(to, "</td>\n<td data-label=\"Fate\">");
	html_text(to, fate_text(b->fate));
	html(to, "</td></tr>\n");
}

static void put_builds(struct buf *to, const struct curate_explain *e, int64_t now)
{
	size_t named = e->n_builds < CURATE_MAX_BUILDS ? e->n_builds : CURATE_MAX_BUILDS;

	if (!named)
		return;
	html(to, "<h3>Made of these builds</h3>\n<table class=\"wide\">\n<thead><tr>"
		 "<th scope=\"col\">Build</th><th scope=\"col\">First seen</th>"
		 "<th scope=\"col\" class=\"number\">Instances</th>"
		 "<th scope=\"col\" class=\"number\">Profiles</th>"
		 "<th scope=\"col\" class=\"number\">CPU time used</th>"
		 "<th scope=\"col\" class=\"number\">Weight</th>"
		 "<th scope=\"col\">Fate</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < named; i++)
		put_build(to, &e->builds[i], now);
	html(to, "</tbody>\n</table>\n");
	if (e->n_builds > named) {
		html(to, "<p>And ");
		html_number(to, (int64_t)(e->n_builds - named));
		html(to, " older builds.</p>\n");
	}
}

/* ---- what was left out ------------------------------------------------------------------- */

static void put_left(struct buf *to, size_t n, const char *why)
{
	if (!n)
		return;
	html(to, "<li>");
	html_number(to, (int64_t)n);
	html(to, " ");
	html_text(to, why);
	html(to, "</li>\n");
}

static void put_left_out(struct buf *to, const struct curate_explain *e)
{
	const struct curate_left_out *l = &e->left_out;

	if (!(l->labels | l->modes | l->canary_label | l->builds | l->too_many | l->unreadable |
	      l->negative | l->overflow))
		return;
	html(to, "<h3>Profiles left out</h3>\n<ul>\n");
	put_left(to, l->builds, "of builds that are not used");
	put_left(to, l->labels, "with other labels than asked for");
	put_left(to, l->modes, "of another mode");
	put_left(to, l->canary_label, "marked as a canary");
	put_left(to, l->too_many, "over the number that is looked at");
	put_left(to, l->unreadable, "broken or too large");
	put_left(to, l->negative, "with negative values");
	put_left(to, l->overflow, "over the CPU time that can be added up");
	html(to, "</ul>\n");
}

/* ---- hot edges --------------------------------------------------------------------------- */

static void put_edge(struct buf *to, const struct curate_edge *e, double most)
{
	html(to, "<tr><td class=\"number share\" data-label=\"Share\">");
	html_percent(to, e->share);
	html_bar(to, most > 0 ? e->share / most : 0);
	html(to, "</td>\n<td data-label=\"Caller\"><code>");
	html_text(to, e->caller);
	html(to, "</code></td>\n<td data-label=\"Line\" class=\"number\">+");
	html_number(to, e->offset);
	html(to, "</td>\n<td data-label=\"Callee\"><code>");
	html_text(to, e->callee);
	html(to, "</code></td></tr>\n");
}

static void put_edges(struct buf *to, const struct curate_explain *e)
{
	if (!e->n_edges)
		return;
	html(to, "<h3>Hot calls</h3>\n<p class=\"lead\">The calls that the compiler will look at "
		 "first. A line counts from the first of the caller.</p>\n"
		 "<table class=\"wide edges\">\n<thead><tr>"
		 "<th scope=\"col\" class=\"number\">Share</th><th scope=\"col\">Caller</th>"
		 "<th scope=\"col\" class=\"number\">Line</th><th scope=\"col\">Callee</th>"
		 "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < e->n_edges; i++)
		put_edge(to, &e->edges[i], e->edges[0].share);
	html(to, "</tbody>\n</table>\n");
	if (e->cold_functions) {
		html(to, "<p>Taken out: calls of ");
		html_number(to, (int64_t)e->cold_functions);
		buf_append_text(to, e->cold_functions > 1 ? " functions" : " function");
		html(to, " on the cold list, ");
		html_percent(to, e->cold_share);
		html(to, " of all.</p>\n");
	}
}

static void put_policy(struct buf *to, const struct curate_policy *p)
{
	struct buf text = BUF_INIT(4096);

	curate_policy_print(p, &text);
	buf_append_u8(&text, 0);
	if (!buf_error(&text)) {
		html(to, "<details><summary>Policy</summary><p><code>");
		html_text(to, (const char *)text.data);
		html(to, "</code></p></details>\n");
	}
	buf_fini(&text);
}

/* page.js has it made, and then asks for the page again. */
static void put_waiting(struct buf *to, const struct service_page *p)
{
	html(to, "<p data-make=\"/verdict/");
	html_path(to, p->name);
	html(to, "\">It is made of many profiles, and that takes a while. <a href=\"/service/");
	html_path(to, p->name);
	html(to, "?wait=1\">Wait for it</a></p>\n");
}

void service_put_explain(struct buf *to, const struct service_page *p)
{
	const struct curate_explain *e = p->explain;

	html(to, "<section aria-labelledby=\"next\">\n<h2 id=\"next\">The next default.pgo");
	if (e) {
		html(to, " ");
		service_put_verdict(to, e->quality.verdict);
	}
	html(to, "</h2>\n");
	if (p->waits) {
		put_waiting(to, p);
		html(to, "</section>\n");
		return;
	}
	if (!e) {
		html(to, "<p>");
		html_text(to, p->trouble);
		html(to, "</p>\n</section>\n");
		return;
	}
	put_sentence(to, e);
	if (e->quality.verdict != PGO_REFUSED)
		put_facts(to, e);
	put_reasons(to, &e->quality);
	put_published(to, e, p->now);
	if (e->bytes)
		put_command(to, e);
	put_edges(to, e);
	put_builds(to, e, p->now);
	put_left_out(to, e);
	put_policy(to, &e->policy);
	html(to, "</section>\n");
}
