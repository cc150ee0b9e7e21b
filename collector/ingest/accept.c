/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/accept.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/ingest/digest.h"
#include "libpprof/gzip.h"
#include "libpprof/pprof.h"
#include "pgo/edges.h"
#include "pgo/shapes.h"

#define UNKNOWN_SERVICE "unknown_service"

void accepted_fini(struct accepted *a)
{
	free(TAKE_PTR(a->type_names));
	free(TAKE_PTR(a->pprof));
	if (a->briefs)
		brief_end(a->briefs, &a->brief, a->stored);
}

static void free_bytes(struct pp_array *a)
{
	pp_array_fini(a);
}

/* What its last bytes say of its size is anybody's: a large one is found by unpacking that much. */
int accept_gunzip(struct span body, size_t limit, struct turn *turn, uint8_t **ret_body,
		  size_t *ret_size, struct refusal *why)
{
	_cleanup_(free_bytes) struct pp_array bytes = { 0 };
	const size_t first = turn->taken || limit < TURN_FREE ? limit : TURN_FREE;
	int r = pp_gunzip(body.data, body.size, first, &bytes);

	if (r == PPROF_E_TOO_LARGE && first < limit) {
		if (turn_take(turn, why) != 0)
			return INGEST_E_REFUSED;
		pp_array_fini(&bytes);
		r = pp_gunzip(body.data, body.size, limit, &bytes);
	}
	if (r == PPROF_E_TOO_LARGE)
		return refuse(why, REFUSAL_TOO_LARGE, "it is over %zu bytes uncompressed", limit);
	if (r > 0)
		return refuse(why, REFUSAL_INVALID, "it is no whole gzip file");
	if (r < 0)
		return r;
	*ret_size = bytes.n;
	*ret_body = TAKE_PTR(bytes.data);
	return 0;
}

/* ---- labels ------------------------------------------------------------------------------ */

static const struct {
	const char *type, *name;
} names[] = {
	/* Pyroscope's names of what Go's runtime offers. */
	{ "cpu", "process_cpu" },      { "samples", "process_cpu" },
	{ "alloc_objects", "memory" }, { "inuse_objects", "memory" },
	{ "goroutine", "goroutines" }, { "goroutines", "goroutines" },
	{ "contentions", "mutex" },    { "wall", "wall" },
};

static const char *name_of(const struct pprof_profile *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t k = 0; k < pprof_n_sample_types(p); k++)
			if (!strcmp(pprof_sample_type(p, k).type, names[i].type))
				return names[i].name;
	return "profile";
}

/* As Prometheus has it: [a-zA-Z_:][a-zA-Z0-9_:]* */
static bool is_metric_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

		if (!letter && *c != '_' && *c != ':' && (c == name || *c < '0' || *c > '9'))
			return false;
	}
	return *name;
}

static int add(struct label_set *l, const char *name, const char *value, struct refusal *why)
{
	if (*label_set_value(l, name))
		return 0;
	int r = label_set_add(l, span_of(name, strlen(name)), span_of(value, strlen(value)), why);
	return r ? r : label_set_finish(l, why);
}

static int check_labels(const struct label_set *l, const struct accept_limits *most,
			struct refusal *why)
{
	if (l->n > most->labels)
		return refuse(why, REFUSAL_INVALID, "there are over %zu labels", most->labels);
	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->list[i].name) > most->label_name ||
		    strlen(l->list[i].value) > most->label_value)
			return refuse(why, REFUSAL_INVALID,
				      "a label has over %zu bytes in its name, or %zu in its value",
				      most->label_name, most->label_value);
	return 0;
}

static int complete_labels(const struct accept_input *in, const struct pprof_profile *p,
			   struct refusal *why)
{
	int r = 0;

	if (in->name_profile)
		r = add(in->labels, "__name__", name_of(p), why);
	if (r == 0 && !is_metric_name(label_set_value(in->labels, "__name__")))
		return refuse(why, REFUSAL_INVALID,
			      "label __name__ is missing, or is no name of a metric");
	if (r == 0)
		r = add(in->labels, "service_name", UNKNOWN_SERVICE, why);
	return r;
}

/* ---- the profile ------------------------------------------------------------------------- */

