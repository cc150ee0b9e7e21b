/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler calls hot, and how much of the program's calls the samples have seen.
 */
#pragma once

#include "pgo/edges.h"

/* -d=pgoinlinecdfthreshold of the compiler, in percent (cmd/compile/internal/inline, Go 1.20 on).
 */
#define PGO_HOT_PERCENT 99.0

/*
 * The number of hot edges: the first so many of edges->edges. As hotNodesFromCDF() of the compiler:
 * the heaviest, in order, up to and with the one that takes their sum over 99 % of the total. So of
 * edges of equal weight at the limit those first by name are hot, the others not.
 */
size_t pgo_hot_edges(const struct pgo_edges *edges);

/*
 * Good–Turing coverage: an estimate, 0 to 1, of the share of the program's call-edge weight that
 * falls on edges already in the profile. 1 − (edges seen once) / (times any edge was seen); the
 * next sample shows a new edge as often as the sample before each one did. On a mixed service it
 * was within a few points of the truth from 200 samples on, within 1 from 1 000 on.
 * Edges are counted in samples, so weights may be scaled; samples/count must not.
 *
 * Where not every tick was sampled, a sample stands for up to @max_weight of them, a power of two
 * each time (pgo/notes.h; else 1), and an edge seen once has that count. Then it is
 * 1 − (count of edges seen once) / (count of all): leave each sample out in turn, and see how much
 * of the weight the others would not have seen. That is the same estimate as above where all stand
 * for as many. Where they differ, nobody can tell one sample that stands for two from two that
 * stand for one, and all edges that may have been seen once are taken to be: a lower bound.
 */
double pgo_coverage(const struct pgo_edges *edges, uint64_t max_weight);
