/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Grafana Pyroscope, which adds profiles up but makes no default.pgo of them: its answers are
 * judged here. It is asked which builds there are (the label build_id, which hone-agent pushes) and
 * when they appeared, and then for the newest, and for one more as long as the samples do not
 * suffice (cli/pull_blend.h).
 *
 * It is asked for all of the time at once, as version 2 finds what was written late (hone-collector
 * export) only by a question that reaches to when it was written; and where it refuses so long a
 * time, which is its default, for one day after the other, to be added up here. It dates its
 * answers as it likes, so what is newer than --max-age is asked for by itself.
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
#define BUILD	       "build_id"
#define DEFAULT_WINDOW (72 * 3600 * NSEC_PER_SEC)

struct part {
	uint64_t from, until;
	uint64_t newest; /* no sample of it is newer */
	bool look_only;	 /* is there any? Another part has them, too */
	struct buf body;
};

/* One profile in the making. */
struct query {
	const struct pull_options *options;
	struct pull_item *item;
	uint64_t first, now;
	bool by_days;		    /* it refuses more than that */
	struct query_values builds; /* the newest first, once ordered */
	struct blend blend;
	uint64_t until; /* no sample of those that were taken is newer */
};

/* One question, in parts. */
struct asking {
	struct query *query;
	const char *build;  /* NULL: all, as there is one only */
	bool for_builds;    /* which are there? */
	struct part *parts; /* newest first */
	struct fetch *fetches;
	size_t n;
	bool too_long; /* the answer to all of the time at once */
};

static void query_fini(struct query *q)
{
	query_values_fini(&q->builds);
	blend_fini(&q->blend);
}

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

static int make_days(struct asking *a)
{
	const uint64_t first = a->query->first, now = a->query->now;
	const size_t most = (size_t)((now - first) / QUERY_MAX_TIME) + 3;
	int r = make_room(a, most);

	for (uint64_t until = now; r == 0 && until > first && a->n < most;) {
		uint64_t from = begin_of(a->query->options, until, first, now);

		add_part(a, from, until, until - 1, false);
		until = from;
	}
	return r;
}

static int make_whole(struct asking *a)
{
	const uint64_t first = a->query->first, now = a->query->now;
	const uint64_t max_age = a->query->options->max_age;
	const bool has_fresh = max_age && max_age < now && now - max_age > first;
	int r = make_room(a, 2);

	if (r != 0)
		return r;
	if (has_fresh)
		add_part(a, now - max_age, now, now - 1, true);
	add_part(a, first, now, has_fresh ? now - max_age - 1 : now - 1, false);
	return 0;
}

static size_t add_labels(const struct asking *a, struct store_label *labels)
{
	const struct pull_options *o = a->query->options;
	size_t n = 0;

	labels[n++] = (struct store_label){ o->service ? "service_name" : "main_package",
					    a->query->item->name };
	for (size_t i = 0; i < o->n_labels; i++)
		labels[n++] = o->labels[i];
	if (a->build)
		labels[n++] = (struct store_label){ BUILD, a->build };
	return n;
}

static int make_question(struct asking *a, size_t i)
{
	struct part *part = &a->parts[i];
	struct store_label labels[PULL_MAX_LABELS + 2];
	const struct query_question q = {
		.labels = labels,
		.n_labels = add_labels(a, labels),
		.from = part->from,
		.until = part->until - 1, /* the end counts, to the server */
		.depth = BLEND_DEPTH,
	};

	a->fetches[i] =
		(struct fetch){ .options = &a->query->options->remote.options,
				.path = a->for_builds ? QUERY_PATH_OF_VALUES : QUERY_PATH,
				.headers = query_headers,
				.n_headers = ARRAY_SIZE(query_headers),
				.max_answer = a->for_builds ? QUERY_MAX_ANSWER : PULL_MAX_PROFILE,
				.compressed = true };
	int r = a->for_builds ? query_ask_values(&q, BUILD, &part->body)
			      : query_ask(&q, &part->body);
	a->fetches[i].post = span_of(part->body.data, part->body.size);
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
 * 0; 1: there is nothing to go on with. A part that cannot be had fails all: half of the profile
 * would look like a change.
 */
static int check_answers(struct asking *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct part *part = &a->parts[i];
		const struct fetch *f = &a->fetches[i];

		if (part->until - part->from > QUERY_MAX_TIME && may_be_too_long(f)) {
			a->too_long = true;
			return 1;
		}
		if (f->status == 200)
			continue;
		if (!is_unknown(f))
			pull_item_end(a->query->item, PULL_FAILED, "%s", f->text);
		return 1;
	}
	return 0;
}

