/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

/* Executables with resident pages at a time: one touch may map 2 MiB (large folios, Linux 6.18). */
#define MAX_AWAKE 2
/* Memory for the stacks of one executable; some hundred thousand of them. */
#define MAX_STACKS_BYTES (64u << 20)

int recorder_init(struct recorder *r, const struct recorder_options *options,
		  struct capture_detail *ret_detail)
{
	const struct capture_options capture = {
		.frequency = options->frequency,
		.all = options->all || options->by_file,
		.descendants = options->descendants,
		.by_cgroup = options->container.text[0],
	};
	int e = 0;

	memset(r, 0, sizeof(*r));
	r->options = *options;
	r->window = 1;
	if (!r->options.max_tally_bytes)
		r->options.max_tally_bytes = MAX_STACKS_BYTES;
	if (options->group_of)
		e = members_init(&r->members);
	if (e == 0 && options->group_of)
		e = cgroups_init(&r->cgroups, options->budget);
	return e == 0 ? capture_open(&capture, ret_detail, &r->capture) : e;
}

void recorder_fini(struct recorder *r)
{
	r->capture = capture_close(r->capture);
	parked_fini(&r->parked);
	tallies_fini(&r->tallies);
	members_fini(&r->members);
	cgroups_fini(&r->cgroups);
	builds_fini(&r->builds);
}

/* In the container that is recorded; any process is, where none is named. */
static bool is_inside(const struct recorder *r, const struct process *p)
{
	const char *id = r->options.container.text;

	return !id[0] || strcmp(p->place.container.text, id) == 0;
}

/* The kernel will never tell of the end of one that ended before it was watched: so look after. */
int recorder_watch(struct recorder *r, uint32_t pid, uint64_t start_ticks)
{
	_cleanup_(process_close) struct process p = PROCESS_NULL;
	int e = capture_watch_pid(r->capture, pid);

	if (e != 0)
		return e;
	e = process_open(r->options.procfs, (int32_t)pid, &p);
	if (e == TARGET_E_GONE ||
	    (e == 0 && (!is_inside(r, &p) || (start_ticks && p.start_ticks != start_ticks))))
		e = capture_unwatch_pid(r->capture, pid);
	return e < 0 ? e : 0;
}

/*
 * ---- a process, looked at once for all that a record asks of it -----------------------------
 *
 * Where the program is known, where the process is is all that is left to ask.
 */

struct glance {
	const struct record_header *header;
	bool tried, is_there;
	struct process process;
};

static void glance_fini(struct glance *g)
{
	if (g->is_there)
		process_close(&g->process);
}

typedef int (*process_look)(const struct procfs *procfs, int32_t pid, struct process *ret_process);

/* By process_open() or process_peek(). 0, whether it is there or not, or -ENOMEM. */
static int glance(struct recorder *r, struct glance *g, process_look look_at)
{
	if (g->tried)
		return 0;
	g->tried = true;
	r->counters.looks++;
	int e = look_at(r->options.procfs, (int32_t)g->header->pid, &g->process);
	if (e != 0)
		return e == -ENOMEM ? e : 0;
	g->is_there = true;
	if (process_started_at(&g->process, g->header->start_time))
		return 0;
	glance_fini(g);
	g->is_there = false;
	return 0;
}

/* ---- executables ------------------------------------------------------------------------- */

static bool is_wanted(const struct recorder *r, const struct process *p)
{
	return !r->options.by_file ||
	       (p->exe_device == r->options.device && p->exe_inode == r->options.inode);
}

/* Tell the kernel program how to treat a build. */
static int set_policy(struct recorder *r, struct build *build)
{
	struct exe_policy policy = { .verdict = EXE_IGNORE };

	if (!build->ignored)
		policy = build_policy(build);
	int e = capture_set_policy(r->capture, &build->key, &policy);
	build->told = clock_monotonic();
	return e;
}

/* The kernel goes on ignoring what is not Go; of the others it is to tell when one starts again. */
static int forget(struct recorder *r, struct build *build)
{
	bool is_for_good = build->ignored && !build->unwanted;
	int e = is_for_good ? 0 : capture_forget_policy(r->capture, &build->key);

	builds_remove(&r->builds, build);
	return e;
}

static int make_room(struct recorder *r)
{
	bool only_open = r->builds.n_open == BUILDS_MAX_OPEN;
	struct build *build = builds_oldest(&r->builds, only_open);

	if (!build)
		return BUILDS_E_FULL;
	r->counters.builds_evicted++;
	return forget(r, build);
}

