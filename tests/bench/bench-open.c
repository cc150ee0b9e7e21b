/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-open BINARY [ROUNDS]: how long binary_open() takes, its file being in the page cache, and
 * what it adds to resident memory.
 *
 * Memory is that of the first time, as /proc/self/smaps_rollup counts it (which looks at the page
 * tables: the counters of /proc/self/status lag behind). Anonymous pages are our own. Those of
 * files are pages of the mapped binary and of our own code; the kernel maps sixteen around each one
 * that is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/binary/binary.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/bench/report.h"

#define MAX_TIME 2    /* ms */
#define MAX_OWN	 1024 /* KiB */

struct resident {
	uint64_t all, anonymous; /* KiB */
};

static bool resident_read(struct resident *ret_resident)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];

	*ret_resident = (struct resident){ 0 };
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "Rss: %" SCNu64, &ret_resident->all);
		sscanf(line, "Anonymous: %" SCNu64, &ret_resident->anonymous);
	}
	if (file)
		fclose(file);
	return ret_resident->all;
}

static void print_kib(const char *measure, uint64_t before, uint64_t after, double limit)
{
	struct series s = { .measure = measure, .unit = "KiB", .limit = limit };

	series_add(&s, after > before ? (double)(after - before) : 0);
	series_print(&s);
}

static int bench_memory(int fd)
{
	struct resident before, after;
	struct binary *binary;

	/* Once for nothing, so that what reading takes is there already. */
	if (!resident_read(&before) || !resident_read(&before))
		return -ENOENT;
	int r = binary_open(fd, &binary);
	if (r != 0)
		return r;
	if (!resident_read(&after))
		r = -ENOENT;
	print_kib("open: memory of its own", before.anonymous, after.anonymous, MAX_OWN);
	print_kib("open: pages of files", before.all - before.anonymous,
		  after.all - after.anonymous, 0);
	binary_free(binary);
	return r;
}

static int bench_time(int fd, unsigned int rounds)
{
	struct series time = { .measure = "open: time", .unit = "ms", .limit = MAX_TIME };

	for (unsigned int i = 0; i < rounds; i++) {
		struct binary *binary;
		uint64_t begin = clock_monotonic();
		int r = binary_open(fd, &binary);

		if (r != 0)
			return r;
		series_add(&time, (double)(clock_monotonic() - begin) / NSEC_PER_MSEC);
		binary_free(binary);
	}
	series_print(&time);
	return 0;
}

/* Whole, so that only the page cache is looked at. */
static int read_through(int fd)
{
	static char buffer[1 << 16];
	ssize_t n;

	do
		n = read(fd, buffer, sizeof(buffer));
	while (n > 0);
	return n < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 200;
	int r;

	if (argc < 2 || !rounds) {
		fprintf(stderr, "usage: bench-open BINARY [ROUNDS]\n");
		return 2;
	}
	_cleanup_(closep) int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	r = read_through(fd);
	if (r == 0)
		r = bench_memory(fd);
	if (r == 0)
		r = bench_time(fd, rounds);
	if (r != 0)
		printf("%s: %s\n", argv[1], r < 0 ? strerror(-r) : binary_outcome_text(r));
	return r ? 1 : 0;
}
