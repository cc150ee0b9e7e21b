/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/web/page.h"

#include <string.h>

#include "collector/web/html.h"

const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < N_ASSETS; i++)
		if (!strcmp(path, assets[i].path))
			return &assets[i];
	return NULL;
}

static void put_script(struct buf *to, enum asset_id asset)
{
	html(to, "<script defer src=\"");
	html_text(to, assets[asset].path);
	html(to, "\"></script>\n");
}

static void put_head(struct buf *to, const struct page *p)
{
	html(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
	html_text(to, p->title);
	html(to, " \u00b7 hone</title>\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<link rel=\"icon\" type=\"image/svg+xml\" href=\"");
	html_text(to, assets[ASSET_ICON].path);
	html(to, "\">\n<link rel=\"stylesheet\" href=\"");
	html_text(to, assets[ASSET_STYLE].path);
	html(to, "\">\n");
	if (p->graph) {
		put_script(to, ASSET_SELECTION);
		put_script(to, ASSET_LIBRARY);
		put_script(to, ASSET_GRAPH);
	}
	put_script(to, ASSET_PAGE);
	html(to, "</head>\n");
}

/* @to gets the link; the one to where one is says so. */
#define put_tab(to, address, text, here)                    \
	do {                                                \
		html(to, "<a href=\"" address "\"");        \
		if (here)                                   \
			html(to, " aria-current=\"page\""); \
		html(to, ">" text "</a>\n");                \
	} while (0)

void page_begin(struct buf *to, const struct page *p)
{
	put_head(to, p);
	html(to, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the contents</a>\n"
		 "<header class=\"top\">\n<a class=\"brand\" href=\"/\">"
		 "<span aria-hidden=\"true\" class=\"mark\"></span>hone</a>\n"
		 "<nav aria-label=\"Pages\">\n");
	put_tab(to, "/", "Services", p->tab == PAGE_SERVICES);
	put_tab(to, "/ingest", "Ingest", p->tab == PAGE_INGEST);
	html(to, "</nav>\n</header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

void page_end(struct buf *to)
{
	html(to, "</main>\n</body>\n</html>\n");
}

void page_notice(struct buf *to, const char *title, const char *sentence)
{
	const struct page p = { .title = title, .tab = PAGE_NO_TAB };

	page_begin(to, &p);
	html(to, "<h1>");
	html_text(to, title);
	html(to, "</h1>\n<p>");
	html_text(to, sentence);
	html(to, "</p>\n<p><a href=\"/\">All services</a></p>\n");
	page_end(to);
}
