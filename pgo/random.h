/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers that are the same everywhere for the same seed: xoshiro256** (David Blackman and
 * Sebastiano Vigna, 2018, public domain), seeded by splitmix64. Not for secrets.
 */
#pragma once

#include <stdint.h>

struct pgo_random {
	uint64_t state[4];
};

void pgo_random_init(struct pgo_random *rng, uint64_t seed);

uint64_t pgo_random_u64(struct pgo_random *rng);

/* 0 <= x < 1 */
double pgo_random_unit(struct pgo_random *rng);

/* 0 <= x < @n, each as likely; @n > 0. */
uint64_t pgo_random_below(struct pgo_random *rng, uint64_t n);

/*
 * How many of @marked balls come when @drawn are drawn, none put back, from an urn that holds @all?
 * The hypergeometric distribution; @marked and @drawn are at most @all.
 */
uint64_t pgo_random_draw(struct pgo_random *rng, uint64_t all, uint64_t marked, uint64_t drawn);
