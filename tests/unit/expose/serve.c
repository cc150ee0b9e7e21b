/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve DEADLINE PAUSE [NOT-READY]: the endpoints over a snapshot with a number in every place,
 * until standard input ends. Prints the port. DEADLINE and PAUSE are in ms: after how long a
 * connection is cut, 0 for as long as the agent has it, and how long a snapshot takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/expose/expose.h"

static const struct snapshot_count samples[] = { { "counted", 1000 }, { "foreign", 7 } };
static const struct snapshot_count evictions[] = { { "binaries", 5 } };
static const struct snapshot_count refused[] = { { "pods", 6 } };
static const struct snapshot_count lost[] = { { "ring_full", 3 }, { "unnamed", 0 } };
static const struct snapshot_count kinds[] = { { "external", 2 } };
static const struct snapshot_count parts[] = { { "stacks", 1 << 20 }, { "bpf", 4 << 20 } };

static const struct deliver_counters deliver = {
	.accepted = 12, .files = 2, .files_bytes = 4096, .oldest = 90 * NSEC_PER_SEC, .n_stores = 2
};

static const struct deliver_store_counters stores[] = {
	{ .key = "http://main:4040 team",
	  .state = DELIVER_WAITING,
	  .delivered = 10,
	  .delivered_bytes = 12345,
	  .dropped = { [DELIVER_DROP_REFUSED] = 1 },
	  .pending = 2,
	  .codes = { { 200, 10 }, { 429, 4 } },
	  .codes_other = 1,
	  .latency = { 1, 2, 3, 0, 0, 0, 0, 4 },
	  .latency_sum = 2500000000,
	  .last_success = 1700000000 * NSEC_PER_SEC,
	  .last_failure = "HTTP 429\n\x1b[2J" },
	{ .key = "file:///a\"b\\c\nd", .state = DELIVER_IDLE },
};

static struct snapshot_target targets[1001] = {
	{ .service = "shop",
	  .namespace = "prod",
	  .container = "api\x1b[31m\xff",
	  .main_package = "example.com/shop/cmd/api",
	  .samples = 500,
	  .weight = 1 },
};

static char hostile[256];

struct settings {
	const char *not_ready;
	useconds_t pause;
};

/* The longest texts that programs may choose, of bytes that take the most room in JSON. */
static void fill_targets(void)
{
	memset(hostile, '\x01', 255);
	for (size_t i = 1; i < ARRAY_SIZE(targets); i++)
		targets[i] = (struct snapshot_target){ .service = hostile,
						       .unit = hostile,
						       .main_package = hostile };
}

static void fill(void *context, struct agent_snapshot *s)
{
	const struct settings *settings = context;
	const struct agent_snapshot snapshot = {
		.version = "1.2.3",
		.node = "n1",
		.not_ready = settings->not_ready,
		.window = 60 * NSEC_PER_SEC,
		.frequency = 99,
		.windows = 5,
		.windows_early = 2,
		.samples = { samples, 2 },
		.symbolization = { samples, 2 },
		.evictions = { evictions, 1 },
		.refused = { refused, 1 },
		.verdicts_repeated = 8,
		.binaries_unreadable = 3,
		.lost = { lost, 2 },
		.unwind_errors = { kinds, 1 },
		.memory = { parts, 2 },
		.processes = 3,
		.profiles = 12,
		.handed_over = { .profiles = 4,
				 .bytes = 2048,
				 .oldest = 7 * NSEC_PER_SEC,
				 .refused = 1 },
		.kubernetes = { .enabled = true, .connected = true, .relists = 1, .too_big = 9 },
		.deliver = &deliver,
		.stores = stores,
		.n_stores = 2,
		.targets = targets,
		.n_targets = ARRAY_SIZE(targets),
	};

	if (settings->pause)
		usleep(settings->pause);
	*s = snapshot;
	snapshot_process_read("/proc", &s->process);
}

static int on_input(struct loop_source *source, uint32_t events)
{
	(void)events;
	loop_quit(source->loop);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	struct settings settings = {
		.not_ready = argc > 3 ? argv[3] : NULL,
		.pause = (useconds_t)atoi(argv[2]) * 1000,
	};
	struct expose_options options = {
		.address = "127.0.0.1:0",
		.fill = fill,
		.context = &settings,
		.deadline = (uint64_t)atoi(argv[1]) * NSEC_PER_MSEC,
	};
	struct loop_source input = LOOP_SOURCE_NULL;
	struct expose *e = NULL;
	struct loop loop;
	int r = loop_init(&loop);

	fill_targets();
	if (!r)
		r = expose_open(&options, &loop, &e);
	if (!r)
		r = loop_add(&loop, &input, STDIN_FILENO, EPOLLIN, on_input);
	if (!r) {
		printf("%u\n", expose_port(e));
		fflush(stdout);
		r = loop_run(&loop);
	}
	loop_remove(&input);
	expose_close(e);
	loop_fini(&loop);
	if (r)
		fprintf(stderr, "serve: %s\n", strerror(-r));
	return r ? 1 : 0;
}
