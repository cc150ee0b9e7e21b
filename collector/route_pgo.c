/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /pgo/NAME: the profile, or with ?explain what it is made of, which for a browser is on a page
 * (?explain=json: as for all others). Arguments: those of
 * collector/curate/policy.h, mode, build and label=NAME=VALUE (both repeatable), any.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "collector/asked.h"
#include "collector/ingest/labels.h"
#include "collector/route_pgo.h"
#include "collector/web/html.h"

struct arguments {
	struct curate_request request;
	char labels[CURATE_MAX_SELECTORS][LABEL_SET_MAX_NAME + 1]; /* names, cut off */
	bool any, explain, json, history;
	char why[256]; /* "" while all is well */
};

static void add_label(struct arguments *a, const char *value)
{
	struct curate_request *r = &a->request;

	r->standing = false;
	const char *equals = strchr(value, '=');

	if (!equals || equals == value || equals - value > (ptrdiff_t)LABEL_SET_MAX_NAME ||
	    r->n_labels == CURATE_MAX_SELECTORS) {
		strcpy(a->why, "label is NAME=VALUE, up to 8 times.");
		return;
	}
	char *name = a->labels[r->n_labels];
	text_copy(span_of(value, (size_t)(equals - value)), name, sizeof(a->labels[0]));
	r->labels[r->n_labels++] = (struct depot_label){ name, equals + 1 };
}

static void add_build(struct arguments *a, const char *value)
{
	a->request.standing = false;
	if (a->request.n_builds == CURATE_MAX_SELECTORS)
		strcpy(a->why, "build may be given up to 8 times.");
	else
		a->request.builds[a->request.n_builds++] = value;
}

void route_pgo_mode(struct curate_request *r, const char *value, char *ret_why)
{
	if (strlen(value) >= CURATE_TEXT_SIZE)
		strcpy(ret_why, "mode is up to 63 bytes.");
	r->mode = *value ? value : NULL;
}

static void set_policy(struct arguments *a, const char *name, const char *value)
{
	a->request.standing = false;
	switch (curate_policy_set(&a->request.policy, name, value)) {
	case 0:
		break;
	case CURATE_POLICY_E_UNKNOWN:
		snprintf(a->why, sizeof(a->why),
			 "Arguments are any, explain, history, build, label, mode, and the names "
			 "of a "
			 "policy (window, weight, ...), not %.60s.",
			 name);
		break;
	default:
		snprintf(a->why, sizeof(a->why), "%s is %s.", name, curate_policy_range(name));
	}
}

static void set_explain(struct arguments *a, const char *value)
{
	a->explain = strcmp(value, "0") != 0;
	a->json = !strcmp(value, "json");
}

static bool read_argument(void *context, const char *name, const char *value)
{
	struct arguments *a = context;

	if (!strcmp(name, "any"))
		a->any = strcmp(value, "0") != 0;
	else if (!strcmp(name, "explain"))
		set_explain(a, value);
	else if (!strcmp(name, "history"))
		a->history = strcmp(value, "0") != 0;
	else if (!strcmp(name, "build"))
		add_build(a, value);
	else if (!strcmp(name, "label"))
		add_label(a, value);
	else if (!strcmp(name, "mode"))
		route_pgo_mode(&a->request, value, a->why);
	else
		set_policy(a, name, value);
	return !*a->why;
}

/* ---- provenance -------------------------------------------------------------------------- */

static void put_number(struct http_answer *a, const char *name, size_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", n);
	http_answer_field(a, name, text);
}

static void put_time(struct http_answer *a, const char *name, int64_t ns)
{
	char text[CURATE_TIME_SIZE];

	if (curate_time_text(ns, text))
		http_answer_field(a, name, text);
}