static int add_build(struct recorder *r, const struct exe_key *key, const struct process *p,
		     struct build **ret_build)
{
	int fd = is_wanted(r, p) ? p->exe : -1;
	int e = builds_add(&r->builds, key, fd, p->exe_path, ret_build);

	if (e != BUILDS_E_FULL)
		return e;
	e = make_room(r);
	return e == 0 ? builds_add(&r->builds, key, fd, p->exe_path, ret_build) : e;
}

static bool is_unwanted(const struct recorder *r, const struct build *build, struct group *group)
{
	return r->options.ignores && r->options.ignores(r->options.context, build, group);
}

static void prepare(struct recorder *r, struct build *build)
{
	build->seen = r->window;
	build->ignored = !build->binary;
	if (build->ignored)
		return;
	if (r->options.max_pairs)
		binary_allow(build->binary, r->options.max_pairs);
	build->ignored = build->unwanted = is_unwanted(r, build, NULL);
	if (build->unwanted)
		builds_shut(&r->builds, build);
}

/* A process may be there, and run another program by now. */
static int still_runs(struct recorder *r, struct glance *g, bool *ret_runs)
{
	struct exe_key key;
	int e = glance(r, g, process_open);

	*ret_runs = false;
	if (e < 0 || !g->is_there)
		return e;
	e = capture_file_key(r->capture, g->process.exe, &key);
	*ret_runs = e == 0 && memcmp(&key, &g->header->exe, sizeof(key)) == 0;
	return e;
}

/*
 * Meet an executable while a process still runs it. *ret_build is NULL when none does any more, or
 * it may not be looked at; a later one will do. BUILDS_E_FULL. Files that are not wanted are left
 * unread: they are anybody's.
 */
static int open_build(struct recorder *r, struct glance *g, struct build **ret_build)
{
	bool runs;
	int e = still_runs(r, g, &runs);

	*ret_build = NULL;
	if (e < 0 || !runs)
		return e;
	e = add_build(r, &g->header->exe, &g->process, ret_build);
	if (e != 0)
		return e;
	prepare(r, *ret_build);
	e = set_policy(r, *ret_build);
	if ((*ret_build)->binary)
		binary_rest((*ret_build)->binary); /* most are never sampled */
	return e;
}

/* ---- groups ------------------------------------------------------------------------------ */

