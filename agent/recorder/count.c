/* SPDX-License-Identifier: Apache-2.0 */
/* A sample of a known executable and group: unwound, and counted. */
#include "agent/recorder/inside.h"

static int count_stack(struct recorder *r, struct build *build, struct group *group,
		       const struct sample *s)
{
	uint32_t weight = SAMPLE_WEIGHT(s->flags);
	struct tally *t;
	int e = unwind_sample(&build->unwinder, s, &r->stack);

	if (e < 0)
		return e;
	if (e > 0) {
		r->counters.not_sampled += weight;
		return 0;
	}
	e = tallies_get(&r->tallies, build, group, r->options.max_tally_bytes, &t);
	if (e < 0)
		return e;
	t->pid = s->header.pid;
	r->bytes -= stacks_memory(&t->stacks);
	e = stacks_add(&t->stacks, r->stack.frames, r->stack.n, weight);
	r->bytes += stacks_memory(&t->stacks);
	if (e != 0) {
		r->counters.refused += e > 0 ? weight : 0;
		return e < 0 ? e : 0;
	}
	t->taken++;
	t->max_weight = weight > t->max_weight ? weight : t->max_weight;
	t->truncated += r->stack.truncated ? weight : 0;
	t->external += r->stack.external ? weight : 0;
	r->counters.counted += weight;
	r->counters.truncated += r->stack.truncated ? weight : 0;
	r->counters.external += r->stack.external ? weight : 0;
	r->counters.without_group += r->options.group_of && !group ? weight : 0;
	return 0;
}

/* In the steady state none is awake. */
void recorder_rest_pages(struct recorder *r)
{
	for (uint32_t i = 0; i < r->n_awake; i++) {
		binary_rest(r->awake[i]->binary);
		r->awake[i]->rested = r->awake[i]->unwinder.cache.asked;
	}
	r->n_awake = 0;
}

int recorder_count(struct recorder *r, struct build *build, struct group *group,
		   const struct sample *s)
{
	const struct pc_cache before = build->unwinder.cache, *cache = &build->unwinder.cache;
	bool was_at_rest = build->rested == before.asked;
	int e = count_stack(r, build, group, s);

	r->counters.addresses_evicted += cache->evicted - before.evicted;
	if (cache->capacity > before.capacity)
		recorder_limit_addresses(r);
	if (was_at_rest && build->rested != build->unwinder.cache.asked)
		r->awake[r->n_awake++] = build;
	if (r->n_awake > RECORDER_MAX_AWAKE)
		recorder_rest_pages(r);
	return e;
}

int recorder_rest(struct recorder *r)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < r->tallies.n; i++) {
		struct build *build = r->tallies.items[i]->build;

		if (binary_is_exhausted(build->binary))
			e = recorder_give_up(r, build);
		else if (r->options.max_pairs)
			binary_allow(build->binary, r->options.max_pairs);
	}
	recorder_rest_pages(r);
	return e;
}
