/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /pgo/NAME/tags: the tags of what was published for a name, as JSON.
 * /pgo/NAME/tags/TAG: GET what it holds; PUT lets it hold what is given now, or what was published
 * with ?etag=; DELETE lets it hold what it held before, or removes it with ?all=1.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/asked.h"
#include "collector/route_pgo.h"

struct arguments {
	struct curate_request request;
	const char *etag;
	bool all, explain;
	char why[128];
};

static bool read_argument(void *context, const char *name, const char *value)
{
	struct arguments *a = context;

	if (!strcmp(name, "mode"))
		route_pgo_mode(&a->request, value, a->why);
	else if (!strcmp(name, "etag"))
		a->etag = value;
	else if (!strcmp(name, "all"))
		a->all = strcmp(value, "0") != 0;
	else if (!strcmp(name, "explain"))
		a->explain = strcmp(value, "0") != 0;
	else
		strcpy(a->why, "Arguments are mode, explain, and etag (PUT) or all (DELETE).");
	return !*a->why;
}

static void fail(struct collector *c, struct http_answer *a, int r)
{
	switch (r) {
	case CURATE_E_NONE:
		http_answer_text(a, 404,
				 "There is no such tag, and nothing published with this ETag.");
		break;
	case CURATE_E_FULL:
		http_answer_text(a, 507, "The disk is full, or there are 200 tags already.");
		break;
	default:
		route_fail(c, a, "the tag could not be used", r);
	}
}

static void give(struct collector *c, const struct http_request *r, const struct arguments *args,
		 const char *tag, struct http_answer *a)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;
	int made = curate_tagged(c->depot, &args->request, tag, &result);

	if (made != 0)
		fail(c, a, made);
	else if (args->explain)
		route_pgo_explain(c, &result.explain, args->request.now, 200, a);
	else
		route_pgo_give(r, &result, args->request.now, a);
	if (made == 0)
		http_answer_field(a, "X-Hone-Tag", tag);
}

/* What is given now, as its ETag. False: it is said why not. */
static bool find_current(struct collector *c, struct arguments *args, char to[CURATE_ETAG_SIZE],
			 struct http_answer *a)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;

	args->request.standing = true;
	curate_policy_of(c->curate, args->request.name, &args->request.policy);
	if (!route_pgo_make(c, &args->request, false, &result, a))
		return false;
	snprintf(to, CURATE_ETAG_SIZE, "%s", result.explain.etag);
	return true;
}

static void pin(struct collector *c, struct arguments *args, const char *tag, struct http_answer *a)
{
	char etag[CURATE_ETAG_SIZE];

	if (args->etag)
		asked_etag(asked_text(args->etag), etag, sizeof(etag));
	else if (!find_current(c, args, etag, a))
		return;
	int r = curate_pin(c->depot, &args->request, tag, etag);
	if (r != 0) {
		fail(c, a, r);
		return;
	}
	http_answer_text(a, 200, "Pinned.");
	http_answer_field(a, "ETag", etag);
}

static void unpin(struct collector *c, const struct arguments *args, const char *tag,
		  struct http_answer *a)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;
	int r = curate_unpin(c->depot, &args->request, tag, args->all);

	if (r == 0)
		r = curate_tagged(c->depot, &args->request, tag, &result);
	else if (r == CURATE_E_NONE)
		fail(c, a, r);
	if (r == 0) {
		http_answer_text(a, 200, "Rolled back.");
		http_answer_field(a, "ETag", result.explain.etag);
	} else if (r == CURATE_E_NONE && !a->status) {
		http_answer_text(a, 200, "Removed.");
	} else if (r != CURATE_E_NONE) {
		fail(c, a, r);
	}
}

static void refuse_method(struct http_answer *a, const char *allowed)
{
	http_answer_text(a, 405, "This method is not for this address.");
	http_answer_field(a, "Allow", allowed);
}

static void use_tag(struct collector *c, const struct http_request *r, struct arguments *args,
		    const char *tag, struct http_answer *a)
{
	const char *method = http_method(r);

	if (!curate_tag_valid(tag))
		http_answer_text(a, 400,
				 "A tag is 1 to 100 letters, digits, dots, dashes and "
				 "underscores, and begins with no dot.");
	else if (!strcmp(method, "PUT"))
		pin(c, args, tag, a);
	else if (!strcmp(method, "DELETE"))
		unpin(c, args, tag, a);
	else if (!strcmp(method, "GET") || !strcmp(method, "HEAD"))
		give(c, r, args, tag, a);
	else
		refuse_method(a, "GET, HEAD, PUT, DELETE");
}

static void list_tags(struct collector *c, const struct http_request *r,
		      const struct arguments *args, struct http_answer *a)
{
	if (strcmp(http_method(r), "GET") != 0 && strcmp(http_method(r), "HEAD") != 0) {
		refuse_method(a, "GET, HEAD");
		return;
	}
	int result = curate_list_tags(c->depot, &args->request, &a->body);
	if (result != 0) {
		fail(c, a, result);
		return;
	}
	a->status = 200;
	a->type = "application/json";
	http_answer_field(a, "Cache-Control", "no-cache");
}

void route_tags(struct collector *c, const struct http_request *r, const char *name,
		const char *tag, struct http_answer *a)
{
	struct arguments args = { .request = { .tenant = route_tenant(r),
					       .name = name,
					       .now = (int64_t)clock_realtime() } };

	http_arguments(r, read_argument, &args);
	if (*args.why)
		http_answer_text(a, 400, args.why);
	else if (tag)
		use_tag(c, r, &args, tag, a);
	else
		list_tags(c, r, &args, a);
}
