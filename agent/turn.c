/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/inside.h"

#include <errno.h>
#include <malloc.h>

#include "agent/window.h"
#include "base/clock.h"

static_assert(sizeof(struct config_pair) == sizeof(struct label), "the same shape");

/* Between two profiles of a window that is over, so that other things get their turn. */
#define HARVEST_PAUSE NSEC_PER_MSEC
/* For pods that are not known yet. */
#define HARVEST_LONG_PAUSE NSEC_PER_SEC

/* Of the time that stopping takes; the rest is for delivery. */
#define STOP_HARVEST_TIME (3500 * NSEC_PER_MSEC)

/* ---- profiles ---------------------------------------------------------------------------- */

/* @last: no more time for what has to wait. *ret_waits: all that is left has to. */
static int harvest_one(struct agent *a, bool last, bool *ret_waits)
{
	const struct harvest_naming naming = {
		.labels = {
			.node = a->node_label,
			.hostname = a->node,
			.fixed = (const struct label *)a->config.labels,
			.n_fixed = a->config.n_labels,
		},
		.rules = &a->config.rules,
		.names = &a->names,
		.final = last || clock_monotonic() - a->window_began > a->config.window / 2,
	};
	_cleanup_(labels_fini) struct labels labels = LABELS_NULL;
	_cleanup_(freep) uint8_t *pprof = NULL;
	struct harvested profile;
	int r = harvest_next(&a->harvest, &naming, &profile, &pprof, &labels);

	*ret_waits = r == HARVEST_E_WAITS;
	if (r == 0)
		return courier_submit(a->courier, &profile, &pprof, &labels);
	if (r > 0 || r == -ENOMEM)
		return r < 0 ? r : 0;
	log_error(a->log, "a profile could not be made", log_errno(r));
	return 0;
}

static int on_harvest(struct loop_timer *timer)
{
	struct agent *a = container_of(timer, struct agent, harvesting);
	bool waits;

	if (harvest_is_done(&a->harvest))
		return 0;
	int r = harvest_one(a, false, &waits);
	if (r < 0)
		return r;
	if (!harvest_is_done(&a->harvest))
		return loop_timer_set(timer, waits ? HARVEST_LONG_PAUSE : HARVEST_PAUSE, 0);
	malloc_trim(0); /* what profiles were made in is wanted again in a window's time */
	return 0;
}

static bool is_late(const struct agent *a)
{
	return a->stopping && clock_monotonic() - a->stopping > STOP_HARVEST_TIME;
}

int turn_finish(struct agent *a)
{
	bool waits;
	int r = 0;

	while (r == 0 && !harvest_is_done(&a->harvest) && !is_late(a))
		r = harvest_one(a, true, &waits);
	if (r == 0 && !harvest_is_done(&a->harvest))
		log_warning(a->log, "no time was left to make all profiles",
			    log_u64("lost", harvest_left(&a->harvest)));
	return r;
}

/* ---- windows ----------------------------------------------------------------------------- */

/*
 * Samples that got lost before it was known whose they are. Those of processes that were gone too
 * early are not among them: most are of programs that are not Go.
 */
static uint64_t lost_so_far(const struct agent *a)
{
	struct capture_counters counters;

	capture_counters(a->recorder.capture, &counters);
	return counters.lost + counters.malformed;
}

int turn_schedule(struct agent *a)
{
	uint64_t length = a->config.window,
		 offset = window_offset(a->node_label ? a->node_label : a->node, length);

	return loop_timer_set(&a->window, window_next(clock_realtime(), length, offset), 0);
}

static void report_exhausted(struct agent *a)
{
	uint64_t n = a->recorder.counters.exhausted;

	if (n != a->exhausted)
		log_warning(a->log,
			    "executables are not profiled, whose tables cost too much to read",
			    log_u64("count", n - a->exhausted),
			    log_text("last", a->recorder.exhausted));
	a->exhausted = n;
}

static void report_unreadable(struct agent *a)
{
	uint64_t n = a->recorder.counters.unreadable;

	if (n != a->unreadable)
		log_info(a->log, "Go programs are not profiled",
			 log_u64("count", n - a->unreadable),
			 log_text("last", a->recorder.unreadable),
			 log_text("why", binary_outcome_text(a->recorder.unreadable_outcome)));
	a->unreadable = n;
}

/* The next one begins at once, with the first sample that is not in this one. */
int turn_close(struct agent *a)
{
	int r = recorder_drain(&a->recorder);
	uint64_t now = clock_monotonic(), lost = lost_so_far(a);
	const struct harvest_facts facts = {
		.start = clock_realtime() - (now - a->window_began),
		.duration = now - a->window_began,
		.period = NSEC_PER_SEC / a->config.frequency,
		.lost = lost - a->lost_before,
	};
	struct tallies tallies = TALLIES_NULL;

	if (r == 0)
		r = turn_finish(a); /* of the one before, if it is not done yet */
	if (r == 0)
		r = recorder_turn(&a->recorder, (double)facts.duration / (double)a->config.window,
				  &tallies);
	if (r < 0)
		return r;
	a->window_began = now;
	a->lost_before = lost;
	harvest_begin(&a->harvest, &tallies, &facts);
	a->windows++;
	names_report(&a->names, a->log);
	report_exhausted(a);
	report_unreadable(a);
	return loop_timer_set(&a->harvesting, HARVEST_PAUSE, 0);
}

/* CPUs that came online tick from the next window on. What cannot be had of them is tried again. */
static void follow_cpus(struct agent *a)
{
	struct capture_detail detail;
	int r = capture_follow_cpus(a->recorder.capture, &detail);

	if (r != 0)
		log_warning(a->log, "a CPU that came online is not sampled",
			    r < 0 ? log_errno(r) : log_text("reason", capture_outcome_text(r)));
}

int turn_window(struct agent *a)
{
	int r = turn_close(a);

	follow_cpus(a);
	return r < 0 ? r : turn_schedule(a);
}

static int on_window(struct loop_timer *timer)
{
	return turn_window(container_of(timer, struct agent, window));
}

int turn_init(struct agent *a)
{
	int r = loop_timer_init(&a->window, &a->loop, on_window);

	return r == 0 ? loop_timer_init(&a->harvesting, &a->loop, on_harvest) : r;
}
