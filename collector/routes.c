/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "collector/access/access.h"

const char *route_tenant(const struct http_request *r)
{
	return http_note(r);
}

/* @text is escaped. */
static void put_error(struct http_answer *a, unsigned int status, const char *code,
		      const char *message)
{
	struct span rest = span_of(message, strlen(message));
	char text[ESCAPE_MAX];

	a->status = status;
	a->type = "application/json";
	buf_printf(&a->body, "{\"code\":\"%s\",\"message\":\"", code);
	while (rest.size) {
		size_t n = escape_next(&rest, text);

		buf_append(&a->body, text, n);
	}
	buf_append_text(&a->body, "\"}\n");
}

void route_refuse(struct http_answer *a, const struct refusal *why)
{
	put_error(a, refusal_status(why->code), refusal_name(why->code), why->text);
	if (why->code == REFUSAL_BUSY)
		http_answer_field(a, "Retry-After", "5");
}

void route_fail(struct collector *c, struct http_answer *a, const char *what, int error)
{
	struct refusal why;

	collector_say(c, LOG_LEVEL_ERROR, what, NULL, error < 0 ? error : 0);
	refuse(&why, REFUSAL_INTERNAL, "%s", what);
	route_refuse(a, &why);
}

static bool is_method(const struct http_request *r, const char *one, const char *other)
{
	return !strcmp(http_method(r), one) || !strcmp(http_method(r), other);
}

/* What there is, by path and methods. */
static const struct route {
	const char *path, *methods[2];
	void (*answer)(struct collector *c, const struct http_request *r, struct http_answer *a);
	enum access_need need;
} routes[] = {
	{ "/push.v1.PusherService/Push", { "POST", "POST" }, route_push, ACCESS_PUSH },
	{ "/ingest", { "POST", "POST" }, route_ingest, ACCESS_PUSH },
	{ "/pyroscope/ingest", { "POST", "POST" }, route_ingest, ACCESS_PUSH },
	{ "/profiles", { "POST", "PUT" }, route_profiles, ACCESS_PUSH },
	{ "/metrics", { "GET", "HEAD" }, route_metrics, ACCESS_READ_ALL },
};

/* ---- who may ask ------------------------------------------------------------------------- */

/* What is asked by POST, but changes nothing. */
static bool is_question(const char *path)
{
	static const char querier[] = "/querier.v1.QuerierService/";

	return !strncmp(path, querier, sizeof(querier) - 1);
}

/* What is not known here changes something, until somebody says otherwise. */
static enum access_need need_of(const struct http_request *r)
{
	const char *path = http_path(r);
	bool reads = is_method(r, "GET", "HEAD");

	if (reads &&
	    (!strcmp(path, "/healthz") || !strcmp(path, "/readyz") || !strcmp(path, "/ready")))
		return ACCESS_OPEN;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (!strcmp(path, routes[i].path) &&
		    is_method(r, routes[i].methods[0], routes[i].methods[1]))
			return routes[i].need;
	return reads || is_question(path) ? ACCESS_READ : ACCESS_ADMIN;
}

/* False: its tenant has pushed so much that it has to wait. */
static bool is_in_time(struct collector *c, const char *tenant, struct http_answer *ret_refusal)
{
	uint64_t wait = rate_wait(c->rate, tenant, clock_monotonic());
	char seconds[24];

	if (!wait)
		return true;
	meter_refused(c->meter, "rate");
	put_error(ret_refusal, 429, "resource_exhausted",
		  "this tenant pushes more than limits.tenant_rate allows, try again later");
	snprintf(seconds, sizeof(seconds), "%" PRIu64, wait);
	http_answer_field(ret_refusal, "Retry-After", seconds);
	return false;
}

bool routes_admit(void *context, struct http_request *r, struct http_answer *ret_refusal)
{
	struct collector *c = context;
	const struct access_request request = {
		.need = need_of(r),
		.authorization = http_header(r, "Authorization"),
		.tenant = http_header(r, "X-Scope-OrgID"),
		.host = http_header(r, "Host"),
		.origin = http_header(r, "Origin"),
	};
	struct access_answer answer;

	access_check(c->access, &request, &answer);
	http_set_note(r, answer.tenant);
	if (!answer.status)
		return request.need != ACCESS_PUSH || is_in_time(c, answer.tenant, ret_refusal);
	if (request.need == ACCESS_PUSH)
		meter_refused(c->meter, answer.code);
	put_error(ret_refusal, answer.status, answer.code, answer.why);
	if (answer.status == 401)
		http_answer_field(ret_refusal, "WWW-Authenticate",
				  "Basic realm=\"hone-collector\", charset=\"UTF-8\"");
	return false;
}

/* ---- refusals of the HTTP server --------------------------------------------------------- */

static bool is_connect(const char *path)
{
	static const char pusher[] = "/push.v1.PusherService/";

	return is_question(path) || !strncmp(path, pusher, sizeof(pusher) - 1);
}

void routes_refuse(void *context, const struct http_request *r, unsigned int status,
		   const char *why, struct http_answer *ret_refusal)
{
	const char *code = status == 413 || status == 431   ? "resource_exhausted"
			   : status == 403		    ? "permission_denied"
			   : status == 503		    ? "unavailable"
			   : status == 404 || status == 405 ? "unimplemented"
							    : "invalid_argument";

	(void)context;
	if (is_connect(http_path(r)))
		put_error(ret_refusal, status, code, why);
	else
		http_answer_text(ret_refusal, status, why);
}

/* ---- answers ----------------------------------------------------------------------------- */

void route_refuse_method(const struct http_request *r, const char *one, const char *other,
			 struct http_answer *a)
{
	routes_refuse(NULL, r, 405, "This method is not for this address.", a);
	http_answer_field(a, "Allow", one);
	if (strcmp(one, other) != 0)
		http_answer_field(a, "Allow", other);
}

static void answer_known(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	const char *path = http_path(r);

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		const struct route *to = &routes[i];

		if (strcmp(path, to->path) != 0)
			continue;
		if (to->need == ACCESS_PUSH)
			rate_charge(c->rate, route_tenant(r), http_body(r).size, clock_monotonic());
		if (is_method(r, to->methods[0], to->methods[1]))
			to->answer(c, r, a);
		else
			route_refuse_method(r, to->methods[0], to->methods[1], a);
		return;
	}
	routes_refuse(NULL, r, 404, "There is nothing here.", a);
}

void routes_answer(void *context, const struct http_request *r, struct http_answer *ret_answer)
{
	static const char pgo[] = "/pgo/", querier[] = "/querier.v1.QuerierService/";
	struct collector *c = context;
	const char *path = http_path(r);
	bool reads = is_method(r, "GET", "HEAD");

	if (reads && route_web(c, r, ret_answer))
		return;
	if (!strncmp(path, pgo, sizeof(pgo) - 1)) {
		route_pgo(c, r, path + sizeof(pgo) - 1, ret_answer);
	} else if (!strncmp(path, querier, sizeof(querier) - 1)) {
		route_query(c, r, path + sizeof(querier) - 1, ret_answer);
	} else if (reads && (!strcmp(path, "/ready") || !strcmp(path, "/readyz"))) {
		http_answer_text(ret_answer, 200, "ready");
	} else if (reads && !strcmp(path, "/healthz")) {
		http_answer_text(ret_answer, 200, "ok");
	} else {
		answer_known(c, r, ret_answer);
	}
}
