/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/publish.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "pgo/hotset.h"

/* ---- agreement --------------------------------------------------------------------------- */

static int compare_edges(const struct pgo_edges *a, const struct pgo_edge *x,
			 const struct pgo_edges *b, const struct pgo_edge *y)
{
	int order =
		strcmp(pgo_names_text(&a->names, x->caller), pgo_names_text(&b->names, y->caller));

	if (order == 0)
		order = strcmp(pgo_names_text(&a->names, x->callee),
			       pgo_names_text(&b->names, y->callee));
	return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static int by_name(const void *a, const void *b, void *context)
{
	return compare_edges(context, a, context, b);
}

/* The hot edges by name: a copy. */
static struct pgo_edge *hot_of(struct pgo_edges *e, size_t *ret_n, double *ret_weight)
{
	size_t n = pgo_hot_edges(e);
	struct pgo_edge *hot = reallocarray(NULL, n + 1, sizeof(*hot));

	*ret_n = n;
	*ret_weight = 0;
	if (!hot)
		return NULL;
	memcpy(hot, e->edges, n * sizeof(*hot));
	for (size_t i = 0; i < n; i++)
		*ret_weight += (double)hot[i].weight;
	qsort_r(hot, n, sizeof(*hot), by_name, e);
	return hot;
}

int publish_overlap(struct pgo_edges *a, struct pgo_edges *b, double *ret_overlap)
{
	size_t n_a, n_b, i = 0, k = 0;
	double all_a, all_b, sum = 0;
	_cleanup_(freep) struct pgo_edge *hot_a = hot_of(a, &n_a, &all_a);
	_cleanup_(freep) struct pgo_edge *hot_b = hot_of(b, &n_b, &all_b);

	if (!hot_a || !hot_b)
		return -ENOMEM;
	while (i < n_a && k < n_b) {
		int order = compare_edges(a, &hot_a[i], b, &hot_b[k]);

		if (order == 0) {
			double x = (double)hot_a[i].weight / all_a;
			double y = (double)hot_b[k].weight / all_b;

			sum += x < y ? x : y;
		}
		i += order <= 0;
		k += order >= 0;
	}
	*ret_overlap = sum > 1 ? 1 : sum;
	return 0;
}

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

/* 0, 1: one of them cannot be read, or has no edges; or -errno. */
static int compare(const struct buf *x, const struct buf *y, double *ret_overlap)
{
	_cleanup_(profile_freep) struct pprof_profile *p = NULL, *q = NULL;
	_cleanup_(pgo_edges_freep) struct pgo_edges *a = NULL, *b = NULL;
	int r = pprof_decode(x->data, x->size, NULL, &p, NULL);

	if (r == 0)
		r = pprof_decode(y->data, y->size, NULL, &q, NULL);
	if (r == 0)
		r = pgo_edges_new(p, &a);
	if (r == 0)
		r = pgo_edges_new(q, &b);
	if (r == 0)
		r = publish_overlap(a, b, ret_overlap);
	return r > 0 ? 1 : r;
}

/* ---- the last one ------------------------------------------------------------------------ */

int publish_outcome(int r)
{
	switch (r) {
	case DEPOT_E_NONE:
		return CURATE_E_NONE;
	case DEPOT_E_FULL:
	case DEPOT_E_TAGS:
		return CURATE_E_FULL;
	default:
		return r > 0 ? CURATE_E_DAMAGED : r;
	}
}

struct depot_line publish_line(const struct curate_request *request)
{
	return (struct depot_line){ request->tenant, request->name,
				    request->mode ? request->mode : "" };
}

int publish_unpack(struct depot_edition *e, struct curate_result *ret_result)
{
	int r = curate_explain_read(span_of(e->note.data, e->note.size), &ret_result->explain);

	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	snprintf(ret_result->explain.etag, CURATE_ETAG_SIZE, "%.35s", e->etag);
	ret_result->explain.published.time = e->time;
	buf_fini(&ret_result->pprof);
	ret_result->pprof = e->pprof;
	e->pprof = (struct buf){ .limit = e->pprof.limit };
	return 0;
}

/* @last instead of what is in @result. */
static int hold(struct depot_edition *last, double overlap, struct curate_result *result)
{
	struct curate_result held = CURATE_RESULT_NULL;
	int r = publish_unpack(last, &held);

	if (r != 0) {
		curate_result_fini(&held);
		return r;
	}
	held.explain.published.held = true;
	held.explain.published.overlap = overlap;
	memcpy(held.explain.published.fresh_etag, result->explain.etag, CURATE_ETAG_SIZE);
	held.explain.policy = result->explain.policy;
	curate_result_fini(result);
	*result = held;
	return 0;
}

static bool may_hold(const struct curate_request *request, const struct depot_edition *last,
		     const struct buf *policy, const struct curate_explain *was,
		     const struct curate_explain *is)
{
	return request->policy.hold > 0 && request->now - last->time < request->policy.max_hold &&
	       last->policy.size == policy->size &&
	       !memcmp(last->policy.data, policy->data, policy->size) &&
	       is->quality.verdict <= was->quality.verdict;
}

static int publish(struct depot *d, const struct curate_request *request, struct buf *policy,
		   struct curate_result *result)
{
	const struct depot_line line = publish_line(request);
	struct depot_edition e = DEPOT_EDITION_NULL;
	struct curate_explain *explain = &result->explain;

	/* As it is read back later: in whole seconds. */
	explain->published.time = request->now - request->now % 1000000000;
	e.time = explain->published.time;
	snprintf(e.etag, sizeof(e.etag), "%s", explain->etag);
	int r = curate_explain_json(explain, request->now, &e.note);
	struct depot_edition borrowed = e;
	borrowed.policy = *policy;
	borrowed.pprof = result->pprof;
	if (r == 0)
		r = depot_publish(d, &line, &borrowed);
	if (r != 0)
		explain->published.time = 0;
	depot_edition_fini(&e);
	return publish_outcome(r);
}

/* In hexadecimal, the first 8 bytes. */
static void print_digest(struct span text, struct buf *to)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, text.size, text.data);
	sha256_digest(&h, sizeof(digest), digest);
	for (size_t i = 0; i < 8; i++)
		buf_printf(to, "%02x", digest[i]);
}

