/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/recorder/inside.h"
#include "base/cleanup.h"

/* Memory for the stacks of one executable; some hundred thousand of them. */
#define MAX_STACKS_BYTES (64u << 20)

/* For addresses of all executables: 32 KiB for each of those open, were all as busy. */
#define MAX_ADDRESS_BYTES (16u << 20)

/* Known before the first process runs it; how short that lives is no matter then. */
static int open_file(struct recorder *r)
{
	struct record_header header = { 0 };
	struct glance g = { .header = &header };
	struct build *build;
	int e = capture_file_key(r->capture, r->options.file, &r->file);

	header.exe = r->file;
	return e == 0 ? recorder_open_build(r, &g, &build) : e;
}

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
	if (!r->options.max_address_bytes)
		r->options.max_address_bytes = MAX_ADDRESS_BYTES;
	if (options->group_of)
		e = members_init(&r->members);
	if (e == 0 && options->group_of)
		e = cgroups_init(&r->cgroups, options->budget);
	if (e == 0)
		e = capture_open(&capture, ret_detail, &r->capture);
	return e == 0 && options->by_file ? open_file(r) : e;
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

/* The kernel keeps what it was told as long as there is room, and may have to be told again. */
static bool has_been_forgotten(const struct build *build, const struct sample *s)
{
	return !(s->flags & SAMPLE_POLICY) && s->header.time > build->told;
}

static int repeat(struct recorder *r, struct build *build)
{
	r->counters.repeated++;
	return recorder_tell_build(r, build);
}

/* Of a build that is known. */
static int take(struct recorder *r, struct glance *g, struct build *build, const struct sample *s)
{
	struct group *group = NULL;
	bool is_wanted = true;
	int e = 0;

	build->seen = r->window;
	if (build->ignored) {
		/* Given up, or by the owner's rules. */
		bool is_go = build->binary || (build->unwanted && build->outcome == 0);

		*(is_go ? &r->counters.ignored : &r->counters.foreign) += SAMPLE_WEIGHT(s->flags);
		return 0;
	}
	if (r->options.group_of) {
		e = recorder_find_group(r, g, s->cgroup, &group);
		if (e == 0)
			e = recorder_charge(r, s, &is_wanted);
	}
	if (!is_wanted)
		r->counters.ignored += SAMPLE_WEIGHT(s->flags);
	if (e < 0 || !is_wanted)
		return e;
	return recorder_count(r, build, group, s);
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
	int e = recorder_open_build(r, g, ret_build);

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
		e = repeat(r, build);
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
	return recorder_find_group_anew(r, &g, event->cgroup, &group);
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

int recorder_drain(struct recorder *r)
{
	int e = capture_drain(r->capture, on_record, r);

	int rested = recorder_rest(r);

	return e < 0 ? e : rested;
}

void recorder_settle(struct recorder *r)
{
	r->counters.unnamed += parked_clear(&r->parked);
}

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
		e = recorder_turn_cgroups(r, oldest, share);
	}
	return e < 0 ? e : recorder_age_builds(r, oldest);
}

int recorder_reconsider(struct recorder *r)
{
	int e = recorder_reconsider_builds(r);

	return e < 0 ? e : recorder_reconsider_cgroups(r);
}
