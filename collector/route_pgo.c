/* SPDX-License-Identifier: Apache-2.0 */
/* GET /pgo/NAME?window=72h&depth=2&any=1 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "collector/routes.h"

#define HOUR	       (3600 * (int64_t)NSEC_PER_SEC)
#define DEFAULT_WINDOW (72 * HOUR)
#define MAX_WINDOW     (366 * 24 * HOUR)
#define MAX_DEPTH      1000u

struct arguments {
	struct curate_request request;
	bool any;
	char why[128]; /* "" while all is well */
};

/* "72h", "3d", "30m" */
static bool parse_window(const char *text, int64_t *ret_window)
{
	struct span rest = span_of(text, strlen(text));
	uint64_t n;

	if (!text_number(&rest, 10, &n) || rest.size != 1 || !n || n > 100000)
		return false;
	int64_t unit = rest.data[0] == 'd'   ? 24 * HOUR
		       : rest.data[0] == 'h' ? HOUR
		       : rest.data[0] == 'm' ? HOUR / 60
					     : 0;
	*ret_window = (int64_t)n * unit;
	return *ret_window > 0 && *ret_window <= MAX_WINDOW;
}

static bool parse_depth(const char *text, unsigned int *ret_depth)
{
	struct span rest = span_of(text, strlen(text));
	uint64_t n;

	if (!text_number(&rest, 10, &n) || rest.size || n == 1 || n > MAX_DEPTH)
		return false;
	*ret_depth = (unsigned int)n;
	return true;
}

static bool read_argument(void *context, const char *name, const char *value)
{
	struct arguments *a = context;

	if (!strcmp(name, "window")) {
		if (!parse_window(value, &a->request.window))
			strcpy(a->why, "window is a number of d, h or m, up to 366 days.");
	} else if (!strcmp(name, "depth")) {
		if (!parse_depth(value, &a->request.depth))
			strcpy(a->why, "depth is 0 for all locations, or from 2 to 1000.");
	} else if (!strcmp(name, "any")) {
		a->any = strcmp(value, "0") != 0;
	} else {
		strcpy(a->why, "Arguments are window, depth and any.");
	}
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
	time_t seconds = (time_t)(ns / (int64_t)NSEC_PER_SEC);
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		http_answer_field(a, name, text);
}

static void put_builds(struct http_answer *a, const struct curate_result *r)
{
	char text[HTTP_HEADER_SIZE];
	size_t at = 0;

	for (size_t i = 0; i < r->n_builds && i < CURATE_MAX_BUILDS && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? ", " : "",
				       r->builds[i]);
	if (at)
		http_answer_field(a, "X-Hone-Builds", text);
}

static void put_provenance(struct http_answer *a, const struct curate_result *r)
{
	char coverage[32];

	http_answer_field(a, "ETag", r->etag);
	http_answer_field(a, "Cache-Control", "no-cache");
	if (*r->package)
		http_answer_field(a, "X-Hone-Main-Package", r->package);
	http_answer_field(a, "X-Hone-Verdict", pgo_verdict_name(r->quality.verdict));
	snprintf(coverage, sizeof(coverage), "%.4f", r->quality.coverage);
	http_answer_field(a, "X-Hone-Coverage", coverage);
	put_number(a, "X-Hone-Samples", (size_t)r->quality.samples);
	put_number(a, "X-Hone-Profiles", r->n_profiles);
	put_number(a, "X-Hone-Instances", r->n_series);
	put_builds(a, r);
	put_time(a, "X-Hone-From", r->first);
	put_time(a, "X-Hone-Until", r->last);
	if (r->left_out)
		put_number(a, "X-Hone-Left-Out", r->left_out);
	if (r->unreadable)
		put_number(a, "X-Hone-Unreadable", r->unreadable);
}

/* ---- the answer -------------------------------------------------------------------------- */

/* RFC 9110 §13.1.2: a list of tags, or "*"; compared weakly. */
static bool has_tag(const char *list, const char *etag)
{
	struct span rest = span_of(list ? list : "", list ? strlen(list) : 0), tag;

	while (text_cut(&rest, ',', &tag)) {
		text_skip_blanks(&tag);
		text_skip(&tag, "W/");
		while (tag.size && tag.data[tag.size - 1] == ' ')
			tag.size--;
		if (span_equals(tag, etag) || span_equals(tag, "*"))
			return true;
	}
	return false;
}

static void give(const struct http_request *r, const struct curate_result *result,
		 struct http_answer *a)
{
	put_provenance(a, result);
	if (has_tag(http_header(r, "If-None-Match"), result->etag)) {
		a->status = 304;
		return;
	}
	a->status = 200;
	a->type = "application/octet-stream";
	buf_append(&a->body, result->pprof.data, result->pprof.size);
}

static void answer(struct collector *c, const struct http_request *r, const struct arguments *args,
		   struct http_answer *a)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;
	char text[CURATE_WHY_SIZE + 64];
	int made = curate_make(c->curate, &args->request, &result);

	switch (made) {
	case 0:
		break;
	case CURATE_E_NONE:
	case CURATE_E_AMBIGUOUS:
		http_answer_text(a, 404, result.why);
		return;
	case CURATE_E_BUSY:
		http_answer_text(a, 503, "Too many profiles are being made, try again.");
		http_answer_field(a, "Retry-After", "5");
		return;
	default:
		route_fail(c, a, "the profile could not be made", made);
		return;
	}
	if (result.good || args->any) {
		give(r, &result, a);
		return;
	}
	snprintf(text, sizeof(text), "Not good enough yet (?any=1 gives it all the same): %s",
		 result.why);
	put_provenance(a, &result);
	http_answer_text(a, 404, text);
}

void route_pgo(struct collector *c, const struct http_request *r, const char *name,
	       struct http_answer *a)
{
	struct arguments args = { .request = { .tenant = route_tenant(r),
					       .name = name,
					       .now = (int64_t)clock_realtime(),
					       .window = DEFAULT_WINDOW,
					       .depth = CURATE_DEPTH } };

	http_arguments(r, read_argument, &args);
	if (!args.request.tenant)
		strcpy(args.why, "X-Scope-OrgID is no name of a tenant.");
	if (*args.why)
		http_answer_text(a, 400, args.why);
	else if (!*name)
		http_answer_text(a, 404, "Ask for /pgo/ and a main package or a service.");
	else
		answer(c, r, &args, a);
}