static int print_policy(const struct curate_request *request, const struct cold_list *cold,
			struct buf *to)
{
	curate_policy_print(&request->policy, to);
	if (cold) {
		buf_append_text(to, " list=");
		print_digest(cold_text(cold), to);
	}
	return buf_error(to);
}

/* What was published before is there, in @last. */
static int settle(struct depot *d, const struct curate_request *request, struct buf *policy,
		  struct depot_edition *last, struct curate_result *result)
{
	struct curate_explain *is = &result->explain, was;
	int r = curate_explain_read(span_of(last->note.data, last->note.size), &was);

	if (r < 0)
		return r;
	if (!strcmp(last->etag, is->etag)) {
		is->published = was.published;
		is->published.time = last->time;
		return 0;
	}
	r = compare(&last->pprof, &result->pprof, &is->published.overlap);
	if (r < 0)
		return r;
	if (r == 0 && may_hold(request, last, policy, &was, is) &&
	    is->published.overlap >= request->policy.hold)
		return hold(last, is->published.overlap, result);
	snprintf(is->published.previous_etag, CURATE_ETAG_SIZE, "%.35s", last->etag);
	is->published.previous_time = last->time;
	return publish(d, request, policy, result);
}

int publish_settle(struct depot *d, const struct curate_request *request,
		   const struct cold_list *cold, struct curate_result *result)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	_cleanup_(depot_edition_fini) struct depot_edition last = DEPOT_EDITION_NULL;
	_cleanup_(buf_fini) struct buf policy = BUF_INIT(8192);
	const struct depot_line line = publish_line(request);
	int r = print_policy(request, cold, &policy);

	if (r == 0)
		r = depot_reader_open(d, &reader);
	if (r != 0)
		return publish_outcome(r);
	r = depot_edition(reader, &line, NULL, &last);
	reader = depot_reader_close(reader);
	if (r == DEPOT_E_NONE)
		return publish(d, request, &policy, result);
	if (r != 0)
		return publish_outcome(r);
	return settle(d, request, &policy, &last, result);
}
