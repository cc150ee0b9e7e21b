/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Grafana Pyroscope, which adds profiles up but makes no default.pgo of them: its answer is
 * judged here. It is asked for all of the time at once, as version 2 finds what was written late
 * (hone-collector export) only by a question that reaches to when it was written; and where it
 * refuses so long a time, which is its default, for one day after the other, to be added up here.
 * It dates its answers as it likes, so what is newer than --max-age is asked for by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/load.h"
#include "cli/pull_blend.h"
#include "cli/pull_item.h"
#include "pgo/shapes.h"
#include "store/query.h"

#define AT_ONCE	       2
#define DEFAULT_WINDOW (72 * 3600 * NSEC_PER_SEC)

struct part {
	uint64_t from, until;
	uint64_t newest; /* no sample of it is newer */
	bool look_only;	 /* is there any? Another part has them, too */
	struct buf body;
};

struct asking {
	const struct pull_options *options;
	struct pull_item *item;
	struct part *parts; /* newest first */
	struct fetch *fetches;
	size_t n;
	bool too_long; /* the answer to all of the time at once */
};

static void asking_fini(struct asking *a)
{
	for (size_t i = 0; i < a->n; i++) {
		buf_fini(&a->parts[i].body);
		fetch_fini(&a->fetches[i]);
	}
	free(a->parts);
	free(a->fetches);
}

/* ---- questions --------------------------------------------------------------------------- */

static uint64_t begin_of(const struct pull_options *o, uint64_t until, uint64_t first, uint64_t now)
{
	uint64_t from = until - first > QUERY_MAX_TIME ? until - QUERY_MAX_TIME : first;
	uint64_t fresh = o->max_age && o->max_age < now ? now - o->max_age : from;

	return from < fresh && fresh < until ? fresh : from;
}

static int make_room(struct asking *a, size_t most)
{
	a->parts = calloc(most, sizeof(*a->parts));
	a->fetches = calloc(most, sizeof(*a->fetches));
	return a->parts && a->fetches ? 0 : -ENOMEM;
}

static void add_part(struct asking *a, uint64_t from, uint64_t until, uint64_t newest,
		     bool look_only)
{
	a->parts[a->n++] = (struct part){ from, until, newest, look_only, BUF_INIT(16384) };
}

static int make_days(struct asking *a, uint64_t first, uint64_t now)
{
	const size_t most = (size_t)((now - first) / QUERY_MAX_TIME) + 3;
	int r = make_room(a, most);

	for (uint64_t until = now; r == 0 && until > first && a->n < most;) {
		uint64_t from = begin_of(a->options, until, first, now);

		add_part(a, from, until, until - 1, false);
		until = from;
	}
	return r;
}

static int make_whole(struct asking *a, uint64_t first, uint64_t now)
{
	const uint64_t max_age = a->options->max_age;
	const bool has_fresh = max_age && max_age < now && now - max_age > first;
	int r = make_room(a, 2);

	if (r != 0)
		return r;
	if (has_fresh)
		add_part(a, now - max_age, now, now - 1, true);
	add_part(a, first, now, has_fresh ? now - max_age - 1 : now - 1, false);
	return 0;
}

static int make_question(struct asking *a, size_t i)
{
	const struct pull_options *o = a->options;
	struct part *part = &a->parts[i];
	struct store_label labels[PULL_MAX_LABELS + 1];
	const struct query_question q = {
		.labels = labels,
		.n_labels = o->n_labels + 1,
		.from = part->from,
		.until = part->until - 1, /* the end counts, to the server */
		.depth = BLEND_DEPTH,
	};

	labels[0].name = o->service ? "service_name" : "main_package";
	labels[0].value = a->item->name;
	memcpy(&labels[1], o->labels, o->n_labels * sizeof(*labels));
	int r = query_ask(&q, &part->body);

	a->fetches[i] = (struct fetch){ .options = &o->remote.options,
					.path = QUERY_PATH,
					.headers = query_headers,
					.n_headers = ARRAY_SIZE(query_headers),
					.post = span_of(part->body.data, part->body.size),
					.max_answer = PULL_MAX_PROFILE,
					.compressed = true };
	return r;
}

/* ---- answers ----------------------------------------------------------------------------- */

