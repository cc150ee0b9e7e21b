/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/gather.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "libpprof/pprof.h"
#include "pgo/notes.h"
#include "pgo/trim.h"

#define HOUR	   (3600 * (int64_t)NSEC_PER_SEC)
#define MAX_STORED ((size_t)128 << 20)

struct gathering {
	struct depot_reader *reader;
	const struct depot_list *list;
	unsigned int depth;
	struct pprof_profile *whole;
	struct pgo_notes notes;
	struct curate_result *result;
	size_t n_read;	   /* profiles, merged or not */
	uint32_t n_builds; /* looked at; the result's are those that gave something */
};

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static int outcome_of_depot(int r)
{
	return r > 0 ? CURATE_E_DAMAGED : r;
}

/* ---- one profile ------------------------------------------------------------------------- */

static void add_notes(struct pgo_notes *to, const struct pprof_profile *p)
{
	struct pgo_notes n = { 0 };

	pgo_notes_read(p, &n);
	to->known |= n.known;
	to->samples += n.samples;
	to->lost += n.lost;
	to->truncated += n.truncated;
	to->unsymbolized += n.unsymbolized;
	to->unwatched += n.unwatched;
}

static void count(struct curate_result *r, const struct depot_row *row)
{
	if (!r->n_profiles || row->start < r->first)
		r->first = row->start;
	if (!r->n_profiles || row->end > r->last)
		r->last = row->end;
	r->n_profiles += (size_t)row->n;
}

/* What cannot be read is counted and passed over. */
static int add_profile(struct gathering *g, const struct depot_row *row)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_STORED);
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	int r = depot_read(g->reader, row->id, &stored);

	if (r == 0)
		r = pprof_decode(stored.data, stored.size, NULL, &p, NULL);
	if (r < 0)
		return r;
	bool readable = r == 0;
	if (readable)
		r = trim_add(g->whole, p, g->depth);
	if (readable && r == TRIM_E_TOO_LARGE)
		return -E2BIG;
	if (r > 0)
		g->result->unreadable++;
	if (r != 0)
		return r < 0 ? r : 0;
	add_notes(&g->notes, p);
	count(g->result, row);
	return 0;
}

/* ---- builds ------------------------------------------------------------------------------ */

static int add_build(struct gathering *g, uint32_t build)
{
	struct curate_result *result = g->result;
	const char *id = depot_list_text(g->list, g->list->builds[build].id);
	size_t before = result->n_profiles;
	int r = 0;

	for (size_t i = g->list->n_rows; r == 0 && i-- > 0;) {
		const struct depot_row *row = &g->list->rows[i];

		if (row->build != build)
			continue;
		if (g->n_read == CURATE_MAX_PROFILES) {
			result->left_out += (size_t)row->n;
			continue;
		}
		r = add_profile(g, row);
		g->n_read++;
	}
	if (result->n_profiles == before)
		return r;
	if (result->n_builds < CURATE_MAX_BUILDS)
		snprintf(result->builds[result->n_builds], sizeof(result->builds[0]), "%.63s", id);
	result->n_builds++;
	return r;
}

