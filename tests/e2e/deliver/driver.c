/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver SPOOL FIRST SOCKET...: deliver by itself, to be killed by kill.py and powercut.py.
 *
 * Submits profile FIRST, FIRST + 1 and so on, as fast as it can, and prints the number of each when
 * the promise for it was made. Profile N is the text "N 0 16" and some filling: 16 samples, which
 * are split by halves when a store finds them too big. With FIRST 0 it submits none, delivers what
 * there is, says how many files were half-written, and ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deliver/deliver.h"
#include "base/clock.h"
#include "base/loop.h"
#include "socket-store.h"

#define SUBMIT_EVERY (NSEC_PER_MSEC / 2)
#define SAMPLES	     16u
#define MOST_FILLING 40000u

struct driver {
	struct loop loop;
	struct loop_timer timer;
	struct deliver *deliver;
	uint64_t next; /* 0: submit none */
};

static uint8_t *make_text(uint64_t n, unsigned int from, unsigned int to, size_t *ret_size)
{
	size_t filling = n * 7919 % MOST_FILLING;
	uint8_t *text = calloc(1, filling + 64);

	if (!text)
		exit(3);
	int size = snprintf((char *)text, 64, "%llu %u %u ", (unsigned long long)n, from, to);
	memset(text + size, 'x', filling);
	*ret_size = (size_t)size + filling;
	return text;
}

static int split(void *context, const struct delivery *whole, uint64_t max_raw,
		 uint32_t max_samples, struct deliver_piece ret[DELIVER_MAX_PIECES])
{
	unsigned int bounds[3];
	unsigned long long n;
	char start[64] = "";

	(void)context, (void)max_raw, (void)max_samples;
	memcpy(start, whole->pprof.data, whole->pprof.size < 63 ? whole->pprof.size : 63);
	if (sscanf(start, "%llu %u %u", &n, &bounds[0], &bounds[2]) != 3)
		exit(3);
	bounds[1] = (bounds[0] + bounds[2]) / 2;
	if (bounds[1] == bounds[0])
		return 0;
	for (int i = 0; i < 2; i++)
		ret[i].pprof = make_text(n, bounds[i], bounds[i + 1], &ret[i].size);
	return 2;
}

static void submit(struct driver *d)
{
	struct store_label label = { .name = "service_name", .value = "shop" };
	size_t size;
	uint8_t *text = make_text(d->next, 0, SAMPLES, &size);
	char id[DELIVER_ID_SIZE];
	struct delivery profile = { .id = id,
				    .labels = &label,
				    .n_labels = 1,
				    .pprof = span_of(text, size),
				    .time = clock_realtime() };

	snprintf(id, sizeof(id), "%08llx-0000-4000-8000-000000000000", (unsigned long long)d->next);
	if (deliver_submit(d->deliver, &profile))
		exit(3);
	printf("%llu\n", (unsigned long long)d->next);
	fflush(stdout);
	d->next++;
	free(text);
}

static uint64_t pending(const struct driver *d)
{
	struct deliver_counters c;
	struct deliver_store_counters s;
	uint64_t n = 0;

	deliver_counters(d->deliver, &c);
	for (uint32_t i = 0; i < c.n_stores; i++) {
		deliver_store_counters(d->deliver, i, &s);
		n += s.pending;
		for (int reason = 0; reason < DELIVER_DROP_N; reason++) {
			if (s.dropped[reason])
				exit(4);
		}
	}
	if (c.damaged || c.remove_errors || c.accepted_memory)
		exit(5);
	return n;
}

static int on_timer(struct loop_timer *timer)
{
	struct driver *d = container_of(timer, struct driver, timer);

	if (d->next)
		submit(d);
	else if (!pending(d))
		loop_quit(&d->loop);
	return 0;
}

int main(int argc, char **argv)
{
	struct driver d = { .loop = LOOP_NULL };
	struct deliver_store stores[DELIVER_MAX_STORES];
	struct deliver_counters counters;
	struct deliver_options options = { .stores = stores,
					   .backoff_min = NSEC_PER_MSEC,
					   .backoff_max = 4 * NSEC_PER_MSEC,
					   .owner.split = split };

	if (argc < 4 || argc - 3 > (int)DELIVER_MAX_STORES || loop_init(&d.loop))
		return 2;
	options.spool = argv[1];
	d.next = strtoull(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++)
		stores[options.n_stores++] = (struct deliver_store){
			.key = argv[i],
			.store = socket_store_new(&d.loop, argv[i]),
		};
	if (deliver_open(&options, &d.loop, &d.deliver))
		return 3;
	if (loop_timer_init(&d.timer, &d.loop, on_timer) ||
	    loop_timer_set(&d.timer, SUBMIT_EVERY, SUBMIT_EVERY) || loop_run(&d.loop))
		return 3;
	deliver_counters(d.deliver, &counters);
	printf("%llu torn\n", (unsigned long long)counters.torn);
	deliver_close(d.deliver);
	loop_timer_fini(&d.timer);
	loop_fini(&d.loop);
	return 0;
}
