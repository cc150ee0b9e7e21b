/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/service.h"

#include <string.h>

#include "collector/web/html.h"
#include "collector/web/page.h"
#include "collector/web/services.h"

/* ---- head -------------------------------------------------------------------------------- */

static void put_facts(struct buf *to, const struct service_page *p)
{
	int64_t last = INT64_MIN, cpu = 0, instances = 0, profiles = 0;

	for (size_t i = 0; i < p->programs->n; i++) {
		const struct depot_program *one = &p->programs->rows[i];

		last = one->last > last ? one->last : last;
		cpu = services_add(cpu, one->cpu);
		instances += one->instances;
		profiles += one->profiles;
	}
	html(to, "<dl class=\"facts\">\n");
	html_fact(to, "Last profile");
	html_age(to, last, p->now);
	html_end_fact(to);
	html_fact(to, "Profiles");
	html_number(to, profiles);
	html_end_fact(to);
	html_fact(to, "Instances");
	html_number(to, instances);
	html_end_fact(to);
	html_fact(to, "CPU time");
	html_duration(to, cpu);
	html_end_fact(to);
	html(to, "</dl>\n");
}

/* What else it is called: of a service its main packages, of a main package its services. */
static void put_others(struct buf *to, const struct service_page *p)
{
	const char *before = "";

	for (size_t i = 0; i < p->programs->n; i++) {
		const struct depot_program *one = &p->programs->rows[i];
		const char *other = depot_programs_text(p->programs, one->package);

		if (!strcmp(other, p->name))
			other = depot_programs_text(p->programs, one->service);
		if (!*other || !strcmp(other, before) || !strcmp(other, p->name))
			continue;
		buf_append_text(to, *before ? ", " : "<p class=\"lead\">");
		html(to, "<a href=\"/service/");
		html_path(to, other);
		html(to, "\">");
		html_text(to, other);
		html(to, "</a>");
		before = other;
	}
	if (*before)
		html(to, "</p>\n");
}

/* ---- builds ------------------------------------------------------------------------------ */

static void put_link(struct buf *to, const struct service_page *p, const char *build,
		     const char *other)
{
	html(to, "<a href=\"/service/");
	html_path(to, p->name);
	/* As long as the list is: the build may not be among those that run now. */
	html(to, "?window=7d&amp;build=");
	html_argument(to, build);
	if (other) {
		html(to, "&amp;build2=");
		html_argument(to, other);
		html(to, "&amp;compare=1");
	}
	html(to, "#graph\">");
}

static void put_build_links(struct buf *to, const struct service_page *p, size_t number)
{
	const struct depot_programs *l = p->programs;
	const char *build = depot_programs_text(l, l->rows[number].build);

	if (!*build)
		return;
	put_link(to, p, build, NULL);
	html(to, "flame graph</a>");
	if (number + 1 < l->n && *depot_programs_text(l, l->rows[number + 1].build)) {
		html(to, ", ");
		put_link(to, p, build, depot_programs_text(l, l->rows[number + 1].build));
		html(to, "against the next</a>");
	}
}

static void put_build(struct buf *to, const struct service_page *p, size_t number, int64_t all)
{
	const struct depot_program *one = &p->programs->rows[number];
	double share = all > 0 ? (double)one->cpu / (double)all : 0;

	html(to, "<tr><th scope=\"row\">");
	service_put_build(to, p->programs, one);
	html(to, "</th>\n<td data-label=\"Built with\">");
	html_text(to, depot_programs_text(p->programs, one->go));
	html(to, " ");
	service_put_pgo(to, p->programs, one);
	html(to, "</td>\n<td data-label=\"First seen\">");
	html_age(to, one->first, p->now);
	html(to, "</td>\n<td data-label=\"Last seen\">");
	html_age(to, one->last, p->now);
	html(to, "</td>\n<td data-label=\"Instances\" class=\"number\">");
	html_number(to, one->instances);
	html(to, "</td>\n<td data-label=\"Share of CPU\" class=\"number share\">");
	html_percent(to, share);
	html_bar(to, share);
	html(to, "</td>\n<td data-label=\"Look\">");
	put_build_links(to, p, number);
	html(to, "</td></tr>\n");
}

#define BUILDS_MAX 50u

static void put_builds(struct buf *to, const struct service_page *p)
{
	int64_t all = 0;

	for (size_t i = 0; i < p->programs->n; i++)
		all = services_add(all, p->programs->rows[i].cpu);
	html(to, "<section aria-labelledby=\"builds\">\n<h2 id=\"builds\">Builds running</h2>\n"
		 "<p class=\"lead\">In the last ");
	html_duration(to, p->window);
	html(to, "</p>\n<table class=\"wide\">\n<thead><tr><th scope=\"col\">Build</th>"
		 "<th scope=\"col\">Built with</th><th scope=\"col\">First seen</th>"
		 "<th scope=\"col\">Last seen</th><th scope=\"col\" class=\"number\">Instances</th>"
		 "<th scope=\"col\" class=\"number\">Share of CPU</th>"
		 "<th scope=\"col\">Look</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < p->programs->n && i < BUILDS_MAX; i++)
		put_build(to, p, i, all);
	html(to, "</tbody>\n</table>\n");
	if (p->programs->n > BUILDS_MAX) {
		html(to, "<p>Not shown: ");
		html_number(to, (int64_t)(p->programs->n - BUILDS_MAX));
		html(to, " builds.</p>\n");
	}
	html(to, "</section>\n");
}

/* ---- the page ---------------------------------------------------------------------------- */

void service_write(struct buf *to, const struct service_page *p)
{
	const struct page page = { .title = p->name, .tab = PAGE_NO_TAB, .graph = true };

	page_begin(to, &page);
	html(to, "<h1>");
	html_text(to, p->name);
	html(to, "</h1>\n");
	put_others(to, p);
	put_facts(to, p);
	service_put_graph(to, p);
	service_put_explain(to, p);
	history_write(to, p->history, p->key, p->now);
	put_builds(to, p);
	page_end(to);
}
