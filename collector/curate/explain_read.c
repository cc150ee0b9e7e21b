/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/explain.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* Readers of members; what is of another kind is as if it was not there. */

static void read_text(const json_t *o, const char *name, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(o, name));

	snprintf(to, size, "%s", text ? text : "");
}

static int64_t read_time(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	struct tm tm = { 0 };
	int64_t ns;

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return 0;
	return __builtin_mul_overflow(timegm(&tm), (int64_t)NSEC_PER_SEC, &ns) ? 0 : ns;
}

static size_t read_number(const json_t *o, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(o, name));

	return n > 0 ? (size_t)n : 0;
}

static double read_real(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

static int64_t read_seconds(const json_t *o, const char *name)
{
	double ns = read_real(o, name) * (double)NSEC_PER_SEC;

	return ns > 0 && ns < 9e18 ? (int64_t)ns : 0;
}

static enum curate_fate read_fate(const json_t *o)
{
	const char *text = json_string_value(json_object_get(o, "fate"));
	enum curate_fate fate = CURATE_USED;

	while (text && fate < CURATE_UNUSABLE && strcmp(curate_fate_name(fate), text) != 0)
		fate++;
	return fate;
}

static void read_builds(const json_t *o, struct curate_explain *e)
{
	const json_t *all = json_object_get(o, "builds");

	for (size_t i = 0; i < json_array_size(all) && i < CURATE_MAX_BUILDS; i++) {
		const json_t *one = json_array_get(all, i);
		struct curate_build *b = &e->builds[i];

		read_text(one, "id", b->id, sizeof(b->id));
		b->first = read_time(one, "first");
		b->last = read_time(one, "last");
		b->instances = read_number(one, "instances");
		b->profiles = read_number(one, "profiles");
		b->cpu = read_seconds(one, "cpu_seconds");
		b->samples = (int64_t)read_number(one, "samples");
		b->factor = read_real(one, "weight");
		b->fate = read_fate(one);
	}
	e->n_builds = read_number(o, "builds_seen");
	e->n_builds_used = read_number(o, "builds_used");
}

static void read_modes(const json_t *o, struct curate_explain *e)
{
	const json_t *all = json_object_get(o, "modes");

	for (size_t i = 0; i < json_array_size(all) && i < CURATE_MAX_MODES; i++) {
		const json_t *one = json_array_get(all, i);
		struct curate_mode *m = &e->modes[e->n_modes++];

		read_text(one, "name", m->name, sizeof(m->name));
		m->profiles = read_number(one, "profiles");
		m->cpu = read_seconds(one, "cpu_seconds");
		m->used = json_is_true(json_object_get(one, "used"));
	}
}

static void read_edges(const json_t *o, struct curate_explain *e)
{
	const json_t *all = json_object_get(o, "hot_edges");

	for (size_t i = 0; i < json_array_size(all) && i < CURATE_MAX_EDGES; i++) {
		const json_t *one = json_array_get(all, i);
		struct curate_edge *edge = &e->edges[e->n_edges++];

		read_text(one, "caller", edge->caller, sizeof(edge->caller));
		read_text(one, "callee", edge->callee, sizeof(edge->callee));
		edge->offset = json_integer_value(json_object_get(one, "offset"));
		edge->share = read_real(one, "share");
	}
}

static void read_reasons(const json_t *all, struct pgo_quality *q)
{
	for (size_t i = 0; i < json_array_size(all) && q->n_reasons < PGO_N_REASONS; i++) {
		const json_t *one = json_array_get(all, i);
		const char *name = json_string_value(json_object_get(one, "reason"));
		enum pgo_reason_kind kind = 0;

		while (name && kind < PGO_N_REASONS && strcmp(pgo_reason_name(kind), name) != 0)
			kind++;
		if (name && kind < PGO_N_REASONS)
			q->reasons[q->n_reasons++] =
				(struct pgo_reason){ kind, read_real(one, "value"),
						     read_real(one, "limit") };
	}
}

static void read_quality(const json_t *o, struct pgo_quality *q)
{
	const char *verdict = json_string_value(json_object_get(o, "verdict"));

	while (verdict && q->verdict < PGO_GOOD &&
	       strcmp(pgo_verdict_name(q->verdict), verdict) != 0)
		q->verdict++;
	q->samples = (int64_t)read_number(o, "samples");
	q->coverage = read_real(o, "coverage");
	q->edges = read_number(o, "edges");
	q->hot_edges = read_number(o, "hot_edges");
	q->lost = read_real(o, "lost");
	q->truncated = read_real(o, "truncated");
	q->unsymbolized = read_real(o, "unsymbolized");
	q->start_lines = read_real(o, "start_lines");
	read_reasons(json_object_get(o, "details"), q);
}

static void read_left_out(const json_t *o, struct curate_left_out *l)
{
	l->labels = read_number(o, "other_labels");
	l->modes = read_number(o, "other_modes");
	l->canary_label = read_number(o, "canary_label");
	l->builds = read_number(o, "other_builds");
	l->too_many = read_number(o, "too_many");
	l->unreadable = read_number(o, "unreadable");
	l->negative = read_number(o, "negative");
	l->overflow = read_number(o, "overflow");
}

static void read_policy(const json_t *o, struct curate_policy *p)
{
	const char *name;
	json_t *value;

	*p = (struct curate_policy)CURATE_POLICY_DEFAULT;
	json_object_foreach((json_t *)o, name, value)
	{
		if (json_is_string(value))
			curate_policy_set(p, name, json_string_value(value));
	}
}

static void read_published(const json_t *o, struct curate_explain *e)
{
	e->published.time = read_time(o, "time");
	e->published.overlap = read_real(o, "hot_overlap");
	read_text(o, "previous", e->published.previous_etag, CURATE_ETAG_SIZE);
	e->published.previous_time = read_time(o, "previous_time");
}

static void read_whole(const json_t *o, struct curate_explain *e)
{
	read_text(o, "name", e->name, sizeof(e->name));
	read_text(o, "main_package", e->package, sizeof(e->package));
	read_text(o, "mode", e->mode, sizeof(e->mode));
	e->good = json_is_true(json_object_get(o, "good"));
	read_text(o, "why", e->why, sizeof(e->why));
	read_text(o, "etag", e->etag, sizeof(e->etag));
	e->bytes = read_number(o, "bytes");
	read_quality(json_object_get(o, "quality"), &e->quality);
	e->first = read_time(o, "from");
	e->last = read_time(o, "until");
	e->n_instances = read_number(o, "instances");
	e->n_profiles = read_number(o, "profiles");
	e->cpu = read_seconds(o, "cpu_seconds");
	/* None was written when what goes over TRIM_MAX_WEIGHT was left out, and nothing scaled. */
	e->scale = json_object_get(o, "scale") ? read_real(o, "scale") : 1;
	read_builds(o, e);
	read_modes(o, e);
	read_left_out(json_object_get(o, "left_out"), &e->left_out);
	e->cold_functions = read_number(json_object_get(o, "cold"), "functions");
	e->cold_share = read_real(json_object_get(o, "cold"), "share");
	read_edges(o, e);
	read_policy(json_object_get(o, "policy"), &e->policy);
	read_published(json_object_get(o, "published"), e);
}

int curate_explain_read(struct span json, struct curate_explain *ret)
{
	json_t *o = json_loadb((const char *)json.data, json.size, 0, NULL);

	*ret = (struct curate_explain){ 0 };
	if (!json_is_object(o)) {
		json_decref(o);
		return CURATE_EXPLAIN_E_MALFORMED;
	}
	read_whole(o, ret);
	json_decref(o);
	return 0;
}
