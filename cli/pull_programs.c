/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From running programs that serve net/http/pprof: each is asked for a CPU profile, all at once,
 * and what comes is added up. A URL may be that of the profile, of /debug/pprof, or of the server.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/load.h"
#include "cli/pull_blend.h"
#include "cli/pull_item.h"
#include "cli/pull_report.h"
#include "store/fetch.h"

struct program {
	struct store_options options;
	char *url, *query;
};

static bool ends_in(const char *text, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && !memcmp(text + n - m, end, m);
}

/* net/http/pprof, Index: /debug/pprof/profile?seconds=N */
static const char *path_below(const char *url, size_t n)
{
	if (ends_in(url, n, "/profile"))
		return "";
	if (ends_in(url, n, "/debug/pprof") || ends_in(url, n, "/debug/pprof/"))
		return "/profile";
	return "/debug/pprof/profile";
}

static int make_url(const char *from, struct program *p, const char **ret_path)
{
	const char *scheme = strstr(from, "://") ? "" : "http://";
	size_t n = strcspn(from, "?");

	if (asprintf(&p->url, "%s%.*s", scheme, (int)n, from) < 0) {
		p->url = NULL;
		return -ENOMEM;
	}
	*ret_path = path_below(from, n);
	return 0;
}

static int make_query(const char *from, uint64_t seconds, char **ret_query)
{
	const char *given = strchr(from, '?');
	bool has = given && strstr(given, "seconds=");

	if (asprintf(ret_query, "%s%s%.0llu", given ? given + 1 : "",
		     has     ? ""
		     : given ? "&seconds="
			     : "seconds=",
		     has ? 0 : (unsigned long long)seconds) < 0) {
		*ret_query = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int make_program(const struct pull_options *o, const char *from, struct program *p,
			struct fetch *fetch)
{
	const char *path;
	int r = make_url(from, p, &path);

	if (r == 0)
		r = make_query(from, o->seconds, &p->query);
	if (r != 0)
		return r;
	p->options = o->remote.options;
	p->options.url = p->url;
	p->options.timeout += o->seconds * NSEC_PER_SEC;
	if (!p->options.proxy)
		remote_find_proxy(&p->options, p->url);
	*fetch = (struct fetch){ .options = &p->options,
				 .path = path,
				 .query = p->query,
				 .max_answer = PULL_MAX_PROFILE };
	return 0;
}

/* Its profile to the others. What cannot be had of one program is told, and the others count. */
static int add_answer(const struct pull_options *o, struct blend *b, const char *from,
		      const struct fetch *f, char *ret_why)
{
	_cleanup_(load_profile_freep) struct pprof_profile *p = NULL;
	const char *why = f->text;
	int r = 0;

	if (f->status == 200) {
		r = pprof_decode(f->body.data, f->body.size, NULL, &p, &why);
		if (r == 0)
			r = blend_add(b, "", p);
		if (r == BLEND_E_MALFORMED && p)
			why = "what came is no CPU profile";
	}
	if (r < 0 || (r == 0 && p))
		return r;
	snprintf(ret_why, PULL_WHY_SIZE, "%.200s: %.500s", from, why);
	pull_complain(o, "%s.", ret_why);
	return 0;
}

static int finish(const struct pull_options *o, struct blend *b, struct pull_item *item,
		  const char *why)
{
	_cleanup_(blend_result_fini) struct blend_result result = BLEND_RESULT_NULL;
	int r = blend_make(b, o->cold, &result);

	if (r == 0) {
		item->got = result.pprof;
		result.pprof = (struct buf){ 0 };
		item->until = result.until;
	} else if (r > 0) {
		pull_item_end(item, PULL_FAILED, "%s",
			      r == BLEND_E_EMPTY ? why : "the profiles are too large");
	}
	return r < 0 ? r : 0;
}

static int ask(const struct pull_options *o, struct fetch *fetches, struct pull_item *item)
{
	_cleanup_(blend_fini) struct blend b = BLEND_NULL;
	char why[PULL_WHY_SIZE] = "", bad[STORE_TEXT_SIZE];
	int r = fetch_all(fetches, o->n_from, (unsigned int)o->n_from, bad);

	if (r > 0) {
		pull_item_end(item, PULL_FAILED, "%s", bad);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < o->n_from; i++)
		r = add_answer(o, &b, o->from[i], &fetches[i], why);
	return r == 0 ? finish(o, &b, item, why) : r;
}

int pull_from_programs(const struct pull_options *o, struct pull_item *items, size_t n)
{
	struct program *programs = calloc(o->n_from, sizeof(*programs));
	struct fetch *fetches = calloc(o->n_from, sizeof(*fetches));
	int r = programs && fetches ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && n > 1 && i < n; i++)
		pull_item_end(&items[i], PULL_FAILED,
			      "--from is of one program, and there are %zu: name its package", n);
	for (size_t i = 0; r == 0 && n == 1 && i < o->n_from; i++)
		r = make_program(o, o->from[i], &programs[i], &fetches[i]);
	if (r == 0 && n == 1)
		r = ask(o, fetches, &items[0]);
	for (size_t i = 0; programs && fetches && i < o->n_from; i++) {
		free(programs[i].url);
		free(programs[i].query);
		fetch_fini(&fetches[i]);
	}
	free(programs);
	free(fetches);
	return r;
}
