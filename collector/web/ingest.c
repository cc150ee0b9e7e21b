/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/ingest.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "collector/web/html.h"
#include "collector/web/page.h"

/* An agent pushes every minute, or every few. */
#define SILENT	   (15 * 60 * (int64_t)NSEC_PER_SEC)
#define MAX_SILENT 100u

static void put_facts(struct buf *to, const struct ingest_page *p)
{
	html(to, "<dl class=\"facts\">\n");
	html_fact(to, "Last profile");
	if (p->extent.profiles)
		html_age(to, p->extent.last, p->now);
	else
		html(to, "none so far");
	html_end_fact(to);
	html_fact(to, "First one kept");
	if (p->extent.profiles)
		html_age(to, p->extent.first, p->now);
	else
		html(to, "none so far");
	html_end_fact(to);
	html_fact(to, "Kept, merged ones as one");
	html_number(to, p->extent.profiles);
	html_end_fact(to);
	html(to, "</dl>\n");
}

/* ---- silent services --------------------------------------------------------------------- */

static void put_silent(struct buf *to, const struct ingest_page *p)
{
	size_t n = 0;

	html(to, "<section aria-labelledby=\"silent\">\n<h2 id=\"silent\">Silent services</h2>\n"
		 "<p class=\"lead\">Nothing came of them for a quarter of an hour: they ended, or "
		 "their agent cannot push.</p>\n<ul>\n");
	for (size_t i = 0; i < p->services->n; i++) {
		const struct service *s = &p->services->list[i];

		if (p->now - s->last <= SILENT || ++n > MAX_SILENT)
			continue;
		html(to, "<li><a href=\"/service/");
		html_path(to, service_key(p->programs, s));
		html(to, "\">");
		html_text(to, service_key(p->programs, s));
		html(to, "</a> <span class=\"quiet\">last one ");
		html_age(to, s->last, p->now);
		html(to, "</span></li>\n");
	}
	html(to, "</ul>\n<p>");
	html_number(to, (int64_t)n);
	html(to, " of ");
	html_number(to, (int64_t)p->services->n);
	html(to, "</p>\n</section>\n");
}

/* ---- since the start --------------------------------------------------------------------- */

static void put_refused(struct buf *to, const struct meter_intake *in)
{
	html(to,
	     "<table class=\"hours\">\n<thead><tr><th scope=\"col\">Refused because</th>"
	     "<th scope=\"col\" class=\"number\">Requests</th><td></td></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < in->n_refused; i++) {
		html(to, "<tr><th scope=\"row\">");
		html_text(to, in->refused[i].reason);
		html(to, "</th>\n<td class=\"number\">");
		html_number(to, (int64_t)in->refused[i].n);
		html(to, "</td><td></td></tr>\n");
	}
	html(to, "</tbody>\n</table>\n");
}

static void put_intake(struct buf *to, const struct meter_intake *in)
{
	html(to, "<section aria-labelledby=\"intake\">\n<h2 id=\"intake\">Since the start</h2>\n"
		 "<dl class=\"facts\">\n");
	html_fact(to, "Profiles stored");
	html_number(to, (int64_t)in->stored);
	html_end_fact(to);
	html_fact(to, "There already");
	html_number(to, (int64_t)in->duplicate);
	html_end_fact(to);
	html(to, "</dl>\n");
	if (in->n_refused)
		put_refused(to, in);
	else
		html(to, "<p>Nothing was refused.</p>\n");
	html(to, "</section>\n");
}

/* ---- hours ------------------------------------------------------------------------------- */

static void put_hour_of_day(struct buf *to, int64_t ns)
{
	time_t seconds = (time_t)(ns / (int64_t)NSEC_PER_SEC);
	char text[16];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%H:%M", &tm))
		html_text(to, text);
}

static void put_hour(struct buf *to, const struct depot_hour *h, int64_t most)
{
	buf_append_text(to, h->profiles ? "<tr>" : "<tr class=\"quiet\">");
	html(to, "<th scope=\"row\">");
	put_hour_of_day(to, h->start);
	html(to, "</th>\n<td class=\"number share\">");
	html_number(to, h->profiles);
	html_bar(to, most ? (double)h->profiles / (double)most : 0);
	html(to, "</td>\n<td class=\"number\">");
	html_number(to, h->instances);
	html(to, "</td>\n<td class=\"number\">");
	html_duration(to, h->cpu);
	html(to, "</td>\n<td class=\"number\">");
	html_bytes(to, h->bytes);
	html(to, "</td></tr>\n");
}

static void put_hours(struct buf *to, const struct ingest_page *p)
{
	int64_t most = 0;

	for (size_t i = 0; i < INGEST_HOURS; i++)
		most = p->hours[i].profiles > most ? p->hours[i].profiles : most;
	html(to, "<section aria-labelledby=\"hours\">\n<h2 id=\"hours\">The last 24 hours</h2>\n"
		 "<p class=\"lead\">By the hour in which a profile began, UTC.</p>\n"
		 "<table class=\"hours\">\n<thead><tr><th scope=\"col\">Hour</th>"
		 "<th scope=\"col\" class=\"number\">Profiles</th>"
		 "<th scope=\"col\" class=\"number\">Instances</th>"
		 "<th scope=\"col\" class=\"number\">CPU time</th>"
		 "<th scope=\"col\" class=\"number\">Kept</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < INGEST_HOURS; i++)
		put_hour(to, &p->hours[i], most);
	html(to, "</tbody>\n</table>\n</section>\n");
}

void ingest_write(struct buf *to, const struct ingest_page *p)
{
	const struct page page = { .title = "Ingest", .tab = PAGE_INGEST };

	page_begin(to, &page);
	html(to, "<h1>Ingest</h1>\n");
	put_facts(to, p);
	put_silent(to, p);
	if (p->intake)
		put_intake(to, p->intake);
	put_hours(to, p);
	page_end(to);
}
