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

double pgo_coverage(const struct pgo_edges *edges)
{
	double seen = 0, seen_once = 0;

	for (size_t i = 0; i < edges->n_edges; i++) {
		seen += (double)edges->edges[i].count;
		seen_once += edges->edges[i].count == 1;
	}
	return seen > 0 ? 1 - seen_once / seen : 0;
}
