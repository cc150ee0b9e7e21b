/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-unwind BINARY SAMPLES [ROUNDS]: what user space does with a sample, without kernel and
 * process: check, unwind, count; and at the end of a window, name. SAMPLES is collect's.
 *
 * Time is the thread's CPU time, so that others on the machine do not count.
 *
 * A cold round begins with an empty cache and no stacks, as a recording does; the warm ones are
 * what it comes to. The truth of a long recording is between, near the warm end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/aggregate/stacks.h"
#include "agent/binary/binary.h"
#include "agent/capture/record.h"
#include "agent/symbolize/profile.h"
#include "agent/symbolize/symbolize.h"
#include "agent/unwind/unwind.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/filemap.h"
#include "tests/bench/report.h"

#define MAX_STACKS_BYTES (64u << 20)

struct bench {
	struct binary *binary;
	struct filemap samples;
	struct unwinder unwinder;
	struct stacks stacks;
	struct stack stack;
	size_t n; /* samples in a round */
};

static uint64_t cpu_now(void)
{
	return clock_now(CLOCK_THREAD_CPUTIME_ID);
}

static int take(struct bench *b, const struct sample *s)
{
	int r = unwind_sample(&b->unwinder, s, &b->stack);

	return r ? r : stacks_add(&b->stacks, b->stack.frames, b->stack.n, 1);
}

/* All samples once. 0 or -errno; *ret_ns for each of them. */
static int round_trip(struct bench *b, double *ret_ns)
{
	struct span rest = b->samples.bytes;
	uint64_t begin = cpu_now();
	struct record_header h;

	b->n = 0;
	while (span_read(rest, 0, &h, sizeof(h)) && h.size && h.size <= rest.size) {
		if (!record_check(span_of(rest.data, h.size)))
			return -EINVAL;
		int r = take(b, (const struct sample *)rest.data);

		if (r < 0)
			return r;
		rest = span_of(rest.data + h.size, rest.size - h.size);
		b->n++;
	}
	*ret_ns = b->n ? (double)(cpu_now() - begin) / (double)b->n : 0;
	return b->n ? 0 : -ENODATA;
}

static int bench_unwind(struct bench *b, unsigned int rounds)
{
	struct series cold = { .measure = "unwind and count, cold", .unit = "ns/sample" };
	struct series warm = { .measure = "unwind and count, warm", .unit = "ns/sample" };
	double ns;
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < rounds; i++) {
		unwinder_fini(&b->unwinder);
		unwinder_init(&b->unwinder, b->binary);
		stacks_fini(&b->stacks);
		r = round_trip(b, &ns);
		series_add(&cold, ns);
		if (r == 0)
			r = round_trip(b, &ns);
		series_add(&warm, ns);
	}
	if (r == 0) {
		series_print(&cold);
		series_print(&warm);
	}
	return r;
}

static int name_all(struct bench *b, struct pprof_profile **ret_profile)
{
	const struct profile_facts facts = { .period = 1 };
	const struct symbolize_options options = { .mapping_file = "", .period = 1 };
	struct symbolize_counts counts;
	int r = profile_new(b->binary, &facts, ret_profile);

	return r ? r : symbolize_stacks(b->binary, &b->stacks, &options, *ret_profile, &counts);
}

static int bench_symbolize(struct bench *b, unsigned int rounds)
{
	struct series frames = { .measure = "symbolize, each address", .unit = "ns" };
	struct series stacks = { .measure = "symbolize, each stack", .unit = "ns" };
	struct series write = { .measure = "encode, each stack", .unit = "ns" };
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < rounds; i++) {
		_cleanup_(freep) uint8_t *data = NULL;
		struct pprof_profile *profile = NULL;
		uint64_t begin = cpu_now(), named;
		size_t size;

		r = name_all(b, &profile);
		named = cpu_now();
		if (r == 0)
			r = pprof_encode(profile, PPROF_GZIP, &data, &size);
		if (r == 0) {
			double n = b->stacks.n_entries;

			series_add(&write, (double)(cpu_now() - named) / n);
			series_add(&stacks, (double)(named - begin) / n);
			series_add(&frames,
				   (double)(named - begin) / (double)pprof_n_locations(profile));
		}
		pprof_free(profile);
	}
	if (r == 0) {
		series_print(&frames);
		series_print(&stacks);
		series_print(&write);
	}
	return r;
}

static int bench_open(struct bench *b, char **argv)
{
	_cleanup_(closep) int binary = open(argv[1], O_RDONLY | O_CLOEXEC);
	_cleanup_(closep) int samples = open(argv[2], O_RDONLY | O_CLOEXEC);
	int r;

	if (binary < 0 || samples < 0)
		return -errno;
	r = binary_open(binary, &b->binary);
	if (r == 0)
		r = filemap_open(samples, &b->samples);
	if (r > 0)
		printf("%s: %s\n", argv[1], binary_outcome_text(r));
	return r;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	unsigned int rounds = argc > 3 ? (unsigned int)atoi(argv[3]) : 50;
	int r;

	if (argc < 3 || !rounds) {
		fprintf(stderr, "usage: bench-unwind BINARY SAMPLES [ROUNDS]\n");
		return 2;
	}
	stacks_init(&b.stacks, MAX_STACKS_BYTES);
	r = bench_open(&b, argv);
	if (r == 0)
		r = bench_unwind(&b, rounds);
	if (r == 0)
		r = bench_symbolize(&b, rounds);
	if (r < 0)
		printf("bench-unwind: %s\n", strerror(-r));
	else if (r == 0)
		printf("%zu samples, %u distinct stacks of %zu frames\n", b.n, b.stacks.n_entries,
		       b.stacks.n_frames);
	unwinder_fini(&b.unwinder);
	stacks_fini(&b.stacks);
	filemap_close(&b.samples);
	binary_free(b.binary);
	return r ? 1 : 0;
}