static int take_builds(struct asking *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++) {
		const struct buf *body = &a->fetches[i].body;

		r = query_read_values(span_of(body->data, body->size), &a->query->builds);
	}
	return r;
}

/* Of one part, to the others. An empty answer is none. */
static int take_profile(struct asking *a, size_t i)
{
	_cleanup_(load_profile_freep) struct pprof_profile *p = NULL;
	const struct part *part = &a->parts[i];
	struct buf *body = &a->fetches[i].body;
	struct query *q = a->query;

	if (!body->size)
		return 0;
	pgo_shapes_unescape_plain(body->data, body->size);
	int r = pprof_decode(body->data, body->size, NULL, &p, NULL);
	/* Pyroscope 1.6 answers with an empty profile that has one type without a name. */
	if (r != 0 || !pprof_n_samples(p))
		return r;
	if (part->newest > q->until)
		q->until = part->newest;
	if (part->look_only)
		return 0;
	r = forget_period(p);
	return r ? r : blend_add(&q->blend, a->build ? a->build : "", p);
}

static int take_answers(struct asking *a)
{
	int r = check_answers(a);

	if (r != 0)
		return r;
	if (a->for_builds)
		r = take_builds(a);
	for (size_t i = 0; !a->for_builds && r == 0 && i < a->n; i++)
		r = take_profile(a, i);
	if (r > 0)
		pull_item_end(a->query->item, PULL_FAILED, "what came is no profile");
	return r;
}

/* ---- one profile ------------------------------------------------------------------------- */

static int ask_parts(struct asking *a)
{
	char bad[STORE_TEXT_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++)
		r = make_question(a, i);
	if (r == 0)
		r = fetch_all(a->fetches, a->n, AT_ONCE, bad);
	return r ? r : take_answers(a);
}

/* 0; 1: it is settled, and there is nothing more to ask; -errno. */
static int ask(struct query *q, bool for_builds, const char *build)
{
	const struct asking question = { .query = q, .build = build, .for_builds = for_builds };
	_cleanup_(asking_fini) struct asking whole = question;
	_cleanup_(asking_fini) struct asking days = question;
	int r = 0;

	if (!q->by_days) {
		r = make_whole(&whole);
		if (r == 0)
			r = ask_parts(&whole);
		if (!whole.too_long)
			return r;
		q->by_days = true;
	}
	r = make_days(&days);
	return r ? r : ask_parts(&days);
}

/* That which appeared last comes first, and of those that did at once that which is still seen. */
static int newest_first(const void *x, const void *y)
{
	const struct query_value *a = x, *b = y;

	if (a->first != b->first)
		return a->first < b->first ? 1 : -1;
	if (a->last != b->last)
		return a->last < b->last ? 1 : -1;
	return strcmp(a->text, b->text);
}

static int make(struct query *q, struct blend_result *result)
{
	int r = blend_make(&q->blend, q->options->cold, result);

	if (r > 0 && r != BLEND_E_EMPTY)
		pull_item_end(q->item, PULL_FAILED, "its profiles are too large to be added up");
	return r == BLEND_E_EMPTY ? 0 : r;
}

static int add_builds(struct query *q, struct blend_result *ret_result)
{
	const struct query_values *b = &q->builds;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->n && i < BLEND_MAX_USED && !ret_result->enough; i++) {
		r = ask(q, false, b->n > 1 ? b->list[i].text : NULL);
		blend_result_fini(ret_result);
		*ret_result = (struct blend_result)BLEND_RESULT_NULL;
		if (r == 0)
			r = make(q, ret_result);
	}
	return r;
}

int pull_from_query(const struct pull_options *o, struct pull_item *item)
{
	const uint64_t window = o->window ? o->window : DEFAULT_WINDOW, now = clock_realtime();
	const uint64_t first = window < now ? now - window : 0;
	_cleanup_(query_fini) struct query q = { .options = o,
						 .item = item,
						 .first = first,
						 .now = now,
						 .by_days = now - first <= QUERY_MAX_TIME };
	_cleanup_(blend_result_fini) struct blend_result result = BLEND_RESULT_NULL;
	int r = ask(&q, true, NULL);

	if (r == 0 && q.builds.n)
		qsort(q.builds.list, q.builds.n, sizeof(*q.builds.list), newest_first);
	if (r == 0)
		r = add_builds(&q, &result);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!result.n_builds) {
		pull_item_end(item, PULL_KEPT, "the store has no profile of it in that time");
		return 0;
	}
	item->got = result.pprof;
	result.pprof = (struct buf){ 0 };
	item->until = q.until;
	item->outcome = PULL_PENDING;
	item->why[0] = '\0';
	return 0;
}
