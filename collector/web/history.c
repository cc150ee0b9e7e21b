/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/web/html.h"
#include "collector/web/services.h"

#define ETAG_HEAD 8

/* ---- filling in -------------------------------------------------------------------------- */

static void take(struct history_edition *to, const struct curate_explain *e)
{
	to->told = true;
	to->verdict = e->quality.verdict;
	to->coverage = e->quality.coverage;
	to->samples = e->quality.samples;
	to->bytes = e->bytes;
	to->overlap = e->published.overlap;
	for (size_t i = 0; i < e->n_builds && i < CURATE_MAX_BUILDS; i++) {
		if (e->builds[i].fate != CURATE_USED)
			continue;
		if (!to->n_builds++)
			snprintf(to->build, sizeof(to->build), "%s", e->builds[i].id);
	}
}

int history_add_edition(struct history *h, const struct depot_edition *e)
{
	_cleanup_(freep) struct curate_explain *explain = calloc(1, sizeof(*explain));

	if (!explain)
		return -ENOMEM;
	if (h->n_editions == DEPOT_MAX_EDITIONS) {
		h->more_editions++;
		return 0;
	}
	struct history_edition *to = &h->editions[h->n_editions++];
	*to = (struct history_edition){ .time = e->time };
	snprintf(to->etag, sizeof(to->etag), "%s", e->etag);
	int r = curate_explain_read(span_of(e->note.data, e->note.size), explain);
	if (r == 0)
		take(to, explain);
	return r < 0 ? r : 0;
}

void history_add_tag(struct history *h, const struct depot_pin *pin)
{
	if (h->n_tags < HISTORY_MAX_TAGS)
		h->tags[h->n_tags++] = *pin;
	else
		h->more_tags++;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* The head of it, without quotes; all of it as the title. */
static void put_etag(struct buf *to, const char *etag)
{
	char head[ETAG_HEAD + 1];

	snprintf(head, sizeof(head), "%s", etag[0] == '"' ? etag + 1 : etag);
	html(to, "<code title=\"");
	html_text(to, etag);
	html(to, "\">");
	html_text(to, head);
	html(to, "</code>");
}

static void put_tags_of(struct buf *to, const struct history *h, const char *etag)
{
	for (size_t i = 0; i < h->n_tags; i++) {
		if (strcmp(h->tags[i].etag, etag) != 0)
			continue;
		html(to, " <span class=\"badge tag\">");
		html_text(to, h->tags[i].tag);
		html(to, "</span>");
	}
}

static void put_quality(struct buf *to, const struct history_edition *e)
{
	html(to, "</td>\n<td data-label=\"Verdict\">");
	if (e->told)
		service_put_verdict(to, e->verdict);
	html(to, "</td>\n<td data-label=\"Coverage\" class=\"number\">");
	if (e->told)
		html_percent(to, e->coverage);
	html(to, "</td>\n<td data-label=\"Samples\" class=\"number\">");
	if (e->told)
		html_number(to, e->samples);
	html(to, "</td>\n<td data-label=\"Hot calls kept\" class=\"number\">");
	if (e->overlap > 0)
		html_percent(to, e->overlap);
	html(to, "</td>\n<td data-label=\"Builds\">");
	if (e->n_builds) {
		html(to, "<code>");
		html_text(to, *e->build ? e->build : "no build id");
		html(to, "</code>");
	}
	if (e->n_builds > 1) {
		html(to, " and ");
		html_number(to, (int64_t)e->n_builds - 1);
		html(to, " older");
	}
	html(to, "</td></tr>\n");
}

static void put_editions(struct buf *to, const struct history *h, int64_t now)
{
	html(to, "<table class=\"wide\">\n<thead><tr><th scope=\"col\">Published</th>"
		 "<th scope=\"col\">ETag, tags</th><th scope=\"col\">Verdict</th>"
		 "<th scope=\"col\" class=\"number\">Coverage</th>"
		 "<th scope=\"col\" class=\"number\">Samples</th>"
		 "<th scope=\"col\" class=\"number\">Hot calls kept</th>"
		 "<th scope=\"col\">Builds</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < h->n_editions; i++) {
		html(to, "<tr><th scope=\"row\">");
		html_age(to, h->editions[i].time, now);
		html(to, "</th>\n<td data-label=\"ETag, tags\">");
		put_etag(to, h->editions[i].etag);
		put_tags_of(to, h, h->editions[i].etag);
		put_quality(to, &h->editions[i]);
	}
	html(to, "</tbody>\n</table>\n");
	if (h->more_editions) {
		html(to, "<p>And ");
		html_number(to, (int64_t)h->more_editions);
		html(to, " older ones that tags hold.</p>\n");
	}
}

static void put_tags(struct buf *to, const struct history *h, const char *key, int64_t now)
{
	html(to, "<h3>Tags</h3>\n<ul>\n");
	for (size_t i = 0; i < h->n_tags; i++) {
		const struct depot_pin *pin = &h->tags[i];

		html(to, "<li><a href=\"/pgo/");
		html_path(to, key);
		html(to, "/tags/");
		html_argument(to, pin->tag);
		html(to, "\" download=\"default.pgo\">");
		html_text(to, pin->tag);
		html(to, "</a> holds ");
		put_etag(to, pin->etag);
		html(to, " <span class=\"quiet\">published ");
		html_age(to, pin->published, now);
		html(to, ", pinned ");
		html_age(to, pin->time, now);
		html(to, "</span></li>\n");
	}
	html(to, "</ul>\n");
	if (h->more_tags) {
		html(to, "<p>And ");
		html_number(to, (int64_t)h->more_tags);
		html(to, " more tags.</p>\n");
	}
}

void history_write(struct buf *to, const struct history *h, const char *key, int64_t now)
{
	html(to,
	     "<section aria-labelledby=\"history\">\n<h2 id=\"history\">Given to builds</h2>\n");
	if (h->n_editions) {
		html(to, "<p class=\"lead\">Builds get the first of these until what is hot "
			 "changes. A tag keeps one for longer.</p>\n");
		put_editions(to, h, now);
	} else {
		/* To be copied into a shell, where it must be no more than an address. */
		html(to, "<p>No build asked so far: <code>curl -f http://\u2026/pgo/");
		html_path(to, key);
		html(to, " -o default.pgo</code>, or <code>hone pull</code>.</p>\n");
	}
	if (h->n_tags)
		put_tags(to, h, key, now);
	html(to, "</section>\n");
}