static int add_builds(struct gathering *g)
{
	struct pgo_quality q = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->list->n_builds && !q.enough; i++) {
		r = add_build(g, (uint32_t)i);
		g->n_builds++;
		if (r == 0)
			r = pgo_assess(g->whole, &q, NULL);
	}
	return r > 0 ? -E2BIG : r;
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int count_series(struct gathering *g)
{
	_cleanup_(freep) int64_t *all = reallocarray(NULL, g->list->n_rows + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return -ENOMEM;
	/* Builds are taken in order of their numbers. */
	for (size_t i = 0; i < g->list->n_rows; i++)
		if (g->list->rows[i].build < g->n_builds)
			all[n++] = g->list->rows[i].series;
	qsort(all, n, sizeof(*all), compare_numbers);
	for (size_t i = 0; i < n; i++)
		g->result->n_series += i == 0 || all[i] != all[i - 1];
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void make_etag(struct curate_result *r)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx h;
	char *to = r->etag;

	sha256_init(&h);
	sha256_update(&h, r->pprof.size, r->pprof.data);
	sha256_digest(&h, sizeof(digest), digest);
	*to++ = '"';
	for (size_t i = 0; i < 16; i++)
		to += sprintf(to, "%02x", digest[i]);
	strcpy(to, "\"");
}

static void judge(struct curate_result *r)
{
	struct buf text = BUF_INIT(CURATE_WHY_SIZE * 4);

	r->good = r->quality.verdict >= PGO_FAIR;
	if (r->quality.verdict == PGO_REFUSED)
		buf_append_text(&text, pgo_outcome_text(r->quality.outcome));
	else
		pgo_quality_print(&r->quality, &text);
	buf_append_u8(&text, 0);
	if (!buf_error(&text))
		snprintf(r->why, sizeof(r->why), "%s", (const char *)text.data);
	buf_fini(&text);
}

static int encode(struct gathering *g)
{
	_cleanup_(buf_fini) struct buf comment = BUF_INIT(1024);
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;
	int r = 0;

	if (g->notes.known) {
		pgo_notes_print(&g->notes, &comment);
		buf_append_u8(&comment, 0);
		r = buf_error(&comment);
		if (r == 0)
			r = pprof_add_comment(g->whole, (const char *)comment.data);
	}
	if (r == 0)
		r = pgo_assess(g->whole, &g->result->quality, NULL);
	if (r == 0)
		r = pprof_encode(g->whole, PPROF_GZIP, &data, &size);
	if (r != 0)
		return r < 0 ? r : -E2BIG;
	buf_append(&g->result->pprof, data, size);
	return buf_error(&g->result->pprof);
}

/* The one main package of all rows. */
static int find_package(const struct depot_list *l, const char *name, struct curate_result *result)
{
	const char *package = "";

	for (size_t i = 0; i < l->n_rows; i++) {
		const char *other = depot_list_text(l, l->rows[i].package);

		if (*package && *other && strcmp(package, other) != 0) {
			snprintf(result->why, sizeof(result->why),
				 "Service %.100s runs several main packages, %.150s and %.150s "
				 "among them: ask for one of these.",
				 name, package, other);
			return CURATE_E_AMBIGUOUS;
		}
		package = *other ? other : package;
	}
	snprintf(result->package, sizeof(result->package), "%s", package);
	return 0;
}

/* Are there older ones? Then that is what to say. */
static int tell_nothing(struct depot_reader *reader, const struct curate_request *request,
			struct curate_result *result)
{
	const struct depot_query ever = { request->tenant, request->name, INT64_MIN, INT64_MAX };
	struct depot_state state;
	int r = depot_state(reader, &ever, &state);

	if (r != 0)
		return outcome_of_depot(r);
	snprintf(result->why, sizeof(result->why),
		 state.n ? "All CPU profiles of %.300s are older than %lld hours."
			 : "There is no CPU profile of %.300s.",
		 request->name, (long long)(request->window / HOUR));
	return CURATE_E_NONE;
}

struct depot_query gather_query(const struct curate_request *request)
{
	struct depot_query q = { .tenant = request->tenant,
				 .name = request->name,
				 .since = request->now - request->window,
				 .until = INT64_MAX };

	depot_query_align(&q, request->now);
	return q;
}

int gather(struct depot_reader *reader, const struct curate_request *request,
	   struct curate_result *ret_result)
{
	_cleanup_(depot_list_fini) struct depot_list list = DEPOT_LIST_NULL;
	_cleanup_(profile_freep) struct pprof_profile *whole = NULL;
	const struct depot_query query = gather_query(request);
	int r = outcome_of_depot(depot_list(reader, &query, &list));

	if (r == 0 && !list.n_rows)
		return tell_nothing(reader, request, ret_result);
	if (r == 0)
		r = find_package(&list, request->name, ret_result);
	if (r == 0)
		r = trim_new(&whole);
	if (r != 0)
		return r;
	struct gathering g = { .reader = reader,
			       .list = &list,
			       .depth = request->depth,
			       .whole = whole,
			       .result = ret_result };
	r = add_builds(&g);
	if (r == 0)
		r = count_series(&g);
	if (r == 0)
		r = encode(&g);
	if (r != 0)
		return r;
	make_etag(ret_result);
	judge(ret_result);
	return 0;
}
