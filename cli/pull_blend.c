/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pull_blend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pgo/quality.h"
#include "pgo/trim.h"

void blend_fini(struct blend *b)
{
	for (size_t i = 0; i < b->n_builds; i++)
		pprof_free(b->builds[i].sum);
	b->n_builds = 0;
}

void blend_result_fini(struct blend_result *r)
{
	buf_fini(&r->pprof);
}

/* ---- what a profile says of itself ------------------------------------------------------- */

/* agent/symbolize/profile.h: `hone: key=value key=value…` */
static void read_pairs(struct span line, struct blend_origin *o)
{
	struct span pair;

	while (text_cut(&line, ' ', &pair)) {
		if (text_skip(&pair, "main="))
			text_copy(pair, o->main_package, sizeof(o->main_package));
		else if (text_skip(&pair, "build-id="))
			text_copy(pair, o->build, sizeof(o->build));
	}
}

void blend_origin(const struct pprof_profile *p, struct blend_origin *ret_origin)
{
	*ret_origin = (struct blend_origin){ 0 };
	for (size_t i = 0; i < pprof_n_comments(p); i++) {
		const char *text = pprof_comment(p, i);
		struct span line = span_of(text, strlen(text));

		if (text_skip(&line, "hone: "))
			read_pairs(line, ret_origin);
	}
}

/* ---- adding ------------------------------------------------------------------------------ */

static struct blend_build *find(struct blend *b, const char *id)
{
	for (size_t i = 0; i < b->n_builds; i++)
		if (!strcmp(b->builds[i].id, id))
			return &b->builds[i];
	return NULL;
}

static int find_or_add(struct blend *b, const char *id, struct blend_build **ret_build)
{
	char cut[BLEND_ID_SIZE];

	text_copy(span_of(id, strlen(id)), cut, sizeof(cut));
	*ret_build = find(b, cut);
	if (*ret_build || b->n_builds == BLEND_MAX_BUILDS)
		return 0;
	struct blend_build *new = &b->builds[b->n_builds];
	*new = (struct blend_build){ 0 };
	int r = trim_new(&new->sum);
	if (r != 0)
		return r;
	memcpy(new->id, cut, sizeof(cut));
	b->n_builds++;
	*ret_build = new;
	return 0;
}

static bool is_cpu_profile(const struct pprof_profile *p)
{
	size_t number;

	return pgo_sample_type(p, &number) == 0;
}

static uint64_t end_of(const struct pprof_profile *p)
{
	const struct pprof_header h = pprof_header(p);
	int64_t end;

	if (h.time_nanos <= 0 || h.duration_nanos < 0 ||
	    __builtin_add_overflow(h.time_nanos, h.duration_nanos, &end))
		return 0;
	return (uint64_t)end;
}

static void note_time(struct blend_build *b, const struct pprof_profile *p)
{
	const int64_t start = pprof_header(p).time_nanos;
	const uint64_t end = end_of(p);

	if (start > 0 && (!b->since || (uint64_t)start < b->since))
		b->since = (uint64_t)start;
	if (end > b->until)
		b->until = end;
}

int blend_add(struct blend *b, const char *build, struct pprof_profile *p)
{
	struct pgo_notes notes = { 0 };
	struct blend_build *to;

	if (!is_cpu_profile(p))
		return BLEND_E_MALFORMED;
	int r = find_or_add(b, build, &to);
	if (r == 0 && !to) {
		b->left_out++;
		return 0;
	}
	struct trim_sum sum = { 0 };
	if (r == 0)
		r = trim_measure(p, &sum);
	if (r == 0 && sum.cpu > TRIM_MAX_CPU - b->cpu)
		return BLEND_E_TOO_LARGE;
	if (r == 0)
		r = trim_add(to->sum, p, BLEND_DEPTH);
	if (r != 0)
		return r > 0 ? BLEND_E_TOO_LARGE : r;
	b->cpu += sum.cpu;
	pgo_notes_read(p, &notes);
	pgo_notes_add(&to->notes, &notes);
	to->n_profiles++;
	note_time(to, p);
	return 0;
}

void blend_order(struct blend *b)
{
	for (size_t i = 1; i < b->n_builds; i++) {
		const struct blend_build build = b->builds[i];
		size_t k = i;

		for (; k > 0 && b->builds[k - 1].since < build.since; k--)
			b->builds[k] = b->builds[k - 1];
		b->builds[k] = build;
	}
}

/* ---- the end ----------------------------------------------------------------------------- */

/* With no more weight than the compiler can add up, of all builds alike. */
static int add_up(const struct blend *b, struct pprof_profile *whole, struct pgo_notes *notes,
		  struct blend_result *result)
{
	double factor = trim_fit((double)b->cpu);
	struct pgo_quality q = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->n_builds && i < BLEND_MAX_USED && !q.enough; i++) {
		const struct blend_build *build = &b->builds[i];

		r = trim_add_scaled(whole, build->sum, BLEND_DEPTH, factor);
		if (r == 0)
			r = pgo_assess(whole, &q, NULL);
		factor *= BLEND_DECAY;
		pgo_notes_add(notes, &build->notes);
		result->n_builds++;
		result->n_profiles += build->n_profiles;
		if (build->until > result->until)
			result->until = build->until;
	}
	result->enough = q.enough;
	return r > 0 ? BLEND_E_TOO_LARGE : r;
}

static int chill(struct pprof_profile **p, const struct cold_list *cold)
{
	struct pprof_profile *without;
	struct cold_effect effect;
	int r = cold_apply(cold, *p, &without, &effect);

	if (without) {
		pprof_free(*p);
		*p = without;
	}
	return r == -E2BIG ? BLEND_E_TOO_LARGE : r;
}

static int add_comment(struct pprof_profile *p, const struct pgo_notes *notes)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(1024);

	if (!notes->known)
		return 0;
	pgo_notes_print(notes, &text);
	buf_append_u8(&text, 0);
	return buf_error(&text) ? buf_error(&text) : pprof_add_comment(p, (const char *)text.data);
}

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

int blend_make(const struct blend *b, const struct cold_list *cold, struct blend_result *ret_result)
{
	_cleanup_(profile_freep) struct pprof_profile *whole = NULL;
	_cleanup_(freep) uint8_t *data = NULL;
	struct pgo_notes notes = { 0 };
	size_t size;

	if (!b->n_builds)
		return BLEND_E_EMPTY;
	int r = trim_new(&whole);
	if (r == 0)
		r = add_up(b, whole, &notes, ret_result);
	if (r == 0)
		r = chill(&whole, cold);
	if (r == 0)
		r = add_comment(whole, &notes);
	if (r == 0)
		r = pprof_encode(whole, PPROF_GZIP, &data, &size);
	if (r != 0)
		return r > 0 ? BLEND_E_TOO_LARGE : r;
	buf_append(&ret_result->pprof, data, size);
	return buf_error(&ret_result->pprof);
}
