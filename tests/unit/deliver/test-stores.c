/* SPDX-License-Identifier: Apache-2.0 */
/* With real stores: one that is a folder, and one that nobody listens at. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deliver/deliver.h"
#include "base/clock.h"
#include "base/loop.h"
#include "store/store.h"
#include "tests/unit/unit.h"

#define PROFILES 10u

struct setting {
	struct loop loop;
	struct loop_timer look, guard;
	struct deliver *deliver;
	char folder[64], to[96], url[112];
};

static int on_guard(struct loop_timer *guard)
{
	(void)guard;
	fail_msg("nothing happened any more");
	return 0;
}

static void store_state(const struct setting *t, uint32_t i, struct deliver_store_counters *ret)
{
	deliver_store_counters(t->deliver, i, ret);
}

/* The folder has all, the other has failed. */
static int on_look(struct loop_timer *look)
{
	struct setting *t = container_of(look, struct setting, look);
	struct deliver_store_counters folder, nobody;

	store_state(t, 0, &folder);
	store_state(t, 1, &nobody);
	if (!folder.pending && nobody.failures)
		loop_quit(&t->loop);
	return 0;
}

static struct deliver_store store_at(struct setting *t, const char *url)
{
	struct store_options options = { .url = url, .user_agent = "test/1" };
	struct deliver_store store = { .key = url };
	char text[STORE_TEXT_SIZE];

	assert_int_equal(store_open(&options, &t->loop, &store.store, text), 0);
	return store;
}

static void submit(struct setting *t, uint32_t n)
{
	struct store_label labels[] = { { "__name__", "process_cpu" }, { "service_name", "shop" } };
	char id[DELIVER_ID_SIZE];
	struct delivery profile = { .id = id,
				    .labels = labels,
				    .n_labels = 2,
				    .pprof = span_of("pprof", 5),
				    .time = clock_realtime() };

	snprintf(id, sizeof(id), "%08x-0000-4000-8000-000000000000", n);
	assert_int_equal(deliver_submit(t->deliver, &profile), 0);
}

static uint32_t count_files(const char *folder)
{
	uint32_t n = 0;
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void test_real_stores(void **state)
{
	struct setting t = { .folder = "/tmp/hone-stores-XXXXXX" };
	struct deliver_store_counters nobody;
	struct deliver_store stores[2];
	char command[128], spool[96];

	(void)state;
	assert_non_null(mkdtemp(t.folder));
	snprintf(spool, sizeof(spool), "%s/spool", t.folder);
	snprintf(t.to, sizeof(t.to), "%s/profiles", t.folder);
	snprintf(t.url, sizeof(t.url), "file://%s", t.to);
	assert_int_equal(loop_init(&t.loop), 0);
	stores[0] = store_at(&t, t.url);
	stores[1] = store_at(&t, "http://127.0.0.1:1");
	assert_int_equal(deliver_open(&(struct deliver_options){ .stores = stores,
								 .n_stores = 2,
								 .spool = spool },
				      &t.loop, &t.deliver),
			 0);
	for (uint32_t n = 1; n <= PROFILES; n++)
		submit(&t, n);
	assert_int_equal(loop_timer_init(&t.guard, &t.loop, on_guard), 0);
	assert_int_equal(loop_timer_set(&t.guard, 30 * NSEC_PER_SEC, 0), 0);
	assert_int_equal(loop_timer_init(&t.look, &t.loop, on_look), 0);
	assert_int_equal(loop_timer_set(&t.look, NSEC_PER_MSEC, NSEC_PER_MSEC), 0);
	assert_int_equal(loop_run(&t.loop), 0);

	assert_int_equal(count_files(t.to), PROFILES);
	store_state(&t, 1, &nobody);
	assert_int_equal(nobody.pending, PROFILES);
	assert_int_equal(nobody.delivered, 0);
	assert_int_equal(nobody.codes[0].status, 0);
	assert_true(strlen(nobody.last_failure) > 0);
	deliver_close(t.deliver);
	loop_timer_fini(&t.look);
	loop_timer_fini(&t.guard);
	loop_fini(&t.loop);
	snprintf(command, sizeof(command), "rm -r %s", t.folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_real_stores) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
