/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler sees in any profile: nothing may go wrong on the way, and what comes out must
 * agree with itself.
 */
#include <math.h>
#include <stdlib.h>

#include "pgo/compare.h"
#include "pgo/quality.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_edges(const struct pgo_edges *edges)
{
	uint64_t total = 0;

	for (size_t i = 0; i < edges->n_edges; i++) {
		total += (uint64_t)edges->edges[i].weight;
		check(i == 0 || edges->edges[i - 1].weight >= edges->edges[i].weight);
		check(edges->edges[i].count >= 0);
	}
	check((int64_t)total == edges->total);
	for (size_t i = 0; i < edges->n_tip_edges; i++)
		check(edges->tip_edges[i] < edges->n_edges);
}

static void check_text(const struct pgo_quality *q, const struct pgo_edges *edges)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(16U << 20);

	pgo_quality_print(q, &text);
	for (size_t i = 0; i < q->n_reasons; i++)
		pgo_reason_print(&q->reasons[i], &text);
	pgo_edges_print(edges, &text);
}

static void check_comparison(const struct pgo_edges *edges)
{
	struct pgo_compare_options options = { .seed = 1, .splits = 2 };
	struct pgo_comparison c;
	int r = pgo_compare(edges, edges, &options, &c);

	check(r == 0 || r == PGO_E_NEGATIVE);
	if (r)
		return;
	if (c.edges.overlap > 0) /* sums may have wrapped around to less than nothing */
		check(fabs(c.edges.overlap - 1) < 1e-6);
	check(c.hot_both == c.hot_a);
	pgo_comparison_fini(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pprof_limits limits = {
		.size = sizeof(limits),
		.uncompressed = 1 << 20,
		.samples = 4096,
		.locations = 4096,
		.depth = 256,
	};
	_cleanup_(pgo_edges_freep) struct pgo_edges *edges = NULL;
	struct pprof_profile *p = NULL;
	struct pgo_quality q;

	if (pprof_decode(data, size, &limits, &p, NULL) != 0)
		return 0;
	if (pgo_assess(p, &q, &edges) == 0) {
		check((q.verdict == PGO_REFUSED) == (q.outcome != 0));
		check(q.coverage >= 0 && q.coverage <= 1);
		check(q.hot_edges <= q.edges);
		if (edges) {
			check_edges(edges);
			check_comparison(edges);
		}
		check_text(&q, edges);
	}
	pprof_free(p);
	return 0;
}
