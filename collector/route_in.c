/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in. Each reads its own form of a request; all end in store(), and a request is stored
 * whole or not at all. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "collector/asked.h"
#include "collector/ingest/accept.h"
#include "collector/ingest/multipart.h"
#include "collector/ingest/push.h"
#include "collector/routes.h"

/* ---- storing ----------------------------------------------------------------------------- */

/* 0, INGEST_E_REFUSED or -errno. */
static int store(struct collector *c, const struct depot_profile *rows, size_t n, size_t *ret_added,
		 struct refusal *why)
{
	int r = depot_add(c->depot, rows, n, ret_added);

	switch (r) {
	case DEPOT_E_FULL:
		collector_say(c, LOG_LEVEL_ERROR, "disk is full, profiles are refused", NULL, 0);
		return refuse(why, REFUSAL_FULL, "the disk is full");
	case DEPOT_E_DAMAGED:
		collector_say(c, LOG_LEVEL_ERROR, "database is damaged", NULL, 0);
		return refuse(why, REFUSAL_INTERNAL, "the database is damaged");
	case 0:
		meter_stored(c->meter, *ret_added, n - *ret_added);
		return 0;
	default:
		return r;
	}
}

static int store_one(struct collector *c, const struct accept_input *in, size_t *ret_added,
		     struct refusal *why)
{
	_cleanup_(accepted_fini) struct accepted accepted = ACCEPTED_NULL;
	int r = accept_profile(in, &accepted, why);

	if (r == 0)
		r = store(c, &accepted.row, 1, ret_added, why);
	accepted.stored = r == 0;
	return r;
}

static void count(struct collector *c, int result, const struct refusal *why)
{
	static const char *const reasons[] = {
		[REFUSAL_INVALID] = "invalid",
		[REFUSAL_TOO_LARGE] = "too_large",
		[REFUSAL_UNSUPPORTED] = "unsupported",
		[REFUSAL_UNIMPLEMENTED] = "unsupported",
		[REFUSAL_FULL] = "disk_full",
		[REFUSAL_INTERNAL] = "internal",
		[REFUSAL_BUSY] = "busy",
	};

	if (result > 0)
		meter_refused(c->meter, reasons[why->code]);
	else if (result < 0)
		meter_refused(c->meter, "internal");
}

static void end(struct collector *c, struct http_answer *a, int result, const struct refusal *why)
{
	count(c, result, why);
	if (result > 0)
		route_refuse(a, why);
	if (result < 0)
		route_fail(c, a, "the profile could not be stored", result);
}

/* ---- push.v1.PusherService/Push ---------------------------------------------------------- */

enum codec { CODEC_PROTO, CODEC_JSON, CODEC_OTHER };

static enum codec codec_of(const struct http_request *r)
{
	if (route_has_type(r, "application/proto"))
		return CODEC_PROTO;
	return route_has_type(r, "application/json") ? CODEC_JSON : CODEC_OTHER;
}

static int accept_push(struct collector *c, const struct push *p, const char *tenant,
		       struct turn *turn, struct accepted *accepted, struct refusal *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_samples; i++) {
		const struct push_sample *s = &p->samples[i];
		const struct accept_input in = {
			.limits = &c->limits,
			.tenant = tenant,
			.labels = &p->series[s->series],
			.id = s->id,
			.pprof = s->pprof,
			.now = (int64_t)clock_realtime(),
			.briefs = c->briefs,
			.turn = turn,
		};

		r = accept_profile(&in, &accepted[i], why);
	}
	return r;
}

static int store_push(struct collector *c, const struct push *p, const char *tenant,
		      struct turn *turn, struct refusal *why)
{
	_cleanup_(freep) struct accepted *accepted = calloc(p->n_samples + 1, sizeof(*accepted));
	_cleanup_(freep) struct depot_profile *rows = calloc(p->n_samples + 1, sizeof(*rows));
	size_t added;

	if (!accepted || !rows)
		return -ENOMEM;
	if (p->n_samples > c->settings.limits.profiles)
		return refuse(why, REFUSAL_INVALID, "there are over %zu profiles in one request",
			      (size_t)c->settings.limits.profiles);
	int r = accept_push(c, p, tenant, turn, accepted, why);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		rows[i] = accepted[i].row;
	if (r == 0 && p->n_samples)
		r = store(c, rows, p->n_samples, &added, why);
	for (size_t i = 0; i < p->n_samples; i++) {
		accepted[i].stored = r == 0;
		accepted_fini(&accepted[i]);
	}
	return r;
}

void route_push(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	_cleanup_(turn_end) struct turn turn = { .of = &c->turns };
	_cleanup_(push_fini) struct push push = PUSH_NULL;
	_cleanup_(freep) uint8_t *memory = NULL;
	enum codec codec = codec_of(r);
	struct refusal why;
	struct span body;

	if (codec == CODEC_OTHER) {
		a->status = 415;
		http_answer_field(a, "Accept-Post", "application/json, application/proto");
		return;
	}
	int result = route_check_protocol(r, &why);
	if (result == 0)
		result = route_read_body(r, c->limits.raw, &turn, &memory, &body, &why);
	if (result == 0)
		result = codec == CODEC_PROTO ? push_parse_proto(body, &push, &why)
					      : push_parse_json(body, &push, &why);
	if (result == 0)
		result = store_push(c, &push, route_tenant(r), &turn, &why);
	if (result != 0) {
		end(c, a, result, &why);
		return;
	}
	a->status = 200;
	/* store/store.h: they need not be escaped for us. */
	http_answer_field(a, "X-Hone-Names", "verbatim");
	a->type = codec == CODEC_PROTO ? "application/proto" : "application/json";
	if (codec == CODEC_JSON)
		buf_append_text(&a->body, "{}");
}

