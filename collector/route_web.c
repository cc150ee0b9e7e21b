/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages: /, /service/NAME, /ingest; and what they are drawn with: /flame/NAME, /verdict/NAME,
 * /assets/FILE.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collector/asked.h"
#include "collector/query/cpu.h"
#include "collector/routes.h"
#include "collector/web/flame.h"
#include "collector/web/ingest.h"
#include "collector/web/page.h"
#include "collector/web/service.h"

#define NSEC	    ((int64_t)NSEC_PER_SEC)
#define HOUR	    (3600 * NSEC)
#define LIST_WINDOW (7 * 24 * HOUR)
/*
 * What a page makes itself of profiles of a service: of more bytes than this only what is there
 * already, and of all services no more than is made in this time. page.js asks for the rest.
 */
#define JUDGE_BYTES    ((int64_t)4 << 20)
#define JUDGE_TIME     (300 * NSEC_PER_MSEC)
#define FLAME_TIME     (30 * NSEC_PER_SEC)
#define FLAME_PATIENCE (2 * NSEC_PER_SEC)

/* ---- answers ----------------------------------------------------------------------------- */

/* What holds for everything that a browser shows. */
static void harden(struct http_answer *a)
{
	http_answer_field(a, "Content-Security-Policy", PAGE_POLICY);
	http_answer_field(a, "Referrer-Policy", "no-referrer");
	http_answer_field(a, "Cross-Origin-Opener-Policy", "same-origin");
	http_answer_field(a, "Cross-Origin-Resource-Policy", "same-origin");
}

static void finish(const struct http_request *r, struct http_answer *a, const char *type)
{
	if (!a->status)
		a->status = 200;
	a->type = type;
	http_answer_field(a, "Cache-Control", "private, no-cache");
	http_answer_field(a, "Vary", "Accept-Encoding");
	harden(a);
	route_compress(r, a);
}

static void give_page(const struct http_request *r, struct http_answer *a)
{
	finish(r, a, "text/html; charset=utf-8");
}

static void give_notice(const struct http_request *r, struct http_answer *a, unsigned int status,
			const char *title, const char *sentence)
{
	a->status = status;
	page_notice(&a->body, title, sentence);
	give_page(r, a);
}

static void give_trouble(struct collector *c, const struct http_request *r, struct http_answer *a,
			 int error)
{
	collector_say(c, LOG_LEVEL_ERROR, "a page could not be made", NULL, error < 0 ? error : 0);
	give_notice(r, a, 500, "Something went wrong",
		    "The page could not be made. The log of hone-collector says why.");
}

static void give_asset(const struct http_request *r, const struct asset *asset,
		       struct http_answer *a)
{
	bool packed = route_takes_gzip(r);
	struct span body = packed ? asset->gzip : asset->plain;

	a->status = 200;
	a->type = asset->type;
	if (packed)
		http_answer_field(a, "Content-Encoding", "gzip");
	http_answer_field(a, "Vary", "Accept-Encoding");
	http_answer_field(a, "Cache-Control", "public, max-age=31536000, immutable");
	harden(a);
	buf_append(&a->body, body.data, body.size);
}

/* ---- verdicts ---------------------------------------------------------------------------- */

static int make_profile(struct collector *c, const struct http_request *r, const char *name,
			int64_t now, bool waits, struct curate_result *ret_result)
{
	struct curate_request request = { .tenant = route_tenant(r), .name = name, .now = now };

	curate_policy_of(c->curate, name, &request.policy);
	if (!waits)
		return curate_peek(c->curate, &request, ret_result);
	return curate_make(c->curate, &request, ret_result);
}