/* Make it plain, put names back, and keep the plain bytes. *ret_changed: other bytes than came. */
static int unpack(const struct accept_input *in, uint8_t **ret_plain, size_t *ret_size,
		  bool *ret_changed, struct refusal *why)
{
	const struct span pprof = in->pprof;
	const size_t limit = in->limits->raw;

	*ret_changed = !pp_is_gzip(pprof.data, pprof.size);
	if (!*ret_changed) {
		int r = accept_gunzip(pprof, limit, in->turn, ret_plain, ret_size, why);

		if (r != 0)
			return r;
	} else if (pprof.size > limit) {
		return refuse(why, REFUSAL_TOO_LARGE, "the profile is over %zu bytes", limit);
	} else if (pprof.size > TURN_FREE && turn_take(in->turn, why) != 0) {
		return INGEST_E_REFUSED;
	} else {
		*ret_plain = malloc(pprof.size + 1);
		if (!*ret_plain)
			return -ENOMEM;
		if (pprof.size)
			memcpy(*ret_plain, pprof.data, pprof.size);
		*ret_size = pprof.size;
	}
	if (*ret_size && pgo_shapes_unescape_plain(*ret_plain, *ret_size) == 0)
		*ret_changed = true;
	return 0;
}

/* As complete_labels() will have them. */
static struct brief_owner owner_of(const struct accept_input *in)
{
	const char *service = label_set_value(in->labels, "service_name");

	return (struct brief_owner){ in->tenant, *service ? service : UNKNOWN_SERVICE,
				     label_set_value(in->labels, "main_package") };
}

/* Stacks are put in brief, and for that they are decoded, which costs twice as much as a look. */
static bool is_for_brief(const struct accept_input *in, size_t size)
{
	const char *name = label_set_value(in->labels, "__name__");
	const struct brief_owner owner = owner_of(in);

	return in->briefs && size <= BRIEF_MAX_PROFILE &&
	       (!*name || !strcmp(name, "process_cpu")) &&
	       brief_expects(in->briefs, &owner, in->now);
}

static int decode(struct span plain, const struct accept_limits *most, bool whole,
		  struct pprof_profile **ret_profile, struct refusal *why)
{
	const struct pprof_limits limits = {
		.size = sizeof(limits),
		.uncompressed = most->raw,
		.samples = most->samples,
		.utf8 = true, /* one name that is not, and clients refuse all of an answer */
	};
	const char *reason = "";

	if (!plain.size)
		return refuse(why, REFUSAL_INVALID, "the profile is empty");
	/* What is gzip within gzip is no profile. */
	if (pp_is_gzip(plain.data, plain.size))
		return refuse(why, REFUSAL_INVALID, "the profile is compressed twice");
	int r = (whole ? pprof_decode : pprof_peek)(plain.data, plain.size, &limits, ret_profile,
						    &reason);
	if (r > 0)
		return refuse(why, r == PPROF_E_TOO_LARGE ? REFUSAL_TOO_LARGE : REFUSAL_INVALID,
			      "the profile cannot be taken: %s", reason);
	if (r == 0 && !pprof_n_sample_types(*ret_profile)) {
		*ret_profile = pprof_free(*ret_profile);
		return refuse(why, REFUSAL_INVALID, "the profile has no sample type");
	}
	return r;
}

/* As two values of a profile are added up: they wrap around. */
static void add_totals(struct pprof_profile *p, struct depot_type *types, size_t n)
{
	for (size_t i = 0; i < pprof_n_samples(p); i++) {
		const struct pprof_sample s = pprof_sample(p, i);

		for (size_t k = 0; k < n; k++)
			types[k].total =
				(int64_t)((uint64_t)types[k].total + (uint64_t)s.values[k]);
	}
}

static int name_types(const struct pprof_profile *p, struct accepted *ret, struct refusal *why)
{
	const struct pprof_value_type period = pprof_header(p).period_type;
	size_t n = pprof_n_sample_types(p);

	if (n > ACCEPT_MAX_TYPES)
		return refuse(why, REFUSAL_INVALID, "the profile has over %u sample types",
			      ACCEPT_MAX_TYPES);
	ret->type_names = calloc(n, ACCEPT_MAX_TYPE_NAME);
	if (!ret->type_names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct pprof_value_type v = pprof_sample_type(p, i);
		char *name = ret->type_names + i * ACCEPT_MAX_TYPE_NAME;

		if (snprintf(name, ACCEPT_MAX_TYPE_NAME, "%s:%s:%s:%s", v.type, v.unit, period.type,
			     period.unit) >= (int)ACCEPT_MAX_TYPE_NAME)
			return refuse(why, REFUSAL_INVALID,
				      "the name of a sample type is too long");
		/* It becomes a label, which clients read in lists with all others. */
		if (!label_text_valid(span_of(name, strlen(name))))
			return refuse(why, REFUSAL_INVALID,
				      "the name of a sample type is not UTF-8");
		ret->types[i].name = name;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(ret->types[k].name, name))
				return refuse(why, REFUSAL_INVALID,
					      "the profile has sample type %.100s twice", name);
	}
	return 0;
}

