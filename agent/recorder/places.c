/* SPDX-License-Identifier: Apache-2.0 */
/* Which group a process is of: by its cgroup where that is known, or else looked at. */
#include "agent/recorder/inside.h"

#include "base/clock.h"

/* What the kernel is told of a cgroup: whose it is, how often it is sampled. */
static int tell_cgroup(struct recorder *r, const struct cgroup *c)
{
	const struct cgroup_policy policy = {
		.is_known = c->group && !c->shared,
		.is_unwanted = c->unwanted,
		.log_weight = c->log_divisor,
	};
	int e = capture_set_cgroup(r->capture, c->id, &policy);

	return e < 0 ? e : 0;
}

static int forget_cgroup(struct recorder *r, struct cgroup *c)
{
	int e = capture_forget_cgroup(r->capture, c->id);

	cgroups_remove(&r->cgroups, c);
	return e;
}

static int cgroup_of(struct recorder *r, uint64_t id, struct cgroup **ret_cgroup)
{
	int e = 0;

	*ret_cgroup = cgroups_find(&r->cgroups, id);
	if (*ret_cgroup)
		return 0;
	if (cgroups_is_full(&r->cgroups)) {
		r->cgroups.evicted++;
		e = forget_cgroup(r, cgroups_oldest(&r->cgroups));
	}
	*ret_cgroup = cgroups_add(&r->cgroups, id);
	return e;
}

/* A container may have its cgroup in another hierarchy, and be in one with others in this. */
static int is_own(struct recorder *r, struct group *group, const struct cgroup *c, bool *ret_own)
{
	*ret_own = true;
	return r->options.is_cgroup_of
		       ? r->options.is_cgroup_of(r->options.context, group, c->id, ret_own)
		       : 0;
}

/* It was looked at, and is still where it was then: so its cgroup is its group's. */
static int settle(struct recorder *r, struct member *m, struct cgroup *c)
{
	bool own;

	m->is_settled = true;
	if (!m->group || c->group || !(m->group->has_cgroup || m->group->shares_cgroup))
		return 0;
	int e = is_own(r, m->group, c, &own);
	if (e < 0 || !own)
		return e;
	c->group = group_ref(m->group);
	c->pid = m->pid;
	c->start_time = m->start_time;
	c->shared = !m->group->has_cgroup;
	c->unwanted = recorder_is_unwanted(r, NULL, c->group);
	return tell_cgroup(r, c);
}

static int look(struct recorder *r, struct glance *g, uint64_t cgroup, struct group **ret_group)
{
	struct member m = {
		.pid = g->header->pid,
		.seen = r->window,
		.start_time = g->header->start_time,
		.cgroup = cgroup,
	};
	int e = glance(r, g, process_peek);

	if (e == 0 && g->is_there)
		e = r->options.group_of(r->options.context, &g->process, &m.group);
	else if (e == 0 && r->options.group_of_cgroup)
		e = r->options.group_of_cgroup(r->options.context, cgroup, &m.group);
	if (e < 0)
		return e;
	m.looked = clock_monotonic();
	members_add(&r->members, &m);
	*ret_group = m.group;
	return 0;
}

int recorder_find_group(struct recorder *r, struct glance *g, uint64_t id, struct group **ret_group)
{
	const struct record_header *h = g->header;
	struct cgroup *c;
	int e = cgroup_of(r, id, &c);

	*ret_group = NULL;
	if (e < 0)
		return e;
	c->seen = r->window;
	if (c->group && !c->shared) {
		*ret_group = c->group;
		return 0;
	}
	struct member *m = members_find(&r->members, h->pid, h->start_time);
	if (m && m->cgroup != id) {
		members_remove(&r->members, m);
		m = NULL;
	}
	if (!m)
		return look(r, g, id, ret_group);
	m->seen = r->window;
	*ret_group = m->group;
	return m->is_settled || h->time <= m->looked ? 0 : settle(r, m, c);
}

/*
 * A container's first process is its runtime's, which has none of its variables and waits, before
 * it becomes the program. What is gone by now tells nothing.
 */
int recorder_find_group_anew(struct recorder *r, struct glance *g, uint64_t id,
			     struct group **ret_group)
{
	const struct record_header *h = g->header;
	struct member *m = members_find(&r->members, h->pid, h->start_time);
	struct cgroup *c = cgroups_find(&r->cgroups, id);
	int e = 0;

	if (m)
		members_remove(&r->members, m);
	if (c && c->group && !c->shared && c->pid == h->pid && c->start_time == h->start_time)
		e = glance(r, g, process_peek);
	else
		c = NULL;
	if (e == 0 && c && g->is_there) {
		group_unref(c->group);
		c->group = NULL;
		e = tell_cgroup(r, c);
	}
	return e < 0 ? e : recorder_find_group(r, g, id, ret_group);
}

int recorder_charge(struct recorder *r, const struct sample *s, bool *ret_wanted)
{
	struct cgroup *c = cgroups_find(&r->cgroups, s->cgroup);

	*ret_wanted = !c || !c->unwanted;
	if (!c || c->unwanted || !cgroups_count(&r->cgroups, c, SAMPLE_WEIGHT(s->flags)))
		return 0;
	return tell_cgroup(r, c);
}

/* *ret_changed: it is another answer than before. */
static void reconsider_cgroup(struct recorder *r, struct cgroup *c, bool *ret_changed)
{
	bool before = c->unwanted;

	c->unwanted = c->group && recorder_is_unwanted(r, NULL, c->group);
	*ret_changed = c->unwanted != before;
}

static int turn_cgroup(struct recorder *r, struct cgroup *c, double share)
{
	bool other_use, other_divisor = cgroups_turn(&r->cgroups, c, share);

	reconsider_cgroup(r, c, &other_use);
	return other_use || other_divisor ? tell_cgroup(r, c) : 0;
}

int recorder_turn_cgroups(struct recorder *r, uint32_t oldest, double share)
{
	uint32_t id = lru_oldest(&r->cgroups.lru);
	int e = 0;

	while (e == 0 && id != LRU_NONE) {
		struct cgroup *c = &r->cgroups.items[id];

		id = lru_newer(&r->cgroups.lru, id);
		if (c->seen < oldest)
			e = forget_cgroup(r, c);
		else
			e = turn_cgroup(r, c, share);
	}
	return e;
}

int recorder_reconsider_cgroups(struct recorder *r)
{
	uint32_t id = lru_oldest(&r->cgroups.lru);
	int e = 0;

	for (; e == 0 && id != LRU_NONE; id = lru_newer(&r->cgroups.lru, id)) {
		bool changed;

		reconsider_cgroup(r, &r->cgroups.items[id], &changed);
		if (changed)
			e = tell_cgroup(r, &r->cgroups.items[id]);
	}
	return e;
}