static int judge(struct collector *c, const struct http_request *r, const char *name, int64_t now,
		 bool waits, struct service *ret_service)
{
	_cleanup_(curate_result_fini) struct curate_result result = CURATE_RESULT_NULL;
	int made = make_profile(c, r, name, now, waits, &result);

	if (made < 0 || made == CURATE_E_BUSY || made == CURATE_E_DAMAGED)
		return made;
	ret_service->state = made == 0 ? SERVICE_JUDGED : SERVICE_NONE;
	ret_service->verdict = result.explain.quality.verdict;
	ret_service->coverage = result.explain.quality.coverage;
	snprintf(ret_service->why, sizeof(ret_service->why), "%s", result.explain.why);
	return 0;
}

static void judge_all(struct collector *c, const struct http_request *r,
		      const struct depot_programs *programs, int64_t now, struct services *s)
{
	uint64_t until = clock_monotonic() + JUDGE_TIME;
	int result = 0;

	for (size_t i = 0; result >= 0 && i < s->n && i < SERVICES_MAX; i++) {
		struct service *one = &s->list[i];
		bool waits = one->bytes <= JUDGE_BYTES && clock_monotonic() < until;

		result = judge(c, r, service_key(programs, one), now, waits, one);
	}
}

static void fail_verdict(struct collector *c, struct http_answer *a, int result)
{
	struct refusal why;

	if (result != CURATE_E_BUSY) {
		route_fail(c, a, "the profile could not be judged", result);
		return;
	}
	refuse(&why, REFUSAL_BUSY, "too many profiles are being made, try again");
	route_refuse(a, &why);
}

static void answer_verdict(struct collector *c, const struct http_request *r, const char *name,
			   struct http_answer *a)
{
	struct service service = { 0 };
	int result = judge(c, r, name, (int64_t)clock_realtime(), true, &service);

	if (result != 0) {
		fail_verdict(c, a, result);
		harden(a);
		return;
	}
	service_write_verdict(&a->body, &service);
	finish(r, a, "application/json");
}

/* ---- services ---------------------------------------------------------------------------- */

static int list_programs(struct collector *c, const struct http_request *r, const char *name,
			 int64_t now, struct depot_programs *ret_programs)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int result = depot_reader_open(c->depot, &reader);

	if (result == 0)
		result = depot_list_programs(reader, route_tenant(r), name, now - LIST_WINDOW,
					     ret_programs);
	return result;
}

static void answer_services(struct collector *c, const struct http_request *r,
			    struct http_answer *a)
{
	_cleanup_(depot_programs_fini) struct depot_programs programs = DEPOT_PROGRAMS_NULL;
	_cleanup_(services_fini) struct services services = SERVICES_NULL;
	const struct services_page page = { .programs = &programs,
					    .services = &services,
					    .now = (int64_t)clock_realtime(),
					    .window = LIST_WINDOW };
	int result = list_programs(c, r, NULL, page.now, &programs);

	if (result == 0)
		result = services_make(&programs, &services);
	if (result != 0) {
		give_trouble(c, r, a, result);
		return;
	}
	judge_all(c, r, &programs, page.now, &services);
	services_write(&a->body, &page);
	give_page(r, a);
}

/* ---- one service ------------------------------------------------------------------------- */

static const char *argument(const struct http_request *r, const char *name, const char *otherwise)
{
	const char *value = http_argument(r, name);

	return value ? value : otherwise;
}

static void read_choices(const struct http_request *r, struct service_choice *ret_shown,
			 struct service_choice *ret_before, bool *ret_compares)
{
	*ret_shown = (struct service_choice){ .build = argument(r, "build", ""),
					      .window = argument(r, "window", "24h"),
					      .ago = argument(r, "ago", "0h") };
	*ret_before = (struct service_choice){ .build = argument(r, "build2", ""),
					       .window = argument(r, "window2", ret_shown->window),
					       .ago = argument(r, "ago2", "0h") };
	*ret_compares = !strcmp(argument(r, "compare", ""), "1");
}

