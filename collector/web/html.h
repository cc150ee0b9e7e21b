/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML written into a buf. Markup is text of this program and only that: html() takes nothing but a
 * string literal. All else, labels, names of functions, arguments of a request, goes through
 * html_text(), which is the one place that knows what has to be escaped; in an address through
 * html_path() or html_argument(), whose bytes need no escaping.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Markup. */
#define html(to, literal) buf_append(to, "" literal, sizeof(literal) - 1)

/* In a <dl class="facts">: what a fact is called, behind which its value is written; and its end.
 */
#define html_fact(to, name) html(to, "<div><dt>" name "</dt><dd>")
#define html_end_fact(to)   html(to, "</dd></div>\n")

/*
 * Text of anybody, between tags or between the double quotes of an attribute. What is no UTF-8, and
 * control characters and marks that change the direction of reading, become U+FFFD, so that a name
 * cannot pretend to be another.
 */
void html_text(struct buf *to, const char *text);

/* In an address: a path, whose slashes stay, and the value of an argument. */
void html_path(struct buf *to, const char *path);
void html_argument(struct buf *to, const char *value);

/* ---- values ------------------------------------------------------------------------------ */

void html_number(struct buf *to, int64_t n);	       /* 12 345, with thin spaces */
void html_percent(struct buf *to, double share);       /* 0.123: 12.3 % */
void html_plain_percent(struct buf *to, double share); /* the same for JSON */
void html_bytes(struct buf *to, int64_t bytes);	       /* 1.2 MiB */
void html_duration(struct buf *to, int64_t ns);	       /* 3 h 20 min; two units, rounded */

/* A <time>: how long before @now, roughly, with the time itself as its title. Both ns since the
 * epoch. */
void html_age(struct buf *to, int64_t time, int64_t now);

/*
 * A bar of @share, 0 to 1, as an image that screen readers pass over. In a column of numbers it
 * comes behind its own, where it is as far from the right as all others.
 */
void html_bar(struct buf *to, double share);
