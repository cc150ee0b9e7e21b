/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/compact/sum.h"

#include <errno.h>
#include <string.h>

void sums_fini(struct sums *s)
{
	for (size_t i = 0; i < s->n; i++) {
		pprof_merger_free(s->sums[i].merger);
		pprof_free(s->sums[i].profile);
		free(s->sums[i].ids);
	}
	s->n = 0;
}

/* ---- what can be added ------------------------------------------------------------------- */

static size_t find_type(const struct pprof_profile *p, const char *type, const char *unit)
{
	for (size_t i = 0; i < pprof_n_sample_types(p); i++) {
		const struct pprof_value_type v = pprof_sample_type(p, i);

		if (!strcmp(v.type, type) && !strcmp(v.unit, unit))
			return i;
	}
	return SIZE_MAX;
}

/* What curate makes of the one type where the other is missing: read_values() of pgo/trim.c. */
static bool adds_up(const struct pprof_sample *s, size_t cpu, size_t samples, int64_t period)
{
	if (cpu == SIZE_MAX)
		return true;
	if (samples == SIZE_MAX)
		return period > 0 && s->values[cpu] % period == 0;
	return s->values[cpu] || !s->values[samples];
}

/* *ret_total is 0 where there is neither CPU time nor samples. */
static bool fit_to_add(struct pprof_profile *p, struct trim_sum *ret_total)
{
	size_t cpu = find_type(p, "cpu", "nanoseconds"), samples = find_type(p, "samples", "count");
	int64_t period = pprof_header(p).period;

	for (size_t i = 0; i < pprof_n_samples(p); i++) {
		const struct pprof_sample s = pprof_sample(p, i);

		for (size_t k = 0; k < pprof_n_sample_types(p); k++)
			if (s.values[k] < 0)
				return false;
		if (!adds_up(&s, cpu, samples, period))
			return false;
	}
	*ret_total = (struct trim_sum){ 0 };
	int r = trim_measure(p, ret_total);
	return r == 0 || r == TRIM_E_NO_VALUES;
}

static bool fits(const struct sum *s, const struct pprof_profile *p, const struct trim_sum *total)
{
	const struct pprof_header a = pprof_header(s->profile), b = pprof_header(p);

	return pprof_n_samples(s->profile) + pprof_n_samples(p) <= SUM_MAX_SAMPLES &&
	       total->cpu <= TRIM_MAX_CPU - s->total.cpu &&
	       total->samples <= TRIM_MAX_CPU - s->total.samples && a.period == b.period &&
	       !strcmp(a.default_sample_type, b.default_sample_type) &&
	       !strcmp(a.drop_frames, b.drop_frames) && !strcmp(a.keep_frames, b.keep_frames);
}

/* ---- notes ------------------------------------------------------------------------------- */

static bool is_note(const char *comment)
{
	return !strncmp(comment, "hone: ", 6);
}

/* One note in place of those of all parts, and a few of the other comments. */
static int tidy_comments(struct sum *s)
{
	const char *kept[SUM_MAX_COMMENTS];
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; n < SUM_MAX_COMMENTS && i < pprof_n_comments(s->profile); i++)
		if (!is_note(pprof_comment(s->profile, i)))
			kept[n++] = pprof_comment(s->profile, i);
	pprof_clear_comments(s->profile);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = pprof_add_comment(s->profile, kept[i]);
	return r;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int outcome(int r)
{
	return r > 0 ? SUM_E_TOO_LARGE : r;
}

static int add_to(struct sum *s, struct pprof_profile *p, const struct trim_sum *total, int64_t id)
{
	int64_t *ids = reallocarray(s->ids, s->n_ids + 1, sizeof(*ids));
	struct pgo_notes notes;

	if (!ids)
		return -ENOMEM;
	s->ids = ids;
	pgo_notes_read(p, &notes);
	int r = pprof_merger_add(s->merger, p);
	if (r == PPROF_E_MISMATCH)
		return SUM_E_ALONE;
	if (r != 0)
		return outcome(r);
	pgo_notes_add(&s->notes, &notes);
	s->total.cpu += total->cpu;
	s->total.samples += total->samples;
	s->ids[s->n_ids++] = id;
	return 0;
}

static int add_sum(struct sums *s, struct pprof_profile *p, const struct trim_sum *total,
		   int64_t id)
{
	struct sum *new = &s->sums[s->n];

	if (s->n == SUM_MAX_SUMS)
		return SUM_E_ALONE;
	*new = (struct sum){ 0 };
	int r = pprof_new(&new->profile);
	if (r != 0)
		return r;
	s->n++;
	r = pprof_merger_new(new->profile, &new->merger);
	return r ? r : add_to(new, p, total, id);
}

int sums_add(struct sums *s, struct pprof_profile *p, int64_t id)
{
	struct trim_sum total;
	int r = SUM_E_ALONE;

	if (!fit_to_add(p, &total))
		return SUM_E_ALONE;
	for (size_t i = 0; r == SUM_E_ALONE && i < s->n; i++)
		if (fits(&s->sums[i], p, &total))
			r = add_to(&s->sums[i], p, &total, id);
	return r == SUM_E_ALONE ? add_sum(s, p, &total, id) : r;
}

int sum_encode(struct sum *s, uint8_t **ret_data, size_t *ret_size)
{
	_cleanup_(buf_fini) struct buf comment = BUF_INIT(1024);
	int r = tidy_comments(s);

	if (r == 0 && s->notes.known) {
		pgo_notes_print(&s->notes, &comment);
		buf_append_u8(&comment, 0);
		r = buf_error(&comment);
		if (r == 0)
			r = pprof_add_comment(s->profile, (const char *)comment.data);
	}
	if (r == 0)
		r = pprof_encode(s->profile, PPROF_GZIP, ret_data, ret_size);
	return outcome(r);
}