static void explain(struct collector *c, const struct http_request *r, struct service_page *page,
		    struct curate_result *result)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < page->programs->n; i++)
		bytes = services_add(bytes, page->programs->rows[i].bytes);
	bool waits = bytes <= JUDGE_BYTES || !strcmp(argument(r, "wait", ""), "1");
	int made = make_profile(c, r, page->name, page->now, waits, result);

	page->waits = !waits && made == CURATE_E_BUSY;
	if (made == 0)
		page->explain = &result->explain;
	else if (made == CURATE_E_NONE || made == CURATE_E_AMBIGUOUS)
		page->trouble = result->explain.why;
	else if (made == CURATE_E_BUSY)
		page->trouble = "Too many profiles are being made, try again.";
	else
		collector_say(c, LOG_LEVEL_ERROR, "the profile could not be made", NULL,
			      made < 0 ? made : 0);
}

static int add_edition(void *context, const struct depot_edition *e)
{
	return history_add_edition(context, e);
}

static int add_tag(void *context, const struct depot_pin *pin)
{
	history_add_tag(context, pin);
	return 0;
}

/* Builds ask by the main package, where it is known. */
static int read_history(struct collector *c, const struct http_request *r,
			struct service_page *page, struct history *history)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	const struct curate_explain *e = page->explain;
	int result = depot_reader_open(c->depot, &reader);

	page->key = e && *e->package ? e->package : page->name;
	page->history = history;
	const struct depot_line line = { route_tenant(r), page->key, "" };
	if (result == 0)
		result = depot_editions(reader, &line, add_edition, history);
	if (result == 0)
		result = depot_tags(reader, &line, add_tag, history);
	return result;
}

static void answer_service(struct collector *c, const struct http_request *r, const char *name,
			   struct http_answer *a)
{
	_cleanup_(depot_programs_fini) struct depot_programs programs = DEPOT_PROGRAMS_NULL;
	_cleanup_(curate_result_fini) struct curate_result made = CURATE_RESULT_NULL;
	_cleanup_(freep) struct history *history = NULL;
	struct service_page page = { .name = name,
				     .programs = &programs,
				     .now = (int64_t)clock_realtime(),
				     .window = LIST_WINDOW,
				     .trouble = "It could not be made. The log of hone-collector "
						"says why." };
	int result = list_programs(c, r, name, page.now, &programs);

	if (result != 0) {
		give_trouble(c, r, a, result);
		return;
	}
	if (!programs.n) {
		give_notice(r, a, 404, name, "No CPU profile of it came in the last 7 days.");
		return;
	}
	explain(c, r, &page, &made);
	history = calloc(1, sizeof(*history));
	result = history ? read_history(c, r, &page, history) : -ENOMEM;
	if (result != 0) {
		give_trouble(c, r, a, result);
		return;
	}
	read_choices(r, &page.shown, &page.before, &page.compares);
	service_write(&a->body, &page);
	give_page(r, a);
}

/* ---- flame graph ------------------------------------------------------------------------- */

static bool make_side(const struct service_choice *choice, int64_t now, struct cpu_side *ret_side)
{
	int64_t window, ago;

	if (!asked_duration(asked_text(choice->window), 1, &window) ||
	    !asked_duration(asked_text(choice->ago), 0, &ago))
		return false;
	*ret_side = (struct cpu_side){ .build = choice->build,
				       .since = now - ago - window,
				       .until = ago ? now - ago : INT64_MAX };
	return true;
}

static bool read_request(const struct http_request *r, const char *name,
			 struct cpu_request *ret_request)
{
	struct service_choice shown, before;
	bool compares;

	read_choices(r, &shown, &before, &compares);
	*ret_request = (struct cpu_request){ .tenant = route_tenant(r),
					     .name = name,
					     .n_sides = compares ? 2 : 1,
					     .max_nodes = FLAME_MAX_NODES,
					     .now = (int64_t)clock_realtime(),
					     .deadline = clock_monotonic() + FLAME_TIME,
					     .patience = FLAME_PATIENCE };
	return make_side(&shown, ret_request->now, &ret_request->sides[0]) &&
	       (!compares || make_side(&before, ret_request->now, &ret_request->sides[1]));
}

