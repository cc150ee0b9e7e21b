/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing samples at random into two parts. Inside of pgo_compare(), which says why. */
#pragma once

#include "pgo/pairing.h"
#include "pgo/random.h"

/* Equal samples: those of one tip in one profile. */
struct pile {
	uint64_t count;
	double weight; /* of one sample; 1 on average */
	const uint32_t *edges;
	const uint32_t *number_of; /* these edges' numbers in the pairing */
	uint32_t n_edges;
};

struct split {
	struct pile *piles;
	size_t n_piles;
	uint64_t samples, first; /* in all piles; of these, dealt into the first part */
	size_t n_edges;
	double *part[2]; /* weights of the pairing's edges: as of A, as of B */
	bool pooled;
	bool swapped; /* the first part dealt is that of B */
	struct pgo_random rng;
};

int split_init(struct split *s, const struct pairing *pairing, const struct pgo_edges *a,
	       const struct pgo_edges *b, uint64_t seed);
void split_fini(struct split *s);

/* Deal anew. */
void split_deal(struct split *s);
