/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/hotset.h"

size_t pgo_hot_edges(const struct pgo_edges *edges)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < edges->n_edges; i++) {
		sum += (uint64_t)edges->edges[i].weight;
		if ((double)(int64_t)sum / (double)edges->total * 100 > PGO_HOT_PERCENT)
			return i + 1;
	}
	return edges->n_edges;
}

/* One sample may show it: a power of two, and no more than a sample may stand for. */
static bool may_be_one(int64_t count, uint64_t max_weight)
{
	return count > 0 && !(count & (count - 1)) && (uint64_t)count <= max_weight;
}

double pgo_coverage(const struct pgo_edges *edges, uint64_t max_weight)
{
	double seen = 0, seen_once = 0;

	for (size_t i = 0; i < edges->n_edges; i++) {
		int64_t count = edges->edges[i].count;

		seen += (double)count;
		seen_once += may_be_one(count, max_weight) ? (double)count : 0;
	}
	return seen > 0 ? 1 - seen_once / seen : 0;
}
