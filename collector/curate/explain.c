/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/explain.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

const char *curate_fate_name(enum curate_fate fate)
{
	static const char *const names[] = {
		[CURATE_USED] = "used",		  [CURATE_NOT_NEEDED] = "not needed",
		[CURATE_NOT_ASKED] = "not asked", [CURATE_CANARY] = "canary",
		[CURATE_TOO_MANY] = "too many",	  [CURATE_UNUSABLE] = "unusable",
	};

	return names[fate];
}

/* Labels and names are other people's: what is no UTF-8 becomes "?", where jansson would fail. */
static json_t *text(const char *from)
{
	char clean[CURATE_WHY_SIZE];
	json_t *json = json_string(from);

	if (json)
		return json;
	size_t n = strlen(from);
	n = n < sizeof(clean) ? n : sizeof(clean) - 1;
	for (size_t i = 0; i < n; i++)
		clean[i] = (unsigned char)from[i] < 128 ? from[i] : '?';
	clean[n] = '\0';
	return json_string(clean);
}

bool curate_time_text(int64_t ns, char ret_text[CURATE_TIME_SIZE])
{
	time_t seconds = (time_t)(ns / (int64_t)NSEC_PER_SEC);
	struct tm tm;

	return gmtime_r(&seconds, &tm) &&
	       strftime(ret_text, CURATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static json_t *when(int64_t ns)
{
	char out[CURATE_TIME_SIZE];

	return curate_time_text(ns, out) ? json_string(out) : json_null();
}

/* A profile may have come from a clock that is ahead. */
static json_t *age(int64_t now, int64_t then)
{
	return json_real(now > then ? (double)(now - then) / (double)NSEC_PER_SEC : 0);
}

static json_t *seconds(int64_t ns)
{
	return json_real((double)ns / (double)NSEC_PER_SEC);
}

/* All setters below leave it to the end to ask whether there was memory. */
static void put(json_t *to, const char *name, json_t *value)
{
	json_object_set_new(to, name, value);
}

static void put_number(json_t *to, const char *name, size_t n)
{
	put(to, name, json_integer((json_int_t)n));
}

static json_t *builds(const struct curate_explain *e)
{
	json_t *all = json_array();

	for (size_t i = 0; i < e->n_builds && i < CURATE_MAX_BUILDS; i++) {
		const struct curate_build *b = &e->builds[i];
		json_t *one = json_object();

		put(one, "id", text(b->id));
		put(one, "fate", json_string(curate_fate_name(b->fate)));
		put(one, "first", when(b->first));
		put(one, "last", b->profiles ? when(b->last) : json_null());
		put_number(one, "instances", b->instances);
		put_number(one, "profiles", b->profiles);
		put(one, "cpu_seconds", seconds(b->cpu));
		put(one, "samples", json_integer(b->samples));
		put(one, "weight", json_real(b->factor));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *modes(const struct curate_explain *e)
{
	json_t *all = json_array();

	for (size_t i = 0; i < e->n_modes; i++) {
		const struct curate_mode *m = &e->modes[i];
		json_t *one = json_object();

		if (!m->profiles) {
			json_decref(one);
			continue;
		}
		put(one, "name", text(m->name));
		put_number(one, "profiles", m->profiles);
		put(one, "cpu_seconds", seconds(m->cpu));
		put(one, "used", json_boolean(m->used));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *left_out(const struct curate_left_out *l)
{
	json_t *o = json_object();

	put_number(o, "other_labels", l->labels);
	put_number(o, "other_modes", l->modes);
	put_number(o, "canary_label", l->canary_label);
	put_number(o, "other_builds", l->builds);
	put_number(o, "too_many", l->too_many);
	put_number(o, "unreadable", l->unreadable);
	put_number(o, "negative", l->negative);
	put_number(o, "overflow", l->overflow);
	return o;
}

static json_t *reason(const struct pgo_reason *from)
{
	json_t *o = json_object();
	struct buf words = BUF_INIT(CURATE_WHY_SIZE);

	pgo_reason_print(from, &words);
	buf_append_u8(&words, 0);
	put(o, "reason", json_string(pgo_reason_name(from->kind)));
	put(o, "value", json_real(from->value));
	put(o, "limit", json_real(from->limit));
	put(o, "text", text(buf_error(&words) ? "" : (const char *)words.data));
	buf_fini(&words);
	return o;
}

static json_t *quality(const struct pgo_quality *q)
{
	json_t *o = json_object(), *reasons = json_array(), *details = json_array();

	put(o, "verdict", json_string(pgo_verdict_name(q->verdict)));
	put(o, "samples", json_integer(q->samples));
	put(o, "coverage", json_real(q->coverage));
	put_number(o, "edges", q->edges);
	put_number(o, "hot_edges", q->hot_edges);
	put(o, "lost", json_real(q->lost));
	put(o, "truncated", json_real(q->truncated));
	put(o, "unsymbolized", json_real(q->unsymbolized));
	put(o, "start_lines", json_real(q->start_lines));
	for (size_t i = 0; i < q->n_reasons; i++) {
		json_array_append_new(reasons, json_string(pgo_reason_name(q->reasons[i].kind)));
		json_array_append_new(details, reason(&q->reasons[i]));
	}
	put(o, "reasons", reasons);
	put(o, "details", details);
	return o;
}

static json_t *edges(const struct curate_explain *e)
{
	json_t *all = json_array();

	for (size_t i = 0; i < e->n_edges; i++) {
		const struct curate_edge *edge = &e->edges[i];
		json_t *one = json_object();

		put(one, "caller", text(edge->caller));
		put(one, "callee", text(edge->callee));
		put(one, "offset", json_integer(edge->offset));
		put(one, "share", json_real(edge->share));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *policy(const struct curate_policy *p)
{
	struct buf printed = BUF_INIT(4096);
	json_t *o = json_object();
	char *rest, *pair;

	curate_policy_print(p, &printed);
	buf_append_u8(&printed, 0);
	rest = buf_error(&printed) ? NULL : (char *)printed.data;
	while ((pair = strsep(&rest, " "))) {
		char *value = strchr(pair, '=');

		*value++ = '\0';
		put(o, pair, text(value));
	}
	buf_fini(&printed);
	return o;
}

static json_t *published(const struct curate_explain *e, int64_t now)
{
	json_t *o = json_object();

	if (!e->published.time) {
		json_decref(o);
		return json_null();
	}
	put(o, "time", when(e->published.time));
	put(o, "age_seconds", age(now, e->published.time));
	put(o, "held", json_boolean(e->published.held));
	if (e->published.held || *e->published.previous_etag)
		put(o, "hot_overlap", json_real(e->published.overlap));
	if (e->published.held)
		put(o, "instead_of", text(e->published.fresh_etag));
	if (*e->published.previous_etag) {
		put(o, "previous", text(e->published.previous_etag));
		put(o, "previous_time", when(e->published.previous_time));
	}
	return o;
}

static json_t *whole(const struct curate_explain *e, int64_t now)
{
	json_t *o = json_object(), *cold = json_object();
	bool made = *e->etag;

	put(o, "name", text(e->name));
	put(o, "main_package", *e->package ? text(e->package) : json_null());
	put(o, "mode", *e->mode ? text(e->mode) : json_null());
	put(o, "good", json_boolean(e->good));
	put(o, "why", text(e->why));
	put(o, "etag", made ? text(e->etag) : json_null());
	put_number(o, "bytes", e->bytes);
	put(o, "quality", made ? quality(&e->quality) : json_null());
	put(o, "from", made ? when(e->first) : json_null());
	put(o, "until", made ? when(e->last) : json_null());
	put(o, "age_seconds", made ? age(now, e->last) : json_null());
	put_number(o, "instances", e->n_instances);
	put_number(o, "profiles", e->n_profiles);
	put(o, "cpu_seconds", seconds(e->cpu));
	put(o, "scale", json_real(e->scale));
	put_number(o, "builds_used", e->n_builds_used);
	put_number(o, "builds_seen", e->n_builds);
	put(o, "builds", builds(e));
	put(o, "modes", modes(e));
	put(o, "left_out", left_out(&e->left_out));
	put_number(cold, "functions", e->cold_functions);
	put(cold, "share", json_real(e->cold_share));
	put(o, "cold", cold);
	put(o, "hot_edges", edges(e));
	put(o, "policy", policy(&e->policy));
	put(o, "published", published(e, now));
	return o;
}

int curate_explain_json(const struct curate_explain *e, int64_t now, struct buf *to)
{
	json_t *o = whole(e, now);
	char *out = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(o);
	if (!out)
		return -ENOMEM;
	buf_append_text(to, out);
	buf_append_u8(to, '\n');
	free(out);
	return buf_error(to);
}