int accept_types(struct pprof_profile *p, struct accepted *ret, struct refusal *why)
{
	int r = name_types(p, ret, why);

	if (r != 0)
		return r;
	ret->row.types = ret->types;
	ret->row.n_types = pprof_n_sample_types(p);
	add_totals(p, ret->types, ret->row.n_types);
	return 0;
}

/*
 * One that was merged of many says the sum of their durations. None ends later than it came, or it
 * would be kept for as long as it says of itself, and never be old.
 */
static int64_t duration_of(const struct pprof_header *h, int64_t start, int64_t now)
{
	int64_t most = now + ACCEPT_MAX_FUTURE - start, duration = h->duration_nanos;

	return duration < 0 ? 0 : duration < most ? duration : most;
}

static int look_at(const struct accept_input *in, struct pprof_profile *p, struct accepted *ret,
		   struct refusal *why)
{
	const struct pprof_header h = pprof_header(p);
	struct depot_profile *row = &ret->row;
	size_t type;

	row->start = h.time_nanos > 0 ? h.time_nanos : in->from > 0 ? in->from : in->now;
	if (row->start > in->now + ACCEPT_MAX_FUTURE)
		return refuse(why, REFUSAL_INVALID,
			      "the profile begins over 10 minutes in the future");
	row->duration = duration_of(&h, row->start, in->now);
	row->samples = (int64_t)pprof_n_samples(p);
	row->cpu = pgo_sample_type(p, &type) == 0 && row->samples > 0;
	int r = complete_labels(in, p, why);
	if (r == 0)
		r = accept_types(p, ret, why);
	if (r != 0)
		return r;
	const char *build = label_set_value(in->labels, "build_id");
	if (!*build && pprof_n_mappings(p))
		build = pprof_mapping(p, 0).build_id;
	snprintf(ret->build, sizeof(ret->build), "%s", build);
	row->tenant = in->tenant;
	row->labels = in->labels->list;
	row->n_labels = in->labels->n;
	row->service = label_set_value(in->labels, "service_name");
	row->package = label_set_value(in->labels, "main_package");
	row->build = ret->build;
	return 0;
}

/* Every profile of hone-agent's that has generics in it was changed. */
static int set_bytes(const struct accept_input *in, struct span plain, bool changed,
		     struct accepted *ret)
{
	ret->row.pprof = in->pprof;
	if (!changed)
		return 0;
	int r = pp_gzip_fast(plain.data, plain.size, &ret->pprof, &ret->row.pprof.size);
	ret->row.pprof.data = ret->pprof;
	return r;
}

/*
 * Where there is none the profile is as good. Its counts are no longer than the profile, so that
 * what is made of a push, and kept of it, grows with what came.
 */
static int put_in_brief(const struct accept_input *in, const struct pprof_profile *p,
			struct accepted *ret)
{
	const struct brief_owner owner = owner_of(in);
	struct brief *b = &ret->brief;

	ret->briefs = in->briefs;
	int r = brief_make(in->briefs, &owner, p, ret->row.pprof.size, in->now, b);
	if (r != 0)
		return r < 0 ? r : 0;
	ret->row.brief = (struct depot_brief){ .dictionary = b->dictionary,
					       .first = b->first,
					       .n = b->n,
					       .stacks = span_of(b->stacks, b->stacks_size),
					       .counts = span_of(b->counts, b->counts_size) };
	return 0;
}

static void pprof_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

int accept_profile(const struct accept_input *in, struct accepted *ret, struct refusal *why)
{
	_cleanup_(pprof_freep) struct pprof_profile *p = NULL;
	_cleanup_(freep) uint8_t *plain = NULL;
	bool changed = false, whole = false;
	size_t size = 0;

	int r = check_labels(in->labels, in->limits, why);
	if (r != 0)
		return r;
	digest_profile(in, ret->row.key);
	r = unpack(in, &plain, &size, &changed, why);
	if (r == 0) {
		whole = is_for_brief(in, size);
		r = decode(span_of(plain, size), in->limits, whole, &p, why);
	}
	if (r == 0)
		r = look_at(in, p, ret, why);
	if (r == 0)
		r = set_bytes(in, span_of(plain, size), changed, ret);
	if (r == 0 && whole)
		r = put_in_brief(in, p, ret);
	return r;
}
