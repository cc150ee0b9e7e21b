/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/services.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "collector/web/html.h"
#include "collector/web/page.h"

#define STALE	   (3600 * (int64_t)1000000000)
#define BUILD_HEAD 12

/* ---- grouping ---------------------------------------------------------------------------- */

static bool same_service(const struct depot_programs *l, const struct depot_program *a,
			 const struct depot_program *b)
{
	return !strcmp(depot_programs_text(l, a->service), depot_programs_text(l, b->service)) &&
	       !strcmp(depot_programs_text(l, a->package), depot_programs_text(l, b->package));
}

/* Sums of what others say: they end where numbers end. */
int64_t services_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static void add_program(struct service *s, const struct depot_program *p)
{
	s->n++;
	s->cpu = services_add(s->cpu, p->cpu);
	s->instances += p->instances;
	s->bytes = services_add(s->bytes, p->bytes);
	s->last = p->last > s->last ? p->last : s->last;
}

static int costly_first(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? 1 : -1;
	return (x->first > y->first) - (x->first < y->first);
}

int services_make(const struct depot_programs *programs, struct services *ret_services)
{
	ret_services->list = calloc(programs->n + 1, sizeof(*ret_services->list));
	if (!ret_services->list)
		return -ENOMEM;
	for (size_t i = 0; i < programs->n; i++) {
		if (!i || !same_service(programs, &programs->rows[i - 1], &programs->rows[i]))
			ret_services->list[ret_services->n++].first = i;
		add_program(&ret_services->list[ret_services->n - 1], &programs->rows[i]);
	}
	qsort(ret_services->list, ret_services->n, sizeof(*ret_services->list), costly_first);
	return 0;
}

void services_fini(struct services *s)
{
	free(TAKE_PTR(s->list));
	s->n = 0;
}

const char *service_key(const struct depot_programs *programs, const struct service *s)
{
	const struct depot_program *p = &programs->rows[s->first];
	const char *package = depot_programs_text(programs, p->package);

	return *package ? package : depot_programs_text(programs, p->service);
}

/* ---- parts ------------------------------------------------------------------------------- */

void service_put_verdict(struct buf *to, enum pgo_verdict verdict)
{
	const char *name = pgo_verdict_name(verdict);

	html(to, "<span class=\"badge ");
	html_text(to, name);
	html(to, "\">");
	html_text(to, name);
	html(to, "</span>");
}

/* What `go build` calls a program without a version. */
static bool tells_something(const char *version)
{
	return *version && strcmp(version, "(devel)") != 0;
}

void service_put_build(struct buf *to, const struct depot_programs *l,
		       const struct depot_program *p)
{
	const char *version = depot_programs_text(l, p->version);
	const char *build = depot_programs_text(l, p->build);
	char head[BUILD_HEAD + 1];

	snprintf(head, sizeof(head), "%s", build);
	if (tells_something(version)) {
		html(to, "<span class=\"version\">");
		html_text(to, version);
		html(to, "</span> ");
	}
	html(to, "<code title=\"");
	html_text(to, build);
	html(to, "\">");
	html_text(to, *head ? head : "no build id");
	html(to, "</code>");
}

void service_put_pgo(struct buf *to, const struct depot_programs *l, const struct depot_program *p)
{
	const char *pgo = depot_programs_text(l, p->pgo);

	if (!*pgo) {
		html(to, "<span class=\"quiet\">not known</span>");
	} else if (!strcmp(pgo, "off")) {
		html(to, "<span class=\"badge off\">no PGO</span>");
	} else {
		html(to, "<span class=\"badge on\" title=\"-pgo=");
		html_text(to, pgo);
		html(to, "\">PGO</span>");
	}
}

/* ---- the table --------------------------------------------------------------------------- */

static void put_name(struct buf *to, const struct services_page *p, const struct service *s)
{
	const struct depot_program *program = &p->programs->rows[s->first];
	const char *service = depot_programs_text(p->programs, program->service);
	const char *package = depot_programs_text(p->programs, program->package);

	html(to, "<th scope=\"row\"><a href=\"/service/");
	html_path(to, service_key(p->programs, s));
	html(to, "\">");
	html_text(to, *service ? service : package);
	html(to, "</a>");
	if (*package && *service) {
		html(to, "<span class=\"under\">");
		html_text(to, package);
		html(to, "</span>");
	}
	html(to, "</th>\n");
}

static void put_freshness(struct buf *to, const struct services_page *p, const struct service *s)
{
	html(to, "<td data-label=\"Last profile\"");
	if (p->now - s->last > STALE)
		html(to, " class=\"stale\"");
	html(to, ">");
	html_age(to, s->last, p->now);
	html(to, "</td>\n");
}

static void put_verdict(struct buf *to, const struct services_page *p, const struct service *s)
{
	html(to, "<td data-label=\"default.pgo\"");
	if (*s->why) {
		html(to, " title=\"");
		html_text(to, s->why);
		html(to, "\"");
	}
	if (s->state == SERVICE_NOT_JUDGED) {
		html(to, " data-judge=\"/verdict/");
		html_path(to, service_key(p->programs, s));
		html(to, "\"");
	}
	html(to, ">");
	if (s->state == SERVICE_JUDGED) {
		service_put_verdict(to, s->verdict);
		if (s->verdict != PGO_REFUSED) {
			html(to, "<span class=\"under\">");
			html_percent(to, s->coverage);
			html(to, " covered</span>");
		}
	} else if (s->state == SERVICE_NONE) {
		html(to, "<span class=\"badge refused\">none</span>");
	} else {
		html(to, "<span class=\"quiet\">not judged yet</span>");
	}
	html(to, "</td>\n");
}