static void put_builds(struct http_answer *a, const struct curate_explain *e)
{
	char text[HTTP_HEADER_SIZE] = "";
	size_t at = 0;

	for (size_t i = 0; i < e->n_builds && i < CURATE_MAX_BUILDS && at < sizeof(text); i++)
		if (e->builds[i].fate == CURATE_USED)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? ", " : "",
					       e->builds[i].id);
	if (at)
		http_answer_field(a, "X-Hone-Builds", text);
}

static void put_provenance(struct http_answer *a, const struct curate_explain *e, int64_t now)
{
	char text[64];
	int64_t age = (now - e->last) / (int64_t)NSEC_PER_SEC;

	http_answer_field(a, "ETag", e->etag);
	http_answer_field(a, "Cache-Control", "no-cache");
	if (*e->package)
		http_answer_field(a, "X-Hone-Main-Package", e->package);
	http_answer_field(a, "X-Hone-Verdict", pgo_verdict_name(e->quality.verdict));
	snprintf(text, sizeof(text), "%.4f", e->quality.coverage);
	http_answer_field(a, "X-Hone-Coverage", text);
	put_number(a, "X-Hone-Samples", (size_t)e->quality.samples);
	put_number(a, "X-Hone-Profiles", e->n_profiles);
	put_number(a, "X-Hone-Instances", e->n_instances);
	put_builds(a, e);
	put_time(a, "X-Hone-From", e->first);
	put_time(a, "X-Hone-Until", e->last);
	put_number(a, "X-Hone-Window", (size_t)(e->policy.window / (int64_t)NSEC_PER_SEC));
	put_number(a, "X-Hone-Age", age > 0 ? (size_t)age : 0);
	if (e->published.time)
		put_time(a, "X-Hone-Published", e->published.time);
	if (e->published.held) {
		snprintf(text, sizeof(text), "%.4f", e->published.overlap);
		http_answer_field(a, "X-Hone-Held", text);
	}
	if (e->left_out.too_many + e->left_out.overflow)
		put_number(a, "X-Hone-Left-Out", e->left_out.too_many + e->left_out.overflow);
	if (e->left_out.unreadable)
		put_number(a, "X-Hone-Unreadable", e->left_out.unreadable);
}

/* ---- the answer -------------------------------------------------------------------------- */

void route_pgo_give(const struct http_request *r, const struct curate_result *result, int64_t now,
		    struct http_answer *a)
{
	put_provenance(a, &result->explain, now);
	if (asked_has_etag(asked_text(http_header(r, "If-None-Match")), result->explain.etag)) {
		a->status = 304;
		return;
	}
	a->status = 200;
	a->type = "application/octet-stream";
	buf_append(&a->body, result->pprof.data, result->pprof.size);
}

void route_pgo_explain(struct collector *c, const struct curate_explain *e, int64_t now,
		       unsigned int status, struct http_answer *a)
{
	int r = curate_explain_json(e, now, &a->body);

	if (r != 0) {
		route_fail(c, a, "the explanation could not be written", r);
		return;
	}
	a->status = status;
	a->type = "application/json";
	http_answer_field(a, "Cache-Control", "no-cache");
}

static void refuse_it(const struct curate_result *result, int64_t now, struct http_answer *a)
{
	char text[CURATE_WHY_SIZE + 64];

	snprintf(text, sizeof(text), "Not good enough yet (?any=1 gives it all the same): %s",
		 result->explain.why);
	put_provenance(a, &result->explain, now);
	http_answer_text(a, 404, text);
}

static void fail(struct collector *c, int made, const char *why, struct http_answer *a)
{
	switch (made) {
	case CURATE_E_NONE:
	case CURATE_E_AMBIGUOUS:
		http_answer_text(a, 404, why);
		/* So that a client knows who says so, and looks no further. */
		http_answer_field(a, "X-Hone-Verdict", "none");
		http_answer_field(a, "Cache-Control", "no-cache");
		return;
	case CURATE_E_BUSY:
		http_answer_text(a, 503, "Too many profiles are being made, try again.");
		http_answer_field(a, "Retry-After", "5");
		return;
	default:
		route_fail(c, a, "the profile could not be made", made);
	}
}

