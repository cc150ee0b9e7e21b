/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all pages have in common. They are written whole by the server and can be read without
 * JavaScript, which draws flame graphs and nothing that is said nowhere else.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "collector/web/assets.h"

/*
 * Nothing is loaded but what the collector itself serves, no script or style stands in a page, no
 * text becomes markup by a script, and no other page may hold this one in a frame.
 */
#define PAGE_POLICY                                                                 \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
	"connect-src 'self'; form-action 'self'; base-uri 'none'; "                 \
	"frame-ancestors 'none'; require-trusted-types-for 'script'"

enum page_tab { PAGE_SERVICES, PAGE_INGEST, PAGE_NO_TAB };

/* @title is anybody's. @graph: a flame graph is on it. */
struct page {
	const char *title;
	enum page_tab tab;
	bool graph;
};

void page_begin(struct buf *to, const struct page *p);
void page_end(struct buf *to);

/* A whole page with one sentence, for what cannot be shown. */
void page_notice(struct buf *to, const char *title, const char *sentence);
