/* SPDX-License-Identifier: Apache-2.0 */
/* The page of one service: what its next default.pgo is made of and why, where its time goes, and
 * what that was before. */
#pragma once

#include "base/buf.h"
#include "collector/curate/explain.h"
#include "collector/depot/programs.h"
#include "collector/web/history.h"

/* Which profiles a flame graph is of. Texts are a request's, "" for the default. */
struct service_choice {
	const char *build;  /* "" for all */
	const char *window; /* "24h" */
	const char *ago;    /* when it ended, "7d"; "0h": now */
};

struct service_page {
	const char *name;
	const struct depot_programs *programs; /* of that name */
	int64_t now, window;		       /* ns; the window of .programs */
	const struct curate_explain *explain; /* of the next default.pgo; NULL: .trouble says why */
	const char *trouble;
	bool waits;			     /* there is none because it takes a while to make */
	const char *key;		     /* what its default.pgo is asked for by */
	const struct history *history;	     /* of that key */
	struct service_choice shown, before; /* .before: only if .compares */
	bool compares;
};

void service_write(struct buf *to, const struct service_page *p);

/* The part that says what the next default.pgo is made of. */
void service_put_explain(struct buf *to, const struct service_page *p);

/* The flame graph, with the form that chooses what it shows. */
void service_put_graph(struct buf *to, const struct service_page *p);
