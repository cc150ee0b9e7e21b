/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often was a tip sampled? The compiler's weight does not say when it is cpu/nanoseconds, and
 * weights that were scaled do not either; so the number of samples is taken from samples/count
 * where the profile has that type at all. Otherwise a sample's nanoseconds are divided by the
 * period, or by the smallest value there is, when the period is not known.
 */
#include "pgo/tips.h"

#include <string.h>

#include "libpprof/index.h"
#include "pgo/array.h"

/* So that the counts of all samples a decoder lets through add up without overflow. */
#define SAMPLE_COUNT_MAX (INT64_C(1) << 36)

struct counting {
	size_t weight_type; /* the compiler's sample type */
	size_t count_type;
	int64_t unit; /* value of one sample in count_type */
};

void tips_fini(struct tips *t)
{
	free(t->tips);
	index_fini(&t->index);
	*t = (struct tips)TIPS_NULL;
}

static bool is_type(struct pprof_value_type t, const char *type, const char *unit)
{
	return strcmp(t.type, type) == 0 && strcmp(t.unit, unit) == 0;
}

int pgo_sample_type(const struct pprof_profile *p, size_t *ret_number)
{
	for (size_t i = 0; i < pprof_n_sample_types(p); i++) {
		struct pprof_value_type t = pprof_sample_type(p, i);

		if (is_type(t, "samples", "count") || is_type(t, "cpu", "nanoseconds")) {
			*ret_number = i;
			return 0;
		}
	}
	return PGO_E_NO_SAMPLE_TYPE;
}

static int64_t smallest_value(struct pprof_profile *p, size_t type)
{
	int64_t smallest = INT64_MAX;

	for (size_t i = 0; i < pprof_n_samples(p); i++) {
		int64_t value = pprof_sample(p, i).values[type];

		if (value > 0 && value < smallest)
			smallest = value;
	}
	return smallest;
}

static int counting_of(struct pprof_profile *p, struct counting *ret_c)
{
	struct pprof_header header = pprof_header(p);
	struct counting c = { .unit = 1 };
	int r = pgo_sample_type(p, &c.weight_type);

	if (r)
		return r;
	for (c.count_type = 0; c.count_type < pprof_n_sample_types(p); c.count_type++)
		if (is_type(pprof_sample_type(p, c.count_type), "samples", "count"))
			break;
	if (c.count_type == pprof_n_sample_types(p)) {
		c.count_type = c.weight_type;
		if (is_type(header.period_type, "cpu", "nanoseconds") && header.period > 0)
			c.unit = header.period;
		else
			c.unit = smallest_value(p, c.count_type);
	}
	*ret_c = c;
	return 0;
}

/* Samples that @value stands for: at least one when there is any value. */
static int64_t count_of(const struct counting *c, int64_t value)
{
	if (value <= 0)
		return 0;
	if (value <= c->unit)
		return 1;
	value = value / c->unit + (value % c->unit > c->unit / 2);
	return value < SAMPLE_COUNT_MAX ? value : SAMPLE_COUNT_MAX;
}

static int find_tip(struct tips *t, uint32_t caller, uint32_t leaf, struct pgo_tip **ret_tip)
{
	uint64_t hash = pp_hash_u64(t->seed, (uint64_t)caller << 32 | leaf);
	uint32_t slot = INDEX_START, id;
	int r;

	while (index_next(&t->index, hash, &slot, &id)) {
		if (t->tips[id].caller == caller && t->tips[id].leaf == leaf) {
			*ret_tip = &t->tips[id];
			return 0;
		}
	}
	r = array_grow((void **)&t->tips, &t->capacity, t->n, sizeof(*t->tips));
	if (r < 0)
		return r;
	r = index_add(&t->index, hash, t->n);
	if (r < 0)
		return r;
	t->tips[t->n] = (struct pgo_tip){ .caller = caller, .leaf = leaf };
	*ret_tip = &t->tips[t->n++];
	return 0;
}

static int add_sample(struct tips *t, const struct pprof_sample *s, const struct counting *c)
{
	int64_t weight = s->values[c->weight_type];
	int64_t count = count_of(c, s->values[c->count_type]);
	struct pgo_tip *tip;
	int r;

	t->negative |= weight < 0;
	if (weight == 0)
		return 0;
	t->samples += count;
	if (s->n_locations == 0)
		return 0;
	r = find_tip(t, s->n_locations > 1 ? s->locations[1] : PPROF_NONE, s->locations[0], &tip);
	if (r < 0)
		return r;
	tip->weight = (int64_t)((uint64_t)tip->weight + (uint64_t)weight);
	tip->count += count;
	return 0;
}

int tips_collect(struct tips *t, struct pprof_profile *p)
{
	struct counting c;
	int r;

	if (pprof_n_samples(p) == 0)
		return PGO_E_EMPTY;
	r = counting_of(p, &c);
	if (r)
		return r;
	t->seed = pp_hash_seed();
	for (size_t i = 0; i < pprof_n_samples(p); i++) {
		struct pprof_sample s = pprof_sample(p, i);

		r = add_sample(t, &s, &c);
		if (r < 0)
			return r;
	}
	return 0;
}