/* The server calls its own period one second. What a sample stands for nobody knows. */
static int forget_period(struct pprof_profile *p)
{
	struct pprof_header header = pprof_header(p);

	header.period = 0;
	return pprof_set_header(p, &header);
}

/* 0; 1: there is none in it, or none of use, *ret_why tells; -errno. @b may be NULL. */
static int add_answer(struct blend *b, struct fetch *f, const char **ret_why)
{
	_cleanup_(load_profile_freep) struct pprof_profile *p = NULL;
	int r;

	*ret_why = f->text;
	if (f->status != 200 || !f->body.size)
		return 1;
	*ret_why = "what came is no profile";
	pgo_shapes_unescape_plain(f->body.data, f->body.size);
	r = pprof_decode(f->body.data, f->body.size, NULL, &p, NULL);
	/* Pyroscope 1.6 answers with an empty profile that has one type without a name. */
	if (r == 0 && !pprof_n_samples(p)) {
		*ret_why = "";
		return 1;
	}
	if (r == 0 && b) {
		r = forget_period(p);
		if (r == 0)
			r = blend_add(b, "", p);
	}
	return r > 0 ? 1 : r;
}

static int finish(struct asking *a, struct blend *b, uint64_t until)
{
	_cleanup_(blend_result_fini) struct blend_result result = BLEND_RESULT_NULL;
	struct pull_item *item = a->item;
	int r = blend_make(b, a->options->cold, &result);

	if (r == 0) {
		item->got = result.pprof;
		result.pprof = (struct buf){ 0 };
		item->until = until;
		item->outcome = PULL_PENDING;
		item->why[0] = '\0';
	} else if (r > 0) {
		pull_item_end(item, PULL_FAILED, "its profiles are too large to be added up");
	}
	return r < 0 ? r : 0;
}

/* It is no Pyroscope either. */
static bool is_unknown(const struct fetch *f)
{
	return f->status == 404 || f->status == 405 || f->status == 501;
}

/*
 * Over max-query-length it is 400; what a proxy or an earlier one says of too much may differ, and
 * what takes too long or is too large has no status.
 */
static bool may_be_too_long(const struct fetch *f)
{
	return !f->status || f->status == 400 || f->status == 413 || f->status == 422 ||
	       f->status == 504;
}

/*
 * A part that cannot be had fails all: half of the profile would look like a change. Where none has
 * any, the item stays as it is.
 */
static int take_answers(struct asking *a)
{
	_cleanup_(blend_fini) struct blend b = BLEND_NULL;
	uint64_t until = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct part *part = &a->parts[i];
		const char *why;
		int r = add_answer(part->look_only ? NULL : &b, &a->fetches[i], &why);

		if (part->until - part->from > QUERY_MAX_TIME && may_be_too_long(&a->fetches[i])) {
			a->too_long = true;
			return 0;
		}
		if (r < 0)
			return r;
		if (r > 0 && is_unknown(&a->fetches[i]))
			return 0;
		if (r > 0 && *why) {
			pull_item_end(a->item, PULL_FAILED, "%s", why);
			return 0;
		}
		if (r == 0 && !until)
			until = part->newest;
	}
	if (until)
		return finish(a, &b, until);
	pull_item_end(a->item, PULL_KEPT, "the store has no profile of it in that time");
	return 0;
}

static int ask(struct asking *a)
{
	char bad[STORE_TEXT_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++)
		r = make_question(a, i);
	if (r == 0)
		r = fetch_all(a->fetches, a->n, AT_ONCE, bad);
	return r ? r : take_answers(a);
}

int pull_from_query(const struct pull_options *o, struct pull_item *item)
{
	_cleanup_(asking_fini) struct asking whole = { .options = o, .item = item };
	_cleanup_(asking_fini) struct asking days = { .options = o, .item = item };
	const uint64_t window = o->window ? o->window : DEFAULT_WINDOW, now = clock_realtime();
	const uint64_t first = window < now ? now - window : 0;
	bool by_days = now - first <= QUERY_MAX_TIME;
	int r = 0;

	if (!by_days) {
		r = make_whole(&whole, first, now);
		if (r == 0)
			r = ask(&whole);
		by_days = whole.too_long;
	}
	if (r == 0 && by_days) {
		r = make_days(&days, first, now);
		if (r == 0)
			r = ask(&days);
	}
	return r < 0 ? r : 0;
}
