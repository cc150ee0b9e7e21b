/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect [-f HZ] [-s SECONDS] PID FILE: write the kernel program's records of a Go process to a
 * file, one behind the other as they came, for bench-unwind.
 *
 * Prints what it took to begin: to load the program, and until the first sample.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/builds/builds.h"
#include "agent/capture/capture.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/bench/report.h"

#define EXIT_SKIP 77

struct collect {
	struct capture *capture;
	struct builds builds;
	FILE *file;
	int exe;
	uint64_t first; /* when the first sample was taken */
};

static int learn(struct collect *c, const struct exe_key *key)
{
	struct exe_policy policy;
	struct build *build;
	int r = builds_add(&c->builds, key, c->exe, "", &build);

	if (r != 0)
		return r < 0 ? r : -E2BIG;
	policy = build_policy(build);
	return capture_set_policy(c->capture, key, &policy);
}

static int on_record(const struct record_header *h, void *context)
{
	struct collect *c = context;

	if (h->type != RECORD_SAMPLE)
		return 0;
	if (!c->first)
		c->first = h->time;
	if (!builds_find(&c->builds, &h->exe))
		return learn(c, &h->exe);
	return fwrite(h, h->size, 1, c->file) == 1 ? 0 : -EIO;
}

static int drain_for(struct collect *c, unsigned int seconds)
{
	uint64_t end = clock_monotonic() + seconds * NSEC_PER_SEC;
	struct pollfd p = { .fd = capture_fd(c->capture), .events = POLLIN };
	int r = 0;

	while (r == 0 && clock_monotonic() < end) {
		poll(&p, 1, 100);
		r = capture_drain(c->capture, on_record, c);
	}
	return r;
}

static void print_one(const char *measure, double value)
{
	struct series s = { .measure = measure, .unit = "ms" };

	series_add(&s, value);
	series_print(&s);
}

static double milliseconds(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static int open_capture(struct collect *c, unsigned int frequency)
{
	const struct capture_options options = { .frequency = frequency };
	struct capture_detail detail;
	struct rusage usage;
	uint64_t begin = clock_monotonic();
	int r = capture_open(&options, &detail, &c->capture);

	if (r != 0) {
		printf("cannot sample: %s %s\n", r < 0 ? strerror(-r) : capture_outcome_text(r),
		       detail.text);
		return r;
	}
	getrusage(RUSAGE_SELF, &usage);
	print_one("start: load, wall", (double)(clock_monotonic() - begin) / NSEC_PER_MSEC);
	print_one("start: load, user CPU", milliseconds(usage.ru_utime));
	print_one("start: load, system CPU", milliseconds(usage.ru_stime));
	return 0;
}

static int collect(struct collect *c, uint32_t pid, unsigned int seconds)
{
	struct capture_detail detail;
	uint64_t begin = clock_monotonic();
	int r = capture_watch_pid(c->capture, pid);

	if (r == 0)
		r = capture_start(c->capture, &detail);
	if (r == 0)
		r = drain_for(c, seconds);
	if (r == 0 && !c->first)
		r = -ENODATA;
	if (r == 0)
		print_one("start: ticks, to the first sample",
			  (double)(c->first - begin) / NSEC_PER_MSEC);
	return r;
}

static void collect_fini(struct collect *c)
{
	builds_fini(&c->builds);
	capture_close(c->capture);
	if (c->file)
		fclose(c->file);
	closep(&c->exe);
}

static int usage(void)
{
	fprintf(stderr, "usage: collect [-f HZ] [-s SECONDS] PID FILE\n");
	return 2;
}

int main(int argc, char **argv)
{
	_cleanup_(collect_fini) struct collect c = { .builds = BUILDS_NULL, .exe = -1 };
	unsigned int frequency = 997, seconds = 8;
	char path[64];
	int option, r;

	while ((option = getopt(argc, argv, "f:s:")) != -1) {
		if (option == 'f')
			frequency = (unsigned int)atoi(optarg);
		else if (option == 's')
			seconds = (unsigned int)atoi(optarg);
		else
			return usage();
	}
	if (argc - optind != 2)
		return usage();
	snprintf(path, sizeof(path), "/proc/%d/exe", atoi(argv[optind]));
	c.exe = open(path, O_RDONLY | O_CLOEXEC);
	c.file = fopen(argv[optind + 1], "wbe");
	if (c.exe < 0 || !c.file) {
		perror(c.exe < 0 ? path : argv[optind + 1]);
		return 1;
	}
	r = open_capture(&c, frequency);
	if (r != 0)
		return r < 0 || r == CAPTURE_E_REFUSED ? 1 : EXIT_SKIP;
	r = collect(&c, (uint32_t)atoi(argv[optind]), seconds);
	if (r != 0)
		fprintf(stderr, "collect: %s\n", strerror(r < 0 ? -r : ENOSPC));
	return r ? 1 : 0;
}
