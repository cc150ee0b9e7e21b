/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "collector/web/html.h"
#include "collector/web/service.h"

#define BUILDS_MAX 50u

struct option {
	const char *value, *text;
};

static const struct option windows[] = {
	{ "1h", "1 hour" }, { "6h", "6 hours" }, { "24h", "24 hours" },
	{ "3d", "3 days" }, { "7d", "7 days" },	 { "30d", "30 days" },
};

static const struct option ends[] = {
	{ "0h", "now" },	  { "1h", "1 hour ago" }, { "6h", "6 hours ago" },
	{ "24h", "a day ago" },	  { "3d", "3 days ago" }, { "7d", "a week ago" },
	{ "30d", "30 days ago" },
};

static void put_option(struct buf *to, const char *value, const char *text, const char *chosen)
{
	html(to, "<option value=\"");
	html_text(to, value);
	html(to, "\"");
	if (!strcmp(value, chosen))
		html(to, " selected");
	html(to, ">");
	html_text(to, text);
	html(to, "</option>");
}

/* What is chosen is an option, also where it is none of ours. */
static void put_options(struct buf *to, const struct option *options, size_t n, const char *chosen)
{
	bool known = false;

	for (size_t i = 0; i < n; i++) {
		put_option(to, options[i].value, options[i].text, chosen);
		known |= !strcmp(options[i].value, chosen);
	}
	if (!known)
		put_option(to, chosen, chosen, chosen);
}

static bool is_repeated(const struct depot_programs *l, size_t number)
{
	const char *build = depot_programs_text(l, l->rows[number].build);

	for (size_t i = 0; i < number; i++)
		if (!strcmp(build, depot_programs_text(l, l->rows[i].build)))
			return true;
	return !*build;
}

static void put_builds(struct buf *to, const struct service_page *p, const char *chosen)
{
	bool known = !*chosen;

	put_option(to, "", "all builds", chosen);
	for (size_t i = 0; i < p->programs->n && i < BUILDS_MAX; i++) {
		const char *build = depot_programs_text(p->programs, p->programs->rows[i].build);

		if (is_repeated(p->programs, i))
			continue;
		put_option(to, build, build, chosen);
		known |= !strcmp(build, chosen);
	}
	if (!known)
		put_option(to, chosen, chosen, chosen);
}

/* The names of the second choice end in 2. */
#define put_choice(to, p, c, suffix)                                                           \
	do {                                                                                   \
		html(to, "<label>Build <select name=\"build" suffix "\">");                    \
		put_builds(to, p, (c)->build);                                                 \
		html(to, "</select></label>\n<label>Last <select name=\"window" suffix "\">"); \
		put_options(to, windows, ARRAY_SIZE(windows), (c)->window);                    \
		html(to, "</select></label>\n<label>Until <select name=\"ago" suffix "\">");   \
		put_options(to, ends, ARRAY_SIZE(ends), (c)->ago);                             \
		html(to, "</select></label>\n");                                               \
	} while (0)

static void put_form(struct buf *to, const struct service_page *p)
{
	html(to, "<form class=\"choice\" method=\"get\" action=\"/service/");
	html_path(to, p->name);
	html(to, "#graph\">\n<fieldset><legend>Show</legend>\n");
	put_choice(to, p, &p->shown, "");
	html(to, "</fieldset>\n<fieldset><legend><label><input type=\"checkbox\" name=\"compare\" "
		 "value=\"1\"");
	if (p->compares)
		html(to, " checked");
	html(to, "> Compare with</label></legend>\n");
	put_choice(to, p, &p->before, "2");
	html(to, "</fieldset>\n<button type=\"submit\">Show</button>\n</form>\n");
}

#define put_arguments(to, c, suffix)                \
	do {                                        \
		html(to, "build" suffix "=");       \
		html_argument(to, (c)->build);      \
		html(to, "&amp;window" suffix "="); \
		html_argument(to, (c)->window);     \
		html(to, "&amp;ago" suffix "=");    \
		html_argument(to, (c)->ago);        \
	} while (0)

static void put_address(struct buf *to, const struct service_page *p)
{
	html(to, "/flame/");
	html_path(to, p->name);
	html(to, "?");
	put_arguments(to, &p->shown, "");
	if (p->compares) {
		html(to, "&amp;compare=1&amp;");
		put_arguments(to, &p->before, "2");
	}
}

static const char legend[] =
	"<ul class=\"legend\" data-for=\"plain\">"
	"<li class=\"own\">this program</li><li class=\"other\">other modules</li>"
	"<li class=\"std\">standard library</li><li class=\"runtime\">runtime</li></ul>\n";

static const char legend_compared[] =
	"<ul class=\"legend\"><li class=\"more\">more than before</li>"
	"<li class=\"same\">as before</li><li class=\"less\">less than before</li></ul>\n";

void service_put_graph(struct buf *to, const struct service_page *p)
{
	html(to, "<section aria-labelledby=\"graph-title\" id=\"graph\">\n"
		 "<h2 id=\"graph-title\">Where the CPU time goes</h2>\n");
	put_form(to, p);
	html(to, "<noscript><p>The flame graph is drawn by JavaScript. What is hot is in the table "
		 "of hot calls below.</p></noscript>\n"
		 "<div class=\"tools\" hidden>\n<label>Search <input type=\"search\" id=\"search\" "
		 "autocomplete=\"off\" spellcheck=\"false\"></label>\n"
		 "<button type=\"button\" id=\"reset\">Zoom out</button>\n");
	buf_append_text(to, p->compares ? legend_compared : legend);
	html(to, "</div>\n<p id=\"details\" class=\"details\" role=\"status\">\u00a0</p>\n"
		 "<div id=\"chart\" role=\"group\" aria-label=\"Flame graph. Arrow keys go from "
		 "frame to frame, Enter zooms in, Escape zooms out.\" data-address=\"");
	put_address(to, p);
	html(to, "\"");
	if (p->explain && *p->explain->package) {
		html(to, " data-package=\"");
		html_text(to, p->explain->package);
		html(to, "\"");
	}
	html(to, "></div>\n<p id=\"note\" class=\"lead\"></p>\n</section>\n");
}
