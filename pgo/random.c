/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/random.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

void pgo_random_init(struct pgo_random *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->state[i] = splitmix64(&seed);
}

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

uint64_t pgo_random_u64(struct pgo_random *rng)
{
	uint64_t *s = rng->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double pgo_random_unit(struct pgo_random *rng)
{
	return (double)(pgo_random_u64(rng) >> 11) * 0x1p-53;
}

uint64_t pgo_random_below(struct pgo_random *rng, uint64_t n)
{
	uint64_t biased = -n % n, x; /* the first 2^64 mod n values would make some likelier */

	do
		x = pgo_random_u64(rng);
	while (x < biased);
	return x % n;
}

/* Ball by ball: exact, for few of them. */
static uint64_t draw_each(struct pgo_random *rng, uint64_t all, uint64_t marked, uint64_t drawn)
{
	uint64_t got = 0;

	for (; marked > 0; marked--, all--)
		if (pgo_random_below(rng, all) < drawn - got)
			got++;
	return got;
}

static double log_choose(double n, double k)
{
	int sign;

	return lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign);
}

/*
 * Inversion from the mode outwards: subtract the probabilities of the mode and of its neighbours on
 * both sides, the likelier first, from a uniform number until it is used up. Some standard
 * deviations' worth of steps.
 */
static uint64_t draw_many(struct pgo_random *rng, double all, double marked, double drawn)
{
	double least = fmax(0, drawn + marked - all), most = fmin(marked, drawn);
	double mode = floor((drawn + 1) * (marked + 1) / (all + 2));
	double up, down, p_up, p_down, p, at;
	double left = pgo_random_unit(rng);

	at = up = down = mode = fmin(most, fmax(least, mode));
	p = p_up = p_down = exp(log_choose(marked, mode) + log_choose(all - marked, drawn - mode) -
				log_choose(all, drawn));
	for (left -= p; left >= 0; left -= p) {
		double next_up = p_up * (marked - up) * (drawn - up) /
				 ((up + 1) * (all - marked - drawn + up + 1));
		double next_down = p_down * down * (all - marked - drawn + down) /
				   ((marked - down + 1) * (drawn - down + 1));

		if (fmax(next_up, next_down) < 0x1p-80)
			return mode; /* all there is: the rest is rounding */
		if (next_up >= next_down) {
			p = p_up = next_up;
			at = ++up;
		} else {
			p = p_down = next_down;
			at = --down;
		}
	}
	return at;
}

uint64_t pgo_random_draw(struct pgo_random *rng, uint64_t all, uint64_t marked, uint64_t drawn)
{
	if (marked == 0 || drawn == 0)
		return 0;
	if (drawn == all)
		return marked;
	if (marked <= 64)
		return draw_each(rng, all, marked, drawn);
	/* Beyond 2^53 a double may be rounded out of the range of what is possible. */
	uint64_t least = all - marked < drawn ? drawn - (all - marked) : 0;
	uint64_t most = marked < drawn ? marked : drawn, got = draw_many(rng, all, marked, drawn);
	if (got < least)
		return least;
	return got < most ? got : most;
}