static void answer_flame(struct collector *c, const struct http_request *r, const char *name,
			 struct http_answer *a)
{
	_cleanup_(cpu_answer_fini) struct cpu_answer answer = CPU_ANSWER_NULL;
	struct cpu_request request;
	struct refusal why = { .code = REFUSAL_INTERNAL };
	int result;

	if (read_request(r, name, &request))
		result = query_cpu(c->query, &request, &answer, &why);
	else
		result = refuse(&why, REFUSAL_INVALID,
				"window and ago are a number of d, h or m, up to 366 days");
	if (result == 0)
		result = flame_write(&a->body, &answer);
	if (result > 0)
		route_refuse(a, &why);
	else if (result < 0)
		route_fail(c, a, "the flame graph could not be made", result);
	finish(r, a, "application/json");
}

/* ---- ingest ------------------------------------------------------------------------------ */

static void add_hour(void *context, const struct depot_hour *hour)
{
	struct ingest_page *p = context;
	int64_t at = (p->hours[0].start - hour->start) / DEPOT_HOUR;

	if (at >= 0 && at < (int64_t)INGEST_HOURS)
		p->hours[at] = *hour;
}

static int read_ingest(struct collector *c, const struct http_request *r, struct ingest_page *p)
{
	_cleanup_(depot_reader_closep) struct depot_reader *reader = NULL;
	int result = depot_reader_open(c->depot, &reader);

	for (size_t i = 0; i < INGEST_HOURS; i++)
		p->hours[i].start = (p->now / DEPOT_HOUR - (int64_t)i) * DEPOT_HOUR;
	if (result == 0)
		result = depot_extent(reader, route_tenant(r), &p->extent);
	if (result == 0)
		result = depot_each_hour(reader, route_tenant(r), p->hours[INGEST_HOURS - 1].start,
					 add_hour, p);
	return result;
}

static void answer_health(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	_cleanup_(depot_programs_fini) struct depot_programs programs = DEPOT_PROGRAMS_NULL;
	_cleanup_(services_fini) struct services services = SERVICES_NULL;
	struct meter_intake intake;
	struct ingest_page page = { .now = (int64_t)clock_realtime(),
				    .programs = &programs,
				    .services = &services };
	int result = list_programs(c, r, NULL, page.now, &programs);

	if (result == 0)
		result = services_make(&programs, &services);
	if (result == 0)
		result = read_ingest(c, r, &page);
	if (result != 0) {
		give_trouble(c, r, a, result);
		return;
	}
	meter_intake(c->meter, &intake);
	/* With tokens there may be tenants who are not to know of each other. */
	page.intake = access_wants_tokens(c->access) ? NULL : &intake;
	ingest_write(&a->body, &page);
	give_page(r, a);
}

/* ---- where to ---------------------------------------------------------------------------- */

static const struct page_of {
	const char *prefix;
	void (*answer)(struct collector *c, const struct http_request *r, const char *name,
		       struct http_answer *a);
} pages_of[] = {
	{ "/service/", answer_service },
	{ "/flame/", answer_flame },
	{ "/verdict/", answer_verdict },
};

bool route_web(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	const char *path = http_path(r);
	const struct asset *asset = asset_find(path);

	if (asset) {
		give_asset(r, asset, a);
		return true;
	}
	if (!strcmp(path, "/")) {
		answer_services(c, r, a);
		return true;
	}
	if (!strcmp(path, "/ingest")) {
		answer_health(c, r, a);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(pages_of); i++) {
		size_t n = strlen(pages_of[i].prefix);

		if (strncmp(path, pages_of[i].prefix, n) != 0 || !path[n])
			continue;
		pages_of[i].answer(c, r, path + n, a);
		return true;
	}
	return false;
}