bool route_pgo_make(struct collector *c, const struct curate_request *request, bool any,
		    struct curate_result *ret_result, struct http_answer *a)
{
	int made = curate_make(c->curate, request, ret_result);

	if (made != 0)
		fail(c, made, ret_result->explain.why, a);
	else if (!ret_result->explain.good && !any)
		refuse_it(ret_result, request->now, a);
	else
		return true;
	return false;
}

/* A browser is sent to the page that shows the same: without arguments, so none may be given. */
static bool send_to_page(const struct http_request *r, const struct arguments *args,
			 struct http_answer *a)
{
	_cleanup_(buf_fini) struct buf to = BUF_INIT(HTTP_HEADER_SIZE);

	http_answer_field(a, "Vary", "Accept");
	if (args->json || !args->request.standing || args->request.mode ||
	    !asked_page(asked_text(http_header(r, "Accept"))))
		return false;
	html(&to, "/service/");
	html_path(&to, args->request.name);
	buf_append(&to, "", 1);
	if (buf_error(&to))
		return false;
	http_answer_text(a, 303, "There is a page of it.");
	http_answer_field(a, "Location", (const char *)to.data);
	return true;
}

/* What it is made of, also where there is none: then with the status of that answer. */
static void explain(struct collector *c, const struct http_request *r, const struct arguments *args,
		    struct http_answer *a)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;

	if (send_to_page(r, args, a))
		return;
	int made = curate_make(c->curate, &args->request, &result);
	if (made == 0 || made == CURATE_E_NONE || made == CURATE_E_AMBIGUOUS)
		route_pgo_explain(c, &result.explain, args->request.now, made ? 404 : 200, a);
	else
		fail(c, made, "", a);
}

static void history(struct collector *c, const struct arguments *args, struct http_answer *a)
{
	int r = curate_list_history(c->depot, &args->request, &a->body);

	if (r != 0) {
		route_fail(c, a, "the history could not be read", r);
		return;
	}
	a->status = 200;
	a->type = "application/json";
	http_answer_field(a, "Cache-Control", "no-cache");
}

static void answer(struct collector *c, const struct http_request *r, const char *name,
		   struct http_answer *a)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;
	struct arguments args = { .request = { .tenant = route_tenant(r),
					       .name = name,
					       .now = (int64_t)clock_realtime(),
					       .standing = true } };

	curate_policy_of(c->curate, name, &args.request.policy);
	http_arguments(r, read_argument, &args);
	if (*args.why)
		http_answer_text(a, 400, args.why);
	else if (args.history)
		history(c, &args, a);
	else if (args.explain)
		explain(c, r, &args, a);
	else if (route_pgo_make(c, &args.request, args.any, &result, a))
		route_pgo_give(r, &result, args.request.now, a);
}

/* ---- which it is ------------------------------------------------------------------------- */

static void answer_tags(struct collector *c, const struct http_request *r, struct span name,
			struct span tag, struct http_answer *a)
{
	_cleanup_(freep) char *text = strndup((const char *)name.data, name.size);

	if (text)
		route_tags(c, r, text, (const char *)tag.data, a);
	else
		route_fail(c, a, "no memory", -ENOMEM);
}

/* A package may be called as if it was a tag of another: then it goes first. */
void route_pgo(struct collector *c, const struct http_request *r, const char *name,
	       struct http_answer *a)
{
	bool reads = !strcmp(http_method(r), "GET") || !strcmp(http_method(r), "HEAD");
	struct span of, tag;

	if (!*name)
		http_answer_text(a, 404, "Ask for /pgo/ and a main package or a service.");
	else if (asked_tag(asked_text(name), &of, &tag) &&
		 curate_knows(c->depot, route_tenant(r), name) != 0)
		answer_tags(c, r, of, tag, a);
	else if (reads)
		answer(c, r, name, a);
	else
		route_refuse_method(r, "GET", "HEAD", a);
}
