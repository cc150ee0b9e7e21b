/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/choice.h"
#include "base/clock.h"
#include "base/notify.h"

#define WRONG 1

#define DRAIN_INTERVAL NSEC_PER_SEC
/* Stopping takes no longer than this, which is what operators grant. */
#define STOP_TIME (5 * NSEC_PER_SEC)
/* Delivery has this at the least: what was made is to be on disk. */
#define MIN_FLUSH_TIME NSEC_PER_SEC

/* With so much memory in stacks a window ends early. */
#define MAX_STACKS_BYTES (8u << 20)

/*
 * Pairs of a build's tables that one drain may read: some 50 ms. The pcsp programs of real
 * functions have a few dozen each.
 */
#define DRAIN_PAIRS (16u << 20)

/* ---- samples ----------------------------------------------------------------------------- */

static int drain(struct agent *a)
{
	int r = recorder_drain(&a->recorder);

	if (r < 0 || a->recorder.bytes < MAX_STACKS_BYTES)
		return r;
	a->windows_early++;
	return turn_window(a);
}

static int on_ring(struct loop_source *source, uint32_t events)
{
	(void)events;
	return drain(container_of(source, struct agent, ring));
}

/* Whose samples are wanted may hang on what is known of a pod just now. */
static int follow_names(struct agent *a)
{
	int r = names_refresh(&a->names);
	uint64_t changes = names_changes(&a->names);

	if (r < 0 || changes == a->names_changes)
		return r;
	a->names_changes = changes;
	return recorder_reconsider_cgroups(&a->recorder);
}

static int on_drain(struct loop_timer *timer)
{
	struct agent *a = container_of(timer, struct agent, drain);
	int r = follow_names(a);

	return r < 0 ? r : drain(a);
}

/* ---- service manager --------------------------------------------------------------------- */

static int on_watchdog(struct loop_timer *timer)
{
	struct agent *a = container_of(timer, struct agent, watchdog);

	notify_watchdog(a->notify);
	return 0;
}

/* An agent that nobody can be told of is as good as any other. */
static int open_notify(struct agent *a)
{
	uint64_t interval =
		notify_watchdog_interval(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
	int r = notify_open(getenv("NOTIFY_SOCKET"), &a->notify);

	if (r != 0)
		log_warning(a->log, "the service manager cannot be told how it goes",
			    r < 0 ? log_errno(r) : log_text("reason", "an unknown kind of socket"));
	r = loop_timer_init(&a->watchdog, &a->loop, on_watchdog);
	if (r == 0 && a->notify >= 0 && interval)
		r = loop_timer_set(&a->watchdog, interval, interval);
	return r;
}

/* ---- signals ----------------------------------------------------------------------------- */

static void on_flushed(void *context, const struct courier_rest *rest)
{
	struct agent *a = context;

	if (rest->stuck)
		log_warning(a->log, "not everything was delivered: the disk hangs",
			    log_u64("lost", rest->lost));
	else if (rest->spooled || rest->lost)
		log_warning(a->log, "not everything was delivered",
			    log_u64("spooled", rest->spooled), log_u64("lost", rest->lost));
	loop_quit(&a->loop);
}

static int stop(struct agent *a)
{
	uint64_t taken;
	int r;

	if (a->stopping)
		return 0;
	a->stopping = clock_monotonic();
	notify_stopping(a->notify, "delivering what was measured");
	capture_stop(a->recorder.capture);
	r = turn_close(a);
	if (r == 0)
		r = turn_finish(a);
	if (r < 0)
		return r;
	loop_remove(&a->ring);
	loop_timer_set(&a->drain, 0, 0);
	loop_timer_set(&a->window, 0, 0);
	loop_timer_set(&a->harvesting, 0, 0);
	taken = clock_monotonic() - a->stopping;
	return courier_flush(
		a->courier, taken < STOP_TIME - MIN_FLUSH_TIME ? STOP_TIME - taken : MIN_FLUSH_TIME,
		on_flushed, a);
}

static int on_signal(struct loop_signals *signals, int number)
{
	struct agent *a = container_of(signals, struct agent, signals);

	if (number != SIGHUP)
		return stop(a);
	return a->stopping ? 0 : reload(a);
}

/* ---- beginning and end ------------------------------------------------------------------- */

/* As recorder_ignores wants it, with the context that all of the recorder's callbacks have. */
static bool is_ignored(void *context, const struct build *build, struct group *group)
{
	struct agent *a = container_of((struct groups *)context, struct agent, groups);

	return build ? choice_ignores_build(&a->config.rules, build)
		     : choice_ignores_group(&a->config.rules, &a->names, group);
}

int agent_say_no_capture(const struct agent *a, int error, const struct capture_detail *detail)
{
	if (error < 0)
		return error;
	log_error(a->log, "cannot sample", log_text("reason", capture_outcome_text(error)),
		  log_text("detail", detail->text[0] ? detail->text : NULL));
	return WRONG;
}

static int start_recorder(struct agent *a)
{
	const struct recorder_options options = {
		.frequency = (uint32_t)a->config.frequency,
		.all = true,
		.procfs = &a->procfs,
		.group_of = groups_of,
		.group_of_cgroup = groups_of_cgroup,
		.is_cgroup_of = groups_is_cgroup_of,
		.ignores = is_ignored,
		.context = &a->groups,
		.budget = a->config.budget * a->config.window / NSEC_PER_SEC,
		.max_pairs = DRAIN_PAIRS,
		.max_tally_bytes = a->config.limits.profile,
	};
	struct capture_detail detail = { 0 };
	int r = groups_init(&a->groups, a->config.read_environment);

	if (r == 0)
		r = recorder_init(&a->recorder, &options, &detail);
	if (r == 0)
		r = groups_open_cgroups(&a->groups, capture_hierarchy(a->recorder.capture),
					a->config.host.cgroup);
	if (r == 0)
		r = capture_start(a->recorder.capture, &detail);
	return r == 0 ? 0 : agent_say_no_capture(a, r, &detail);
}

static int start_loop(struct agent *a)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	r = loop_init(&a->loop);
	if (r == 0)
		r = loop_signals_init(&a->signals, &a->loop, &set, on_signal);
	if (r == 0)
		r = loop_timer_init(&a->drain, &a->loop, on_drain);
	if (r == 0)
		r = turn_init(a);
	return r;
}