static void put_build(struct buf *to, const struct services_page *p, const struct service *s,
		      const struct depot_program *program)
{
	double share = s->cpu > 0 ? (double)program->cpu / (double)s->cpu : 0;

	html(to, "<li><span class=\"id\">");
	service_put_build(to, p->programs, program);
	html(to, "</span>");
	html_bar(to, share);
	html(to, "<span class=\"number\">");
	html_percent(to, share);
	html(to, "</span>");
	service_put_pgo(to, p->programs, program);
	html(to, "</li>\n");
}

static void put_builds(struct buf *to, const struct services_page *p, const struct service *s)
{
	html(to, "<td data-label=\"Builds, share of CPU\"><ul class=\"builds\">\n");
	for (size_t i = 0; i < s->n && i < SERVICES_MAX_BUILDS; i++)
		put_build(to, p, s, &p->programs->rows[s->first + i]);
	html(to, "</ul>");
	if (s->n > SERVICES_MAX_BUILDS) {
		html(to, "<span class=\"under\">and ");
		html_number(to, (int64_t)(s->n - SERVICES_MAX_BUILDS));
		html(to, " older</span>");
	}
	html(to, "</td>\n");
}

static void put_service(struct buf *to, const struct services_page *p, const struct service *s,
			int64_t all)
{
	html(to, "<tr>\n");
	put_name(to, p, s);
	put_freshness(to, p, s);
	put_verdict(to, p, s);
	html(to, "<td data-label=\"Instances\" class=\"number\">");
	html_number(to, s->instances);
	html(to, "</td>\n<td data-label=\"CPU time\" class=\"number\">");
	html_duration(to, s->cpu);
	html(to, "<span class=\"under\">");
	html_percent(to, all > 0 ? (double)s->cpu / (double)all : 0);
	html(to, "</span></td>\n");
	put_builds(to, p, s);
	html(to, "</tr>\n");
}

static void put_table(struct buf *to, const struct services_page *p)
{
	int64_t all = 0;

	for (size_t i = 0; i < p->services->n; i++)
		all = services_add(all, p->services->list[i].cpu);
	html(to, "<table class=\"wide services\">\n<thead><tr><th scope=\"col\">Service</th>"
		 "<th scope=\"col\">Last profile</th><th scope=\"col\">default.pgo</th>"
		 "<th scope=\"col\" class=\"number\">Instances</th>"
		 "<th scope=\"col\" class=\"number\">CPU time</th>"
		 "<th scope=\"col\">Builds, share of CPU</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < p->services->n && i < SERVICES_MAX; i++)
		put_service(to, p, &p->services->list[i], all);
	html(to, "</tbody>\n</table>\n");
	if (p->services->n > SERVICES_MAX) {
		html(to, "<p>Not shown: ");
		html_number(to, (int64_t)(p->services->n - SERVICES_MAX));
		html(to, " services that cost less.</p>\n");
	}
	if (p->programs->more)
		html(to, "<p>There are more builds than are looked at here.</p>\n");
}

static void put_nothing(struct buf *to)
{
	html(to, "<p>No CPU profile came in so far. <code>hone-agent</code> pushes to this address,"
		 " and so does every client of Grafana Pyroscope:</p>\n"
		 "<pre>curl --data-binary @cpu.pprof "
		 "'http://\u2026/profiles?service_name=NAME'</pre>\n");
}

/* As JSON, for page.js. */
void service_write_verdict(struct buf *to, const struct service *s)
{
	struct span rest = span_of(s->why, strnlen(s->why, sizeof(s->why)));
	char c[ESCAPE_MAX];

	buf_printf(to, "{\"verdict\":\"%s\",\"coverage\":\"",
		   s->state == SERVICE_JUDGED ? pgo_verdict_name(s->verdict) : "none");
	if (s->state == SERVICE_JUDGED && s->verdict != PGO_REFUSED) {
		html_plain_percent(to, s->coverage);
		buf_append_text(to, " covered");
	}
	buf_append_text(to, "\",\"why\":\"");
	while (rest.size)
		buf_append(to, c, escape_next(&rest, c));
	buf_append_text(to, "\"}\n");
}

void services_write(struct buf *to, const struct services_page *p)
{
	const struct page page = { .title = "Services", .tab = PAGE_SERVICES };

	page_begin(to, &page);
	html(to, "<h1>Services</h1>\n<p class=\"lead\">");
	html_number(to, (int64_t)p->services->n);
	buf_append_text(to, p->services->n == 1 ? " service" : " services");
	html(to, " in the last ");
	html_duration(to, p->window);
	html(to, "</p>\n");
	if (p->services->n)
		put_table(to, p);
	else
		put_nothing(to);
	page_end(to);
}
