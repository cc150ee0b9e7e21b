/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/harvest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/groups.h"
#include "agent/symbolize/profile.h"
#include "agent/symbolize/symbolize.h"
#include "base/cleanup.h"

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static void tally_freep(struct tally **t)
{
	tally_free(*t);
}

void harvest_begin(struct harvest *h, struct tallies *tallies, const struct harvest_facts *facts)
{
	tallies_fini(&h->tallies);
	h->tallies = *tallies;
	h->facts = *facts;
	h->next = h->n_waiting = 0;
	h->is_in_round = false;
	h->names_changes = HARVEST_NO_ROUND;
	h->samples = 0;
	*tallies = (struct tallies)TALLIES_NULL;
	for (uint32_t i = 0; i < h->tallies.n; i++)
		h->samples += h->tallies.items[i]->stacks.total;
}

void harvest_fini(struct harvest *h)
{
	tallies_fini(&h->tallies);
	*h = (struct harvest)HARVEST_NULL;
}

/* ---- who it is of ------------------------------------------------------------------------ */

static int make_labels(const struct tally *t, const struct harvest_naming *naming,
		       struct labels *ret_labels)
{
	static const struct place nowhere;
	const struct binary_build *build = binary_build(t->build->binary);
	const struct agent_group *group = agent_group_of(t->group);
	const struct span exe = span_of(t->build->path, strlen(t->build->path));
	const struct pod_container *container;
	const struct target_rule *rule;
	const struct pod *pod;
	enum rule_action action;
	struct identity identity;
	struct subject subject;

	subject_of_place(group ? &group->place : &nowhere, exe, &subject);
	if (group)
		strcpy(subject.environ_service, group->service);
	int r = names_find(naming->names, &subject.place, &pod, &container);
	if (r < 0)
		return r;
	identity_of(&subject, build, pod, container, &identity);
	identity.facts.labels_pending = pod && !names_has_labels(naming->names, &subject.place);
	r = target_rules_match(naming->rules, &identity.facts, &action, &rule);
	if (r == RULE_E_PENDING && !naming->final)
		return HARVEST_E_LATER;
	if (action == RULE_IGNORE)
		return HARVEST_E_UNWANTED;
	/* Whatever the rules ask for: it would go by another service name, and be of no pod. */
	if ((identity.facts.pod_pending || identity.facts.labels_pending) && !naming->final)
		return HARVEST_E_LATER;
	return identity_labels(&naming->labels, rule, &subject, build, &identity, ret_labels);
}

static int make_id(char ret_id[UUID_TEXT_SIZE])
{
	struct uuid id;

	if (getrandom(id.bytes, sizeof(id.bytes), 0) != sizeof(id.bytes))
		return -errno;
	id.bytes[6] = (id.bytes[6] & 0x0f) | 0x40;
	id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80;
	uuid_format(&id, ret_id);
	return 0;
}

/* ---- what is in it ----------------------------------------------------------------------- */

/* Of what was lost without a trace of whose it was, the share that is to be expected. */
static uint64_t lost_of(const struct harvest *h, const struct tally *t)
{
	uint64_t share = 0;

	if (h->samples)
		share = (uint64_t)((double)h->facts.lost * (double)t->stacks.total /
					   (double)h->samples +
				   0.999);
	return t->stacks.refused + share;
}

static int fill(struct harvest *h, const struct tally *t, struct pprof_profile *p)
{
	const struct symbolize_options options = {
		.mapping_file = t->build->path,
		.period = h->facts.period,
	};
	struct symbolize_counts counts;
	int r = symbolize_stacks(t->build->binary, &t->stacks, &options, p, &counts);

	if (r < 0)
		return r;
	h->counters.samples += counts.samples;
	h->counters.unsymbolized += counts.unsymbolized;
	const struct pgo_notes notes = {
		.known = true,
		.samples = counts.samples,
		.lost = lost_of(h, t),
		.truncated = t->truncated,
		.unsymbolized = counts.unsymbolized,
		.taken = t->taken,
		.max_weight = t->max_weight,
	};
	return profile_note(p, &notes);
}

/* Pairs of a build's tables for one profile: some second. The largest need a few percent of it. */
#define PROFILE_PAIRS (256u << 20)

static int make_profile(struct harvest *h, const struct tally *t, struct harvested *ret_harvested,
			uint8_t **ret_pprof)
{
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	const struct profile_facts facts = {
		.start = h->facts.start,
		.duration = h->facts.duration,
		.period = h->facts.period,
	};
	size_t size = 0;
	int r = profile_new(t->build->binary, &facts, &p);

	if (!binary_is_exhausted(t->build->binary))
		binary_allow(t->build->binary, PROFILE_PAIRS);
	if (r == 0)
		r = fill(h, t, p);
	if (r == 0)
		r = pprof_encode(p, PPROF_GZIP, ret_pprof, &size);
	if (r != 0)
		return r < 0 ? r : -E2BIG;
	/* Asked when all is read: it may be of either. */
	if (binary_rewritten(t->build->binary))
		return HARVEST_E_REWRITTEN;
	ret_harvested->pprof = span_of(*ret_pprof, size);
	ret_harvested->time = h->facts.start;
	ret_harvested->samples = pprof_n_samples(p);
	h->counters.profiles++;
	h->counters.bytes += size;
	return 0;
}

/* Those that had to wait in this round are at the end; the next one takes this one's place. */
static int put_back(struct harvest *h, struct tally *t)
{
	uint32_t last = h->tallies.n - ++h->n_waiting;

	h->tallies.items[--h->next] = h->tallies.items[last];
	h->tallies.items[last] = t;
	return HARVEST_E_LATER;
}

/* Those that wait are looked at again only if something is known since that was not. */
static int begin_round(struct harvest *h, const struct harvest_naming *naming)
{
	int r = names_refresh(naming->names);
	uint64_t changes = names_changes(naming->names);

	if (r < 0)
		return r;
	if (changes == h->names_changes && !naming->final)
		return HARVEST_E_WAITS;
	h->names_changes = changes;
	h->is_in_round = true;
	return 0;
}

static int end_round(struct harvest *h)
{
	h->n_waiting = 0;
	h->is_in_round = false;
	return HARVEST_E_WAITS;
}

int harvest_next(struct harvest *h, const struct harvest_naming *naming,
		 struct harvested *ret_harvested, uint8_t **ret_pprof, struct labels *ret_labels)
{
	_cleanup_(tally_freep) struct tally *t = NULL;
	int r = h->is_in_round ? 0 : begin_round(h, naming);

	if (r != 0)
		return r;
	if (naming->final)
		h->n_waiting = 0;
	if (h->next == h->tallies.n - h->n_waiting)
		return end_round(h);
	t = TAKE_PTR(h->tallies.items[h->next]);
	h->next++;
	*ret_harvested = (struct harvested){ .labels = ret_labels };
	r = make_labels(t, naming, ret_labels);
	if (r == HARVEST_E_LATER) {
		binary_rest(t->build->binary); /* of which the build's own names were read */
		return put_back(h, TAKE_PTR(t));
	}
	if (r == 0)
		r = make_id(ret_harvested->id);
	if (r == 0)
		r = make_profile(h, t, ret_harvested, ret_pprof);
	h->counters.unwanted += r == HARVEST_E_UNWANTED;
	h->counters.rewritten += r == HARVEST_E_REWRITTEN ? t->stacks.total : 0;
	binary_rest(t->build->binary);
	return r;
}
