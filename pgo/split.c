/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/compare.h"

static uint64_t count_samples(const struct pgo_edges *edges)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < edges->n_tips; i++)
		samples += edges->tips[i].count;
	return samples;
}

static double weigh_samples(const struct pgo_edges *edges)
{
	double weight = 0;

	for (size_t i = 0; i < edges->n_tips; i++)
		weight += edges->tips[i].weight;
	return weight;
}

/* Weights are scaled to 1 a sample on average: so profiles of unlike sample types can be pooled. */
static void add_piles(struct split *s, const struct pgo_edges *edges, const uint32_t *number_of)
{
	uint64_t samples = count_samples(edges);
	double scale = (double)samples / weigh_samples(edges);

	for (size_t i = 0; i < edges->n_tips; i++) {
		const struct pgo_tip *tip = &edges->tips[i];

		if (tip->count == 0)
			continue;
		s->piles[s->n_piles++] = (struct pile){
			.count = tip->count,
			.weight = tip->weight * scale / tip->count,
			.edges = edges->tip_edges + tip->first,
			.n_edges = tip->n,
			.number_of = number_of,
		};
	}
	s->samples += samples;
}

int split_init(struct split *s, const struct pairing *pairing, const struct pgo_edges *a,
	       const struct pgo_edges *b, uint64_t seed)
{
	uint64_t of_a = count_samples(a), of_b = count_samples(b);
	bool a_is_larger = of_a > of_b;

	*s = (struct split){ .n_edges = pairing->n };
	pgo_random_init(&s->rng, seed);
	s->piles = calloc(a->n_tips + b->n_tips + 1, sizeof(*s->piles));
	s->part[0] = calloc(pairing->n + 1, sizeof(double));
	s->part[1] = calloc(pairing->n + 1, sizeof(double));
	if (!s->piles || !s->part[0] || !s->part[1])
		return -ENOMEM;
	s->first = a_is_larger ? of_b : of_a;
	s->swapped = a_is_larger;
	s->pooled = (a_is_larger ? of_a : of_b) / PGO_SPLIT_MIN_RATIO < s->first;
	if (s->pooled || a_is_larger)
		add_piles(s, a, pairing->number_of[0]);
	if (s->pooled || !a_is_larger)
		add_piles(s, b, pairing->number_of[1]);
	return 0;
}

void split_fini(struct split *s)
{
	free(s->piles);
	free(s->part[0]);
	free(s->part[1]);
}

static void add_weight(double *part, const struct pile *pile, uint64_t count)
{
	double weight = pile->weight * (double)count;

	for (uint32_t i = 0; count && i < pile->n_edges; i++)
		part[pile->number_of[pile->edges[i]]] += weight;
}

void split_deal(struct split *s)
{
	uint64_t all = s->samples, left = s->first;
	double *first = s->part[s->swapped], *rest = s->part[!s->swapped];

	memset(s->part[0], 0, s->n_edges * sizeof(double));
	memset(s->part[1], 0, s->n_edges * sizeof(double));
	for (size_t i = 0; i < s->n_piles; i++) {
		const struct pile *pile = &s->piles[i];
		uint64_t drawn = pgo_random_draw(&s->rng, all, pile->count, left);

		add_weight(first, pile, drawn);
		add_weight(rest, pile, pile->count - drawn);
		all -= pile->count;
		left -= drawn;
	}
}