/* What the kernel is told of a cgroup: whose it is, how often it is sampled. */
static int tell_cgroup(struct recorder *r, const struct cgroup *c)
{
	const struct cgroup_policy policy = {
		.is_known = c->group != NULL,
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
	if (!m->group || !m->group->has_cgroup || c->group)
		return 0;
	int e = is_own(r, m->group, c, &own);
	if (e < 0 || !own)
		return e;
	c->group = group_ref(m->group);
	c->unwanted = is_unwanted(r, NULL, c->group);
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

/* *ret_group is NULL where it is not known. It is borrowed. */
static int group_of(struct recorder *r, struct glance *g, uint64_t id, struct group **ret_group)
{
	const struct record_header *h = g->header;
	struct cgroup *c;
	int e = cgroup_of(r, id, &c);

	*ret_group = NULL;
	if (e < 0)
		return e;
	c->seen = r->window;
	if (c->group) {
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

/* ---- records ----------------------------------------------------------------------------- */

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

/* Give back the pages of tables that were read; in the steady state there are none. */
static void rest_pages(struct recorder *r)
{
	r->n_awake = 0;
	for (uint32_t i = 0; i < r->tallies.n; i++) {
		struct build *build = r->tallies.items[i]->build;

		if (build->rested == build->unwinder.cache.asked)
			continue;
		binary_rest(build->binary);
		build->rested = build->unwinder.cache.asked;
	}
}

static int count_and_rest(struct recorder *r, struct build *build, struct group *group,
			  const struct sample *s)
{
	bool was_at_rest = build->rested == build->unwinder.cache.asked;
	int e = count_stack(r, build, group, s);

	r->n_awake += was_at_rest && build->rested != build->unwinder.cache.asked;
	if (r->n_awake > MAX_AWAKE)
		rest_pages(r);
	return e;
}

/* The kernel keeps what it was told as long as there is room, and may have to be told again. */
static bool has_been_forgotten(const struct build *build, const struct sample *s)
{
	return !(s->flags & SAMPLE_POLICY) && s->header.time > build->told;
}

/* Its cgroup's budget pays for a sample. *ret_wanted: unless there is no use of it. */
static int charge(struct recorder *r, const struct sample *s, bool *ret_wanted)
{
	struct cgroup *c = cgroups_find(&r->cgroups, s->cgroup);

	*ret_wanted = !c || !c->unwanted;
	if (!c || c->unwanted || !cgroups_count(&r->cgroups, c, SAMPLE_WEIGHT(s->flags)))
		return 0;
	return tell_cgroup(r, c);
}

/* Of a build that is known. */
static int take(struct recorder *r, struct glance *g, struct build *build, const struct sample *s)
{
	struct group *group = NULL;
	bool is_wanted = true;
	int e = 0;

	build->seen = r->window;
	if (build->ignored) {
		r->counters.foreign += SAMPLE_WEIGHT(s->flags);
		return 0;
	}
	if (r->options.group_of) {
		e = group_of(r, g, s->cgroup, &group);
		if (e == 0)
			e = charge(r, s, &is_wanted);
	}
	if (!is_wanted)
		r->counters.ignored += SAMPLE_WEIGHT(s->flags);
	if (e < 0 || !is_wanted)
		return e;
	return count_and_rest(r, build, group, s);
}

/* Samples of those that were gone too early, now that the same file runs again. */
static int recover(struct recorder *r, struct build *build)
{
	struct sample *s;
	int e = 0;

	while (e == 0 && (s = parked_take(&r->parked, &build->key))) {
		struct glance g = { .header = &s->header };

		r->counters.recovered += SAMPLE_WEIGHT(s->flags);
		e = take(r, &g, build, s);
		glance_fini(&g);
		free(s);
	}
	return e;
}

static int meet(struct recorder *r, struct glance *g, struct build **ret_build)
{
	int e = open_build(r, g, ret_build);

	return e == 0 && *ret_build ? recover(r, *ret_build) : e;
}

/* Of an executable that is not known, and its process is gone. */
static void park(struct recorder *r, const struct sample *s)
{
	if (!parked_add(&r->parked, s))
		r->counters.unnamed += SAMPLE_WEIGHT(s->flags);
}

static int on_sample(struct recorder *r, const struct sample *s)
{
	_cleanup_(glance_fini) struct glance g = { .header = &s->header };
	struct build *build = builds_find(&r->builds, &s->header.exe);
	int e = 0;

	if (!build)
		e = meet(r, &g, &build);
	else if (has_been_forgotten(build, s))
		e = set_policy(r, build);
	if (e < 0)
		return e;
	if (build)
		return take(r, &g, build, s);
	if (e == BUILDS_E_FULL)
		r->counters.unopened += SAMPLE_WEIGHT(s->flags);
	else
		park(r, s);
	return 0;
}

/* Another program may be one of another name or of other labels: look anew. */
static int on_exec(struct recorder *r, const struct process_event *event)
{
	_cleanup_(glance_fini) struct glance g = { .header = &event->header };
	struct build *build = builds_find(&r->builds, &event->header.exe);
	struct group *group;
	int e = build ? 0 : meet(r, &g, &build);

	if (e < 0 || !build || build->ignored || !r->options.group_of)
		return e < 0 ? e : 0;
	build->seen = r->window;
	struct member *m = members_find(&r->members, event->header.pid, event->header.start_time);
	if (m)
		members_remove(&r->members, m);
	return group_of(r, &g, event->cgroup, &group);
}

static void on_exit_of(struct recorder *r, const struct record_header *h)
{
	struct member *m =
		r->options.group_of ? members_find(&r->members, h->pid, h->start_time) : NULL;

	if (m)
		members_remove(&r->members, m);
}

/* A process came from one cgroup into another: into the container, out of it, or neither. */
static int on_move(struct recorder *r, uint32_t pid)
{
	_cleanup_(process_close) struct process p = PROCESS_NULL;
	int e = process_open(r->options.procfs, (int32_t)pid, &p);

	if (e == -ENOMEM)
		return e;
	if (e != 0 || !is_inside(r, &p))
		return capture_unwatch_pid(r->capture, pid);
	if (capture_watches_pid(r->capture, pid))
		return 0;
	e = recorder_watch(r, pid, p.start_ticks);
	r->counters.unwatched += e == CAPTURE_E_FULL;
	return e < 0 ? e : 0;
}

static int on_record(const struct record_header *record, void *context)
{
	struct recorder *r = context;

	switch (record->type) {
	case RECORD_SAMPLE:
		return on_sample(r, (const struct sample *)record);
	case RECORD_EXEC:
		return on_exec(r, (const struct process_event *)record);
	case RECORD_EXIT:
		on_exit_of(r, record);
		return 0;
	case RECORD_MOVE:
		return on_move(r, record->pid);
	}
	return 0;
}

/* What is made to keep us busy is not profiled any more. */
static int give_up(struct recorder *r, struct build *build)
{
	if (build->ignored)
		return 0;
	build->ignored = true;
	r->counters.exhausted++;
	text_copy(span_of(build->path, strlen(build->path)), r->exhausted, sizeof(r->exhausted));
	return set_policy(r, build);
}

/* Before the next drain. */
static int rest(struct recorder *r)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < r->tallies.n; i++) {
		struct build *build = r->tallies.items[i]->build;

		if (binary_is_exhausted(build->binary))
			e = give_up(r, build);
		else if (r->options.max_pairs)
			binary_allow(build->binary, r->options.max_pairs);
	}
	rest_pages(r);
	return e;
}

int recorder_drain(struct recorder *r)
{
	int e = capture_drain(r->capture, on_record, r);

	int rested = rest(r);

	return e < 0 ? e : rested;
}

void recorder_settle(struct recorder *r)
{
	r->counters.unnamed += parked_clear(&r->parked);
}

/* ---- results ----------------------------------------------------------------------------- */

struct tally *recorder_largest(const struct recorder *r)
{
	struct tally *largest = NULL;

	for (uint32_t i = 0; i < r->tallies.n; i++)
		if (!largest || r->tallies.items[i]->stacks.total > largest->stacks.total)
			largest = r->tallies.items[i];
	return largest;
}

uint64_t recorder_samples(const struct recorder *r)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->tallies.n; i++)
		n += r->tallies.items[i]->stacks.total;
	return n;
}

