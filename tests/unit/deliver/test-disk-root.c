/* SPDX-License-Identifier: Apache-2.0 */
/* What only root can bring about: a disk that is full, one that turns read-only. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "tests/unit/unit.h"
#include "world.h"

#define SKIPPED 77

static void down(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context, (void)push;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY,
				      .retry_after = 600 * NSEC_PER_SEC,
				      .text = "no connection" };
}

static int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	return mount("none", w->folder, "tmpfs", 0, "size=128k");
}

static int teardown(void **state)
{
	struct world *w = *state;

	w->deliver = deliver_close(w->deliver);
	assert_int_equal(umount(w->folder), 0);
	return world_teardown(state);
}

static void fill(struct world *w)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "cat /dev/zero >%s/filling 2>/dev/null; test -s %s/filling", w->folder, w->folder);
	assert_int_equal(system(command), 0);
}

static void make_space(struct world *w)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/filling", w->folder);
	assert_int_equal(unlink(path), 0);
}

static bool nothing_in_memory(struct world *w)
{
	return world_counters(w).in_memory == 0;
}

static void expect_all_on_disk(struct world *w, uint32_t n)
{
	w->boot += 2 * NSEC_PER_SEC;
	world_run_until(w, nothing_in_memory);
	assert_int_equal(world_files(w, "a"), n);
	world_kill(w);
	world_open(w, 1);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), n);
	assert_int_equal(world_counters(w).torn + world_counters(w).damaged, 0);
}

static void test_full_disk(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	w->stores[0]->answer = down;
	assert_int_equal(world_submit(w, 1), 0);
	fill(w);
	assert_int_equal(world_submit(w, 2), DELIVER_E_MEMORY);
	assert_string_equal(w->event_text, "No space left on device");
	world_run_until(w, world_has_failed);
	make_space(w);
	expect_all_on_disk(w, 2);
}

static void test_disk_full_from_the_start(void **state)
{
	struct world *w = *state;

	fill(w);
	world_open(w, 1);
	w->stores[0]->answer = down;
	assert_int_equal(w->n_events[DELIVER_SPOOL_FAILS], 1);
	assert_int_equal(world_submit(w, 1), DELIVER_E_MEMORY);
	world_run_until(w, world_has_failed);
	make_space(w);
	expect_all_on_disk(w, 1);
}

/* What was delivered cannot be removed then: it is forgotten here, and found again by the next. */
static void test_read_only_disk(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	w->stores[0]->answer = down;
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(mount("none", w->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(world_submit(w, 2), DELIVER_E_MEMORY);
	assert_string_equal(w->event_text, "Read-only file system");
	w->stores[0]->answer = NULL;
	world_run_until(w, world_is_idle);
	assert_int_equal(world_store(w, "a").delivered, 2);
	assert_int_equal(world_counters(w).remove_errors, 1);
	world_kill(w);

	assert_int_equal(mount("none", w->folder, NULL, MS_REMOUNT, NULL), 0);
	world_open(w, 1);
	world_run_until(w, world_is_idle);
	assert_int_equal(w->stores[0]->n, 1);
	assert_string_equal(w->stores[0]->pushes[0].id, world_id(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_full_disk),
		T(test_disk_full_from_the_start),
		T(test_read_only_disk),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		printf("skipped: needs root and a mount namespace of its own\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