/* ---- /ingest ----------------------------------------------------------------------------- */

static int read_name(const struct http_request *r, struct label_set *labels, struct refusal *why)
{
	const char *name = http_argument(r, "name");

	if (!name)
		return refuse(why, REFUSAL_INVALID, "the argument name is missing");
	int result = label_set_parse_name(labels, span_of(name, strlen(name)), why);
	return result ? result : label_set_finish(labels, why);
}

static int find_profile(const struct http_request *r, struct span body, struct span *ret_pprof,
			struct refusal *why)
{
	const char *type = http_header(r, "Content-Type");
	const char *format = http_argument(r, "format");

	if (format && *format && strcmp(format, "pprof") != 0)
		return refuse(why, REFUSAL_INVALID, "only profiles in format pprof are taken");
	*ret_pprof = body;
	if (multipart_is(type) && !multipart_find(type, body, "profile", ret_pprof))
		return refuse(why, REFUSAL_INVALID, "there is no part called profile");
	return 0;
}

void route_ingest(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	_cleanup_(turn_end) struct turn turn = { .of = &c->turns };
	_cleanup_(label_set_fini) struct label_set labels = LABEL_SET_NULL;
	_cleanup_(freep) uint8_t *memory = NULL;
	struct accept_input in = { .limits = &c->limits,
				   .labels = &labels,
				   .name_profile = true,
				   .from = asked_from(asked_text(http_argument(r, "from"))),
				   .now = (int64_t)clock_realtime(),
				   .briefs = c->briefs,
				   .turn = &turn };
	struct refusal why;
	size_t added;
	int result = route_check_protocol(r, &why);

	if (result == 0)
		result = read_name(r, &labels, &why);
	if (result == 0)
		result = route_read_body(r, c->limits.raw, &turn, &memory, &in.pprof, &why);
	if (result == 0)
		result = find_profile(r, in.pprof, &in.pprof, &why);
	in.tenant = route_tenant(r);
	bool is_profile = result == 0;
	if (is_profile)
		result = store_one(c, &in, &added, &why);
	end(c, a, result, &why);
	if (result == 0)
		a->status = 200;
	else if (is_profile && a->status == 400)
		a->status = 422; /* Pyroscope's, for a profile that cannot be read */
}

/* ---- /profiles --------------------------------------------------------------------------- */

struct arguments {
	struct label_set *labels;
	struct refusal *why;
	int result;
};

static bool read_argument(void *context, const char *name, const char *value)
{
	struct arguments *a = context;
	struct span text = span_of(value, strlen(value));

	if (!strcmp(name, "label"))
		a->result = label_set_parse_pair(a->labels, text, a->why);
	else if (!strcmp(name, "service_name"))
		a->result = label_set_add(a->labels, span_of(name, strlen(name)), text, a->why);
	else if (strcmp(name, "id") != 0)
		a->result = refuse(a->why, REFUSAL_INVALID,
				   "arguments are service_name, label and id, not %.50s", name);
	return a->result == 0;
}

static int read_arguments(const struct http_request *r, struct label_set *labels,
			  struct refusal *why)
{
	struct arguments a = { labels, why, 0 };

	http_arguments(r, read_argument, &a);
	if (a.result == 0)
		a.result = label_set_finish(labels, why);
	if (a.result == 0 && !*label_set_value(labels, "service_name") &&
	    !*label_set_value(labels, "main_package"))
		return refuse(why, REFUSAL_INVALID,
			      "say whose profile it is: ?service_name=NAME, or "
			      "?label=main_package=PATH");
	return a.result;
}

void route_profiles(struct collector *c, const struct http_request *r, struct http_answer *a)
{
	_cleanup_(turn_end) struct turn turn = { .of = &c->turns };
	_cleanup_(label_set_fini) struct label_set labels = LABEL_SET_NULL;
	_cleanup_(freep) uint8_t *memory = NULL;
	struct accept_input in = { .limits = &c->limits,
				   .labels = &labels,
				   .name_profile = true,
				   .id = http_argument(r, "id"),
				   .now = (int64_t)clock_realtime(),
				   .briefs = c->briefs,
				   .turn = &turn };
	struct refusal why;
	size_t added;
	int result = route_check_protocol(r, &why);

	if (result == 0)
		result = read_arguments(r, &labels, &why);
	if (result == 0)
		result = route_read_body(r, c->limits.raw, &turn, &memory, &in.pprof, &why);
	in.tenant = route_tenant(r);
	if (result == 0)
		result = store_one(c, &in, &added, &why);
	if (result != 0)
		end(c, a, result, &why);
	else
		http_answer_text(a, added ? 201 : 200, added ? "Stored." : "It is here already.");
}
