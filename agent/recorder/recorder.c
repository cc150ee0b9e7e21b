/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Memory for the stacks of one executable; some hundred thousand of them. */
#define MAX_STACKS_BYTES (64u << 20)

int recorder_init(struct recorder *r, const struct recorder_options *options,
		  struct capture_detail *ret_detail)
{
	const struct capture_options capture = {
		.frequency = options->frequency,
		.all = options->by_file,
		.descendants = options->descendants,
	};

	memset(r, 0, sizeof(*r));
	r->options = *options;
	return capture_open(&capture, ret_detail, &r->capture);
}

static void tally_free(struct tally *t)
{
	stacks_fini(&t->stacks);
	free(t);
}

void recorder_fini(struct recorder *r)
{
	r->capture = capture_close(r->capture);
	for (uint32_t i = 0; i < r->n_tallies; i++)
		tally_free(r->tallies[i]);
	free(r->tallies);
	r->tallies = NULL;
	r->n_tallies = 0;
	builds_fini(&r->builds);
}

int recorder_watch(struct recorder *r, uint32_t pid)
{
	_cleanup_(process_close) struct process p = PROCESS_NULL;
	int e = capture_watch_pid(r->capture, pid);

	if (e != 0)
		return e;
	/* The kernel will never tell of the end of one that ended before it was watched. */
	e = process_open(r->options.procfs, (int32_t)pid, &p);
	if (e == TARGET_E_GONE)
		e = capture_unwatch_pid(r->capture, pid);
	return e < 0 ? e : 0;
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

/*
 * Meet an executable while a process still runs it. *ret_build is NULL when the process is gone
 * already, or may not be looked at; a later one will do. Files that are not wanted are left
 * unread: they are anybody's.
 */
static int meet(struct recorder *r, const struct record_header *h, struct build **ret_build)
{
	_cleanup_(process_close) struct process p = PROCESS_NULL;
	int e = process_open(r->options.procfs, (int32_t)h->pid, &p);

	*ret_build = NULL;
	if (e != 0 || !process_started_at(&p, h->start_time))
		return e == -ENOMEM ? e : 0;
	e = builds_add(&r->builds, &h->exe, is_wanted(r, &p) ? p.exe : -1, p.exe_path, ret_build);
	if (e != 0)
		return e < 0 ? e : 0;
	(*ret_build)->ignored = !(*ret_build)->binary;
	return set_policy(r, *ret_build);
}

static struct tally *find_tally(const struct recorder *r, const struct build *build)
{
	for (uint32_t i = 0; i < r->n_tallies; i++)
		if (r->tallies[i]->build == build)
			return r->tallies[i];
	return NULL;
}

static int tally_of(struct recorder *r, struct build *build, struct tally **ret_tally)
{
	*ret_tally = find_tally(r, build);
	if (*ret_tally)
		return 0;
	struct tally **tallies = reallocarray(r->tallies, r->n_tallies + 1, sizeof(*tallies));
	if (!tallies)
		return -ENOMEM;
	r->tallies = tallies;
	struct tally *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->build = build;
	stacks_init(&t->stacks, MAX_STACKS_BYTES);
	*ret_tally = r->tallies[r->n_tallies++] = t;
	return 0;
}

/* ---- records ----------------------------------------------------------------------------- */

static int count_stack(struct recorder *r, struct build *build, const struct sample *s)
{
	struct tally *t;
	int e = unwind_sample(&build->unwinder, s, &r->stack);

	if (e < 0)
		return e;
	if (e > 0) {
		r->not_sampled++;
		return 0;
	}
	e = tally_of(r, build, &t);
	if (e < 0)
		return e;
	t->pid = s->header.pid;
	t->truncated += r->stack.truncated;
	t->external += r->stack.external;
	e = stacks_add(&t->stacks, r->stack.frames, r->stack.n, 1);
	return e < 0 ? e : 0; /* a full table has counted it */
}

/* The kernel keeps what it was told as long as there is room, and may have to be told again. */
static bool has_been_forgotten(const struct build *build, const struct sample *s)
{
	return !(s->flags & SAMPLE_POLICY) && s->header.time > build->told;
}

static int on_sample(struct recorder *r, const struct sample *s)
{
	struct build *build = builds_find(&r->builds, &s->header.exe);

	int e = 0;

	if (!build)
		e = meet(r, &s->header, &build);
	else if (has_been_forgotten(build, s))
		e = set_policy(r, build);
	if (e < 0)
		return e;
	if (!build) {
		r->unnamed++;
		return 0;
	}
	if (build->ignored) {
		r->foreign++;
		return 0;
	}
	return count_stack(r, build, s);
}

static int on_event(struct recorder *r, const struct process_event *e)
{
	struct build *build;

	if (e->header.type != RECORD_EXEC)
		return 0;
	if (builds_find(&r->builds, &e->header.exe))
		return 0;
	return meet(r, &e->header, &build);
}

static int on_record(const struct record_header *record, void *context)
{
	struct recorder *r = context;

	if (record->type == RECORD_SAMPLE)
		return on_sample(r, (const struct sample *)record);
	return on_event(r, (const struct process_event *)record);
}

int recorder_drain(struct recorder *r)
{
	return capture_drain(r->capture, on_record, r);
}

/* ---- results ----------------------------------------------------------------------------- */

struct tally *recorder_largest(const struct recorder *r)
{
	struct tally *largest = NULL;

	for (uint32_t i = 0; i < r->n_tallies; i++)
		if (!largest || r->tallies[i]->stacks.total > largest->stacks.total)
			largest = r->tallies[i];
	return largest;
}

uint64_t recorder_samples(const struct recorder *r)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->n_tallies; i++)
		n += r->tallies[i]->stacks.total;
	return n;
}
