/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/quality.h"

#include <string.h>

#include "base/cleanup.h"
#include "pgo/hotset.h"

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static int64_t count_samples(struct pprof_profile *p)
{
	int64_t samples = 0;
	size_t type;

	if (pgo_sample_type(p, &type) != 0)
		return pprof_n_samples(p);
	for (size_t i = 0; i < pprof_n_samples(p); i++)
		samples += pprof_sample(p, i).values[type] > 0;
	return samples;
}

static void measure_tips(struct pgo_quality *q, const struct pgo_edges *edges)
{
	double unsymbolized = 0, callerless = 0, inlined = 0, all = edges->samples;

	for (size_t i = 0; i < edges->n_tips; i++) {
		const struct pgo_tip *tip = &edges->tips[i];

		unsymbolized += tip->unsymbolized ? tip->count : 0;
		inlined += tip->inlined ? tip->count : 0;
		callerless += tip->n == 0 ? tip->count : 0;
	}
	q->unsymbolized = share(unsymbolized, all);
	q->inlined = share(inlined, all);
	q->callerless = share(callerless, all);
}

/* Weight of edges that cannot match, as they are: without names, or with generics cut short. */
static void measure_names(struct pgo_quality *q, const struct pgo_edges *edges)
{
	double cut = 0;
	bool named = false;

	for (size_t i = 0; i < edges->n_edges; i++) {
		const struct pgo_edge *e = &edges->edges[i];
		const char *caller = pgo_names_text(&edges->names, e->caller);
		const char *callee = pgo_names_text(&edges->names, e->callee);

		named |= *caller && *callee && e->weight > 0;
		if (strstr(caller, "[...]") || strstr(callee, "[...]"))
			cut += e->weight;
	}
	q->generics_cut = share(cut, edges->total);
	if (!named)
		q->outcome = PGO_E_NO_NAMES;
}

static void read_notes(struct pgo_quality *q, const struct pgo_notes *notes)
{
	q->notes_known = notes->known;
	if (!notes->known)
		return;
	q->lost = share(notes->lost, (double)notes->samples + (double)notes->lost);
	q->truncated = share(notes->truncated, notes->samples);
	double unsymbolized = share(notes->unsymbolized, notes->samples);
	if (unsymbolized > q->unsymbolized)
		q->unsymbolized = unsymbolized;
}

/* Their share is what the notes are trusted for; a profile may have been cut or merged since. */
static int64_t taken_of(int64_t samples, const struct pgo_notes *notes)
{
	if (notes->taken >= notes->samples)
		return samples;
	return (int64_t)((double)samples * share(notes->taken, notes->samples));
}

static void measure(struct pgo_quality *q, const struct pprof_profile *p,
		    const struct pgo_edges *edges)
{
	struct pgo_notes notes;

	pgo_notes_read(p, &notes);
	q->samples = edges->samples;
	q->taken = taken_of(edges->samples, &notes);
	q->tips = edges->n_tips;
	q->edges = edges->n_edges;
	q->hot_edges = pgo_hot_edges(edges);
	q->weight = edges->total;
	q->coverage = pgo_coverage(edges, notes.max_weight > 1 ? notes.max_weight : 1);
	q->start_lines = share(edges->with_start_line, edges->total);
	q->top_edge = share(edges->edges[0].weight, edges->total);
	measure_tips(q, edges);
	measure_names(q, edges);
	read_notes(q, &notes);
}

static void add_reason(struct pgo_quality *q, enum pgo_reason_kind kind, double value, double limit)
{
	q->reasons[q->n_reasons++] = (struct pgo_reason){ kind, value, limit };
}

/* What takes "good" away, whatever the number of samples. */
static void add_flaws(struct pgo_quality *q)
{
	if (q->lost + q->truncated > PGO_BROKEN_MAX)
		add_reason(q, PGO_REASON_BROKEN, q->lost + q->truncated, PGO_BROKEN_MAX);
	if (q->unsymbolized > PGO_UNSYMBOLIZED_MAX)
		add_reason(q, PGO_REASON_UNSYMBOLIZED, q->unsymbolized, PGO_UNSYMBOLIZED_MAX);
	if (q->start_lines < PGO_START_LINES_MIN)
		add_reason(q, PGO_REASON_START_LINES, q->start_lines, PGO_START_LINES_MIN);
	if (q->generics_cut > PGO_GENERICS_CUT_MAX)
		add_reason(q, PGO_REASON_GENERICS_CUT, q->generics_cut, PGO_GENERICS_CUT_MAX);
	if (q->inlined == 0 && q->samples >= PGO_INLINING_SAMPLES)
		add_reason(q, PGO_REASON_NO_INLINING, 0, 0);
}

static void add_remarks(struct pgo_quality *q, const struct pgo_edges *edges)
{
	if (q->top_edge > PGO_TOP_EDGE_MAX)
		add_reason(q, PGO_REASON_TOP_EDGE, q->top_edge, PGO_TOP_EDGE_MAX);
	if (q->callerless > PGO_CALLERLESS_MAX)
		add_reason(q, PGO_REASON_CALLERLESS, q->callerless, PGO_CALLERLESS_MAX);
	if (edges->negative)
		add_reason(q, PGO_REASON_NEGATIVE, 0, 0);
}

static void judge(struct pgo_quality *q, const struct pgo_edges *edges)
{
	bool thin = q->taken < PGO_THIN_SAMPLES || q->coverage < PGO_THIN_COVERAGE;

	q->enough = !thin && (q->coverage >= PGO_GOOD_COVERAGE ||
			      (q->taken >= PGO_GOOD_SAMPLES && q->coverage >= PGO_FAIR_COVERAGE));
	if (!q->enough && q->taken < PGO_FAIR_SAMPLES)
		add_reason(q, PGO_REASON_SAMPLES, q->taken,
			   q->taken < PGO_THIN_SAMPLES ? PGO_THIN_SAMPLES : PGO_FAIR_SAMPLES);
	if (!q->enough && q->coverage < PGO_FAIR_COVERAGE)
		add_reason(q, PGO_REASON_COVERAGE, q->coverage,
			   q->coverage < PGO_THIN_COVERAGE ? PGO_THIN_COVERAGE : PGO_FAIR_COVERAGE);
	add_flaws(q);
	if (thin)
		q->verdict = PGO_THIN;
	else
		q->verdict = q->enough && q->n_reasons == 0 ? PGO_GOOD : PGO_FAIR;
	add_remarks(q, edges);
}

int pgo_assess(struct pprof_profile *p, struct pgo_quality *ret_quality,
	       struct pgo_edges **ret_edges)
{
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = NULL;
	struct pgo_quality q = { .verdict = PGO_REFUSED };
	int r = pgo_edges_new(p, &edges);

	if (r < 0 || r == PGO_E_TOO_LARGE)
		return r;
	q.outcome = r;
	if (r == 0)
		measure(&q, p, edges);
	if (q.outcome)
		q = (struct pgo_quality){ .outcome = q.outcome, .samples = count_samples(p) };
	else
		judge(&q, edges);
	*ret_quality = q;
	if (ret_edges)
		*ret_edges = TAKE_PTR(edges);
	return 0;
}
