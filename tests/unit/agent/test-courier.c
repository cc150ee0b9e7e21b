/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles handed over to the thread that delivers, to a folder, by way of a spool. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/courier.h"
#include "base/clock.h"

#define PPROF_SIZE 4000

struct bench {
	char folder[64], url[96], spool[96];
	struct config_store store;
	struct agent_config config;
	struct log log;
	struct loop loop;
	struct courier *courier;
	struct courier_rest rest;
	int outcome; /* of the last reload; -1: none yet */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void bench_init(struct bench *b, uint64_t memory)
{
	memset(b, 0, sizeof(*b));
	strcpy(b->folder, "/tmp/test-courier-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	snprintf(b->url, sizeof(b->url), "file://%s/store", b->folder);
	snprintf(b->spool, sizeof(b->spool), "%s/spool", b->folder);
	b->store = (struct config_store){ .url = b->url, .timeout = NSEC_PER_SEC };
	b->config = (struct agent_config){
		.stores = &b->store,
		.n_stores = 1,
		.spool = { .dir = b->spool, .memory = memory },
	};
	b->log = (struct log){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC) };
	assert_int_equal(loop_init(&b->loop), 0);
	assert_int_equal(courier_open(&b->config, &b->loop, &b->log, &b->courier), 0);
}

static void bench_fini(struct bench *b)
{
	assert_null(courier_close(b->courier));
	loop_fini(&b->loop);
	close(b->log.fd);
	nftw(b->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void submit(struct bench *b, unsigned int number)
{
	struct labels labels = LABELS_NULL;
	uint8_t *pprof = calloc(1, PPROF_SIZE);
	struct harvested profile = { .labels = &labels,
				     .pprof = span_of(pprof, PPROF_SIZE),
				     .time = clock_realtime(),
				     .samples = 1 };

	snprintf(profile.id, sizeof(profile.id), "00000000-0000-4000-8000-%012u", number);
	labels_add_text(&labels, "service_name", "test");
	assert_int_equal(labels_finish(&labels), 0);
	assert_int_equal(courier_submit(b->courier, &profile, &pprof, &labels), 0);
	assert_null(pprof);
	assert_int_equal(labels.n, 0);
}

static struct courier_counters count(struct bench *b)
{
	struct deliver_store_counters *stores;
	struct deliver_counters deliver;
	struct courier_counters c;

	assert_int_equal(courier_count(b->courier, &c, &deliver, &stores), 0);
	assert_int_equal(deliver.n_stores, 1);
	assert_string_equal(stores[0].key, b->url);
	free(stores);
	return c;
}

static unsigned int delivered(const struct bench *b)
{
	DIR *folder = opendir(b->url + strlen("file://"));
	unsigned int n = 0;

	assert_non_null(folder);
	for (const struct dirent *e; (e = readdir(folder));)
		n += strstr(e->d_name, ".pb.gz") != NULL;
	closedir(folder);
	return n;
}

static void on_flushed(void *context, const struct courier_rest *rest)
{
	struct bench *b = context;

	b->rest = *rest;
	loop_quit(&b->loop);
}

static int on_reloaded(void *context, int outcome)
{
	struct bench *b = context;

	b->outcome = outcome;
	loop_quit(&b->loop);
	return 0;
}

static void flush(struct bench *b, uint64_t timeout)
{
	assert_int_equal(courier_flush(b->courier, timeout, on_flushed, b), 0);
	assert_int_equal(loop_run(&b->loop), 0);
}

static void reload(struct bench *b, const char *url)
{
	b->outcome = -1;
	b->store.url = url;
	courier_reload(b->courier, &b->config, &b->log, on_reloaded, b);
	assert_int_equal(loop_run(&b->loop), 0);
}

static void all_of_it_arrives(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 1 << 20);
	for (unsigned int i = 0; i < 10; i++)
		submit(&b, i);
	assert_int_equal(courier_start(b.courier), 0);
	for (unsigned int i = 10; i < 20; i++)
		submit(&b, i);
	flush(&b, 60 * NSEC_PER_SEC);
	assert_false(b.rest.stuck);
	assert_int_equal(b.rest.spooled + b.rest.lost, 0);
	assert_int_equal(count(&b).waiting, 0);
	assert_int_equal(delivered(&b), 20);
	bench_fini(&b);
}

/* A thread that never begins is one that hangs. */
static void what_finds_no_room_is_counted(void **state)
{
	struct courier_counters c;
	struct bench b;

	(void)state;
	bench_init(&b, 3 * PPROF_SIZE + PPROF_SIZE / 2);
	for (unsigned int i = 0; i < 5; i++)
		submit(&b, i);
	c = count(&b);
	assert_in_range(c.waiting, 1, 3);
	assert_int_equal(c.waiting + c.refused, 5);
	assert_in_range(c.waiting_bytes, c.waiting * PPROF_SIZE, b.config.spool.memory);
	assert_true(c.oldest > 0);
	flush(&b, NSEC_PER_MSEC);
	assert_true(b.rest.stuck);
	assert_int_equal(b.rest.lost, c.waiting);
	bench_fini(&b);
}

static void other_stores(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 1 << 20);
	assert_int_equal(courier_start(b.courier), 0);
	reload(&b, "file:///dev/null/store");
	assert_int_equal(b.outcome, 1);
	reload(&b, b.url);
	assert_int_equal(b.outcome, 0);
	submit(&b, 1);
	flush(&b, 60 * NSEC_PER_SEC);
	assert_int_equal(delivered(&b), 1);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_arrives),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(other_stores),
	};

	return cmocka_run_group_tests_name("courier", tests, NULL, NULL);
}
