/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tick-cost HZ ROUNDS PROGRAM [ARGUMENTS]: what a sample of a Go program costs in the kernel.
 *
 * In short windows that take turns, the clock events of the program's threads run an empty BPF
 * program, and ours. The kernel itself measures how long they take (BPF_STATS_RUN_TIME), which
 * includes its two looks at the clock: that is most of the empty program's time.
 *
 * With -i the program is tests/bench/interrupted, which sees the ticks from the other side: as time
 * that it misses. There a tick is all of it, interrupt and timer included.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "agent/builds/builds.h"
#include "agent/capture/capture.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "empty.skel.h"
#include "tests/bench/report.h"

#define WINDOW_USEC 250000
#define MAX_THREADS 64

struct target {
	pid_t pid;
	FILE *to, *from; /* with -i */
	int events[MAX_THREADS];
	unsigned int n_events;
};

struct bench {
	struct capture *capture;
	struct exe_policy policy;
	struct target target;
	unsigned int frequency;
	bool known; /* the program's policy was set */
};

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void target_start(struct target *t, char **command, bool piped)
{
	int to[2], from[2];

	if (pipe(to) < 0 || pipe(from) < 0)
		die("pipe");
	t->pid = fork();
	if (t->pid < 0)
		die("fork");
	if (t->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(piped ? from[1] : STDERR_FILENO, STDOUT_FILENO);
		close(to[1]);
		setpriority(PRIO_PROCESS, 0, -20); /* what else runs here is to disturb less */
		execv(command[0], command);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	t->to = fdopen(to[1], "w");
	t->from = fdopen(from[0], "r");
	usleep(500000); /* the beginning is not like the rest */
}

static void target_stop(struct target *t)
{
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	fclose(t->to);
	fclose(t->from);
}

/* The median interruption since the last call, in ns; 0 if there was none. */
static double target_interruption(struct target *t)
{
	unsigned long long median = 0, n;

	fputs("\n", t->to);
	fflush(t->to);
	if (fscanf(t->from, "%llu %llu", &median, &n) != 2)
		die("the program does not answer");
	return (double)median;
}

static void event_start(struct target *t, int tid, unsigned int frequency, int program)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_period = NSEC_PER_SEC / frequency,
		.disabled = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return; /* the thread is gone */
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		die("attach");
	t->events[t->n_events++] = fd;
}

/* Only the program's own threads, so that every tick is a sample. */
static void events_start(struct target *t, unsigned int frequency, int program)
{
	char path[64];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", t->pid);
	tasks = opendir(path);
	if (!tasks)
		die(path);
	while ((entry = readdir(tasks)) && t->n_events < MAX_THREADS)
		if (entry->d_name[0] != '.')
			event_start(t, atoi(entry->d_name), frequency, program);
	closedir(tasks);
}

static void events_stop(struct target *t)
{
	while (t->n_events)
		close(t->events[--t->n_events]);
}

static void run_time(int program, uint64_t *ret_ns, uint64_t *ret_runs)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &size) < 0)
		die("program info");
	*ret_ns = info.run_time_ns;
	*ret_runs = info.run_cnt;
}

static int on_record(const struct record_header *h, void *context)
{
	struct bench *b = context;

	if (h->type != RECORD_SAMPLE || b->known)
		return 0;
	b->known = true;
	return capture_set_policy(b->capture, &h->exe, &b->policy);
}

/* A window with @program (-1: none). The mean time of its runs and the median interruption, in ns.
 */
static void window(struct bench *b, int program, bool interruptions, double *ret_mean,
		   double *ret_interruption)
{
	uint64_t ns[2] = { 0 }, runs[2] = { 0 };

	if (program >= 0)
		run_time(program, &ns[0], &runs[0]);
	if (interruptions)
		target_interruption(&b->target);
	if (program >= 0)
		events_start(&b->target, b->frequency, program);
	usleep(WINDOW_USEC);
	*ret_interruption = interruptions ? target_interruption(&b->target) : 0;
	events_stop(&b->target);
	if (program >= 0)
		run_time(program, &ns[1], &runs[1]);
	*ret_mean = runs[1] > runs[0] ? (double)(ns[1] - ns[0]) / (double)(runs[1] - runs[0]) : 0;
	if (capture_drain(b->capture, on_record, b) < 0)
		die("drain");
}

static void measure(struct bench *b, unsigned int rounds, bool interruptions, int empty)
{
	const char *unit = "ns", *what = interruptions ? "tick" : "program";
	char names[3][96];
	struct series s[3] = { { 0 } };
	int ours = capture_program_fd(b->capture);
	double mean[2], gap[2];

	snprintf(names[0], sizeof(names[0]), "kernel, %u Hz: %s, empty", b->frequency, what);
	snprintf(names[1], sizeof(names[1]), "kernel, %u Hz: %s, ours", b->frequency, what);
	snprintf(names[2], sizeof(names[2]), "kernel, %u Hz: %s, ours over empty", b->frequency,
		 what);
	for (int i = 0; i < 3; i++)
		s[i] = (struct series){ .measure = names[i], .unit = i < 2 ? unit : "times" };
	window(b, ours, interruptions, &mean[1], &gap[1]); /* the first samples set the policy */
	for (unsigned int i = 0; i < rounds; i++) {
		window(b, empty, interruptions, &mean[0], &gap[0]);
		window(b, ours, interruptions, &mean[1], &gap[1]);
		const double *values = interruptions ? gap : mean;

		if (!values[0] || !values[1])
			continue; /* it did not get to run */
		series_add(&s[0], values[0]);
		series_add(&s[1], values[1]);
		series_add(&s[2], values[1] / values[0]);
	}
	for (int i = 0; i < 3; i++)
		series_print(&s[i]);
}

static void open_all(struct bench *b, struct builds *builds, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct capture_options options = { .frequency = b->frequency };
	struct capture_detail detail;
	struct exe_key none = { 0 };
	struct build *build = NULL;
	int r;

	if (fd < 0 || builds_add(builds, &none, fd, path, &build) != 0 || !build->binary)
		die(path);
	b->policy = build_policy(build);
	r = capture_open(&options, &detail, &b->capture);
	if (r > 0) {
		printf("%s\n", capture_outcome_text(r));
		exit(77);
	}
	if (r < 0)
		die("capture");
}

int main(int argc, char **argv)
{
	bool interruptions = argc > 1 && strcmp(argv[1], "-i") == 0;
	char **args = argv + 1 + interruptions;
	struct builds builds = BUILDS_NULL;
	struct empty_bpf *empty;
	struct bench b = { 0 };

	if (argc - interruptions < 4 || atoi(args[0]) <= 0) {
		fprintf(stderr, "usage: tick-cost [-i] HZ ROUNDS PROGRAM [ARGUMENTS]\n");
		return 2;
	}
	b.frequency = atoi(args[0]);
	open_all(&b, &builds, args[2]);
	empty = empty_bpf__open_and_load();
	if (!empty)
		die("the empty program");
	target_start(&b.target, args + 2, interruptions);
	if (capture_watch_pid(b.capture, b.target.pid) != 0)
		die("watch");
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);

	measure(&b, atoi(args[1]), interruptions, bpf_program__fd(empty->progs.empty));
	close(stats);
	target_stop(&b.target);
	empty_bpf__destroy(empty);
	capture_close(b.capture);
	builds_fini(&builds);
	return 0;
}
