/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/live.h"
#include "cli/preview.h"

/* The kernel program wakes us where something is urgent, or the ring half full. */
#define DRAIN_INTERVAL NSEC_PER_SEC
#define SHOW_INTERVAL  NSEC_PER_SEC
/*
 * Judge anew when there is this much more to judge, so that it costs little however long it lasts;
 * more rarely where the recording does not end by it.
 */
#define GROWTH_TO_READ 1.5
#define GROWTH_TO_END  1.2

struct record_loop {
	struct loop loop;
	struct loop_source ring;
	struct loop_timer drain, show, end;
	struct loop_signals signals;
	struct recorder *recorder;
	const struct record_loop_options *options;
	struct live live;
	struct preview preview;
	struct pgo_quality quality;
	uint64_t judged; /* samples in it */
	bool unjudged;	 /* has grown too large for that */
	uint64_t start;
	enum record_end why;
};

static void finish(struct record_loop *l, enum record_end why)
{
	l->why = why;
	loop_quit(&l->loop);
}

static int drain(struct record_loop *l)
{
	int r = recorder_drain(l->recorder);

	if (r == 0 && !l->options->no_watch && !capture_watches_any(l->recorder->capture))
		finish(l, RECORD_END_PROCESSES);
	return r;
}

static int on_ring(struct loop_source *source, uint32_t events)
{
	(void)events;
	return drain(container_of(source, struct record_loop, ring));
}

static int on_drain(struct loop_timer *timer)
{
	return drain(container_of(timer, struct record_loop, drain));
}

static int on_end(struct loop_timer *timer)
{
	finish(container_of(timer, struct record_loop, end), RECORD_END_TIME);
	return 0;
}

static int on_signal(struct loop_signals *signals, int number)
{
	(void)number;
	finish(container_of(signals, struct record_loop, signals), RECORD_END_INTERRUPTED);
	return 0;
}

static int judge(struct record_loop *l, const struct tally *tally)
{
	const double growth = l->options->until_ready ? GROWTH_TO_END : GROWTH_TO_READ;

	if (l->unjudged || (double)tally->stacks.total < (double)l->judged * growth)
		return 0;
	l->judged = tally->stacks.total;
	int r = preview_judge(&l->preview, tally, &l->quality);
	l->unjudged = r == PGO_E_TOO_LARGE;
	return r < 0 ? r : 0;
}

static const char *verdict_of(const struct record_loop *l)
{
	if (l->unjudged)
		return "too large to be judged";
	return l->judged ? pgo_verdict_name(l->quality.verdict) : NULL;
}

static void show(struct record_loop *l)
{
	struct capture_counters counters;

	if (l->live.fd < 0)
		return;
	capture_counters(l->recorder->capture, &counters);
	const struct live_status status = {
		.elapsed = clock_monotonic() - l->start,
		.duration = l->options->duration,
		.samples = recorder_samples(l->recorder),
		.edges = l->quality.edges,
		.coverage = l->judged ? l->quality.coverage : -1,
		.verdict = verdict_of(l),
		.lost = counters.lost,
	};
	live_show(&l->live, &status);
}

static int on_show(struct loop_timer *timer)
{
	struct record_loop *l = container_of(timer, struct record_loop, show);
	const struct tally *tally = recorder_largest(l->recorder);
	int r = tally ? judge(l, tally) : 0;

	if (r < 0)
		return r;
	show(l);
	if (l->options->until_ready && l->quality.enough)
		finish(l, RECORD_END_READY);
	return 0;
}

void record_signals(sigset_t *ret_set)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	sigemptyset(ret_set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct sigaction action;

		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(ret_set, numbers[i]);
	}
}

void record_signals_hold(void)
{
	sigset_t set;

	record_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool record_signals_came(void)
{
	sigset_t set, pending;

	record_signals(&set);
	sigpending(&pending);
	sigandset(&set, &set, &pending);
	return !sigisemptyset(&set);
}

static int set_up(struct record_loop *l)
{
	const bool judges = l->live.fd >= 0 || l->options->until_ready;
	sigset_t set;
	int r;

	record_signals(&set);
	r = loop_init(&l->loop);
	if (r == 0)
		r = loop_signals_init(&l->signals, &l->loop, &set, on_signal);
	if (r == 0)
		r = loop_add(&l->loop, &l->ring, capture_fd(l->recorder->capture), EPOLLIN,
			     on_ring);
	if (r == 0)
		r = loop_timer_init(&l->drain, &l->loop, on_drain);
	if (r == 0)
		r = loop_timer_init(&l->show, &l->loop, on_show);
	if (r == 0)
		r = loop_timer_init(&l->end, &l->loop, on_end);
	if (r == 0)
		r = loop_timer_set(&l->drain, DRAIN_INTERVAL, DRAIN_INTERVAL);
	if (r == 0 && judges)
		r = loop_timer_set(&l->show, SHOW_INTERVAL, SHOW_INTERVAL);
	if (r == 0 && l->options->duration)
		r = loop_timer_set(&l->end, l->options->duration, 0);
	return r;
}

static void tear_down(struct record_loop *l)
{
	live_clear(&l->live);
	preview_fini(&l->preview);
	loop_timer_fini(&l->end);
	loop_timer_fini(&l->show);
	loop_timer_fini(&l->drain);
	loop_remove(&l->ring);
	loop_signals_fini(&l->signals);
	loop_fini(&l->loop);
}

int record_loop(struct recorder *r, const struct record_loop_options *options,
		enum record_end *ret_end, uint64_t *ret_duration)
{
	_cleanup_(tear_down) struct record_loop l = {
		.loop = LOOP_NULL,
		.ring = LOOP_SOURCE_NULL,
		.drain = LOOP_TIMER_NULL,
		.show = LOOP_TIMER_NULL,
		.end = LOOP_TIMER_NULL,
		.signals = LOOP_SIGNALS_NULL,
		.live = LIVE_NULL,
		.preview = PREVIEW_NULL,
		.recorder = r,
		.options = options,
		.start = clock_monotonic(),
	};
	int e;

	if (options->live)
		live_init(&l.live, STDERR_FILENO);
	e = set_up(&l);
	if (e == 0)
		e = loop_run(&l.loop);
	*ret_duration = clock_monotonic() - l.start;
	*ret_end = l.why;
	return e;
}