static int start_expose(struct agent *a)
{
	const struct expose_options options = {
		.address = a->config.listen,
		.fill = survey,
		.context = a,
	};
	int r = options.address ? expose_open(&options, &a->loop, &a->expose) : 0;

	if (r == 0 || r == -ENOMEM)
		return r;
	log_error(a->log, "cannot listen", log_text("address", options.address), log_errno(r));
	return WRONG;
}

static int start_sampling(struct agent *a)
{
	int r = start_recorder(a);

	if (r == 0)
		r = loop_add(&a->loop, &a->ring, capture_fd(a->recorder.capture), EPOLLIN, on_ring);
	if (r == 0)
		r = start_expose(a);
	if (r == 0)
		r = loop_timer_set(&a->drain, DRAIN_INTERVAL, DRAIN_INTERVAL);
	a->window_began = clock_monotonic();
	return r == 0 ? turn_schedule(a) : r;
}

int agent_init(struct agent *a, struct agent_config *config, struct log *log,
	       agent_reload on_reload, void *context)
{
	*a = (struct agent){
		.config = *config,
		.log = log,
		.reload = on_reload,
		.context = context,
		.loop = LOOP_NULL,
		.ring = LOOP_SOURCE_NULL,
		.drain = LOOP_TIMER_NULL,
		.window = LOOP_TIMER_NULL,
		.harvesting = LOOP_TIMER_NULL,
		.signals = LOOP_SIGNALS_NULL,
		.procfs = PROCFS_NULL,
		.watchdog = LOOP_TIMER_NULL,
		.notify = -1,
		.names = NAMES_NULL,
		.groups = { .lru = LRU_NULL, .tree = CGROUP_TREE_NULL },
	};
	*config = (struct agent_config){ 0 };
	if (gethostname(a->node, sizeof(a->node) - 1) < 0)
		return -errno;
	a->node_label = a->config.node ? strdup(a->config.node) : NULL;
	if (a->config.node && !a->node_label)
		return -ENOMEM;
	int r = start_loop(a);
	if (r == 0)
		r = open_notify(a);
	if (r == 0)
		r = procfs_open(a->config.host.proc, &a->procfs);
	if (r == 0)
		r = names_open(&a->names, &a->config, a->node, &a->loop, log);
	if (r == 0)
		r = courier_open(&a->config, &a->loop, log, &a->courier);
	return r == 0 ? start_sampling(a) : r;
}

int agent_run(struct agent *a)
{
	int r = courier_start(a->courier);

	if (r < 0)
		return r;
	notify_ready(a->notify, "profiling");
	return loop_run(&a->loop);
}

void agent_fini(struct agent *a)
{
	a->expose = expose_close(a->expose);
	survey_fini(&a->surveyed);
	a->courier = courier_close(a->courier);
	harvest_fini(&a->harvest);
	loop_remove(&a->ring);
	loop_timer_fini(&a->watchdog);
	closep(&a->notify);
	loop_timer_fini(&a->harvesting);
	loop_timer_fini(&a->window);
	loop_timer_fini(&a->drain);
	loop_signals_fini(&a->signals);
	recorder_fini(&a->recorder);
	groups_fini(&a->groups);
	names_close(&a->names);
	procfs_close(&a->procfs);
	loop_fini(&a->loop);
	free(TAKE_PTR(a->node_label));
	agent_config_fini(&a->config);
	if (!a->reloading) /* else a thread that hangs may look at it yet */
		agent_config_fini(&a->next);
}