uint64_t recorder_memory(const struct recorder *r)
{
	return r->bytes + r->parked.bytes + builds_memory(&r->builds) +
	       members_memory(&r->members) + cgroups_memory(&r->cgroups);
}

/* ---- windows ----------------------------------------------------------------------------- */

static int age_builds(struct recorder *r, uint32_t oldest)
{
	struct build *build;
	int e = 0;

	while (e == 0 && (build = builds_oldest(&r->builds, false)) && build->seen < oldest)
		e = forget(r, build);
	return e;
}

/* *ret_changed: it is another answer than before. */
static void reconsider_cgroup(struct recorder *r, struct cgroup *c, bool *ret_changed)
{
	bool before = c->unwanted;

	c->unwanted = c->group && is_unwanted(r, NULL, c->group);
	*ret_changed = c->unwanted != before;
}

static int turn_cgroup(struct recorder *r, struct cgroup *c, double share)
{
	bool other_use, other_divisor = cgroups_turn(&r->cgroups, c, share);

	reconsider_cgroup(r, c, &other_use);
	return other_use || other_divisor ? tell_cgroup(r, c) : 0;
}

static int turn_cgroups(struct recorder *r, uint32_t oldest, double share)
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

int recorder_turn(struct recorder *r, double share, struct tallies *ret_tallies)
{
	uint32_t oldest = r->window > RECORDER_KEEP ? r->window - RECORDER_KEEP : 0;
	int e = 0;

	recorder_settle(r);
	*ret_tallies = r->tallies;
	r->tallies = (struct tallies){ 0 };
	r->bytes = 0;
	r->window++;
	if (r->options.group_of) {
		members_age(&r->members, oldest);
		e = turn_cgroups(r, oldest, share);
	}
	return e < 0 ? e : age_builds(r, oldest);
}

/* One that was of no use is met anew when it is seen again. */
static int reconsider_build(struct recorder *r, struct build *build)
{
	if (build->unwanted && !build->users)
		return forget(r, build);
	if (!build->binary || (build->ignored && !build->unwanted))
		return 0;
	bool unwanted = is_unwanted(r, build, NULL);
	if (unwanted == build->unwanted)
		return 0;
	build->ignored = build->unwanted = unwanted;
	return set_policy(r, build);
}

int recorder_reconsider(struct recorder *r)
{
	uint32_t id = r->builds.items ? lru_oldest(&r->builds.lru) : LRU_NONE;
	int e = 0;

	while (e == 0 && id != LRU_NONE) {
		struct build *build = r->builds.items[id];

		id = lru_newer(&r->builds.lru, id);
		e = reconsider_build(r, build);
	}
	id = lru_oldest(&r->cgroups.lru);
	for (; e == 0 && id != LRU_NONE; id = lru_newer(&r->cgroups.lru, id)) {
		bool changed;

		reconsider_cgroup(r, &r->cgroups.items[id], &changed);
		if (changed)
			e = tell_cgroup(r, &r->cgroups.items[id]);
	}
	return e;
}
