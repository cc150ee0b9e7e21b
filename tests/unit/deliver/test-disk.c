/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that are gone or in use, files that are not what they should be. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/deliver/spool.h"
#include "tests/unit/unit.h"
#include "world.h"

static void down(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context, (void)push;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY,
				      .retry_after = 600 * NSEC_PER_SEC,
				      .text = "no connection" };
}

static void fails(void *context, const struct fake_push *push, struct store_result *ret)
{
	(void)context, (void)push;
	*ret = (struct store_result){ .outcome = STORE_E_RETRY, .text = "no connection" };
}

static void run(const char *format, ...) _printf_(1, 2);

static void run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

/* Profiles @first to @last are in the spool, and nobody has it open. */
static void leave(struct world *w, uint32_t first, uint32_t last)
{
	world_open(w, 1);
	w->stores[0]->answer = down;
	for (uint32_t n = first; n <= last; n++)
		assert_int_equal(world_submit(w, n), 0);
	world_run_until(w, world_has_failed);
	world_kill(w);
}

static void test_one_process_at_a_time(void **state)
{
	struct world *w = *state;
	struct deliver *first;

	world_open(w, 1);
	first = w->deliver;
	w->deliver = NULL;
	assert_int_equal(world_try_open(w, 1), DELIVER_E_LOCKED);
	deliver_close(first);
	world_open(w, 1);
}

static void test_another_version_is_left_alone(void **state)
{
	struct world *w = *state;

	leave(w, 1, 1);
	run("echo 'hone-agent spool 2' >%s/.format", w->spool);
	assert_int_equal(world_try_open(w, 1), DELIVER_E_VERSION);
	assert_int_equal(world_files(w, "a"), 1);
	/* Killed while it made the spool. */
	run(": >%s/.format", w->spool);
	world_open(w, 1);
	assert_int_equal(world_store(w, "a").recovered, 1);
}

static void test_a_folder_of_something_else_is_left_alone(void **state)
{
	struct world *w = *state;

	run("mkdir -p %s/a && touch %s/a/.spool-1", w->spool, w->spool);
	assert_int_equal(world_try_open(w, 1), DELIVER_E_FOREIGN);
	run("[ $(find %s | wc -l) = 3 ]", w->spool);
	run("rm -r %s/a && mkdir %s/lost+found", w->spool, w->spool);
	world_open(w, 1);
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(world_files(w, "a"), 1);
}

static void test_unusable_folders(void **state)
{
	struct world *w = *state;

	run("touch %s", w->spool);
	assert_int_equal(world_try_open(w, 1), -ENOTDIR);
	run("rm %s", w->spool);
	w->options.spool = "/dev/null/spool";
	assert_int_equal(world_try_open(w, 1), -ENOTDIR);
	snprintf(w->spool, sizeof(w->spool), "%s/none/none/spool", w->folder);
	w->options.spool = w->spool;
	assert_int_equal(world_try_open(w, 1), -ENOENT);
}

static void test_the_folder_above_is_made(void **state)
{
	struct world *w = *state;
	struct spool spool;

	snprintf(w->spool, sizeof(w->spool), "%s/lib/spool", w->folder);
	assert_int_equal(spool_open(&spool, w->spool), 0);
	spool_close(&spool);
	run("test -d %s", w->spool);
}

static void test_damaged_files_are_removed_and_told(void **state)
{
	struct world *w = *state;
	char path[512];

	leave(w, 1, 1);
	snprintf(path, sizeof(path), "%s", world_file(w, "a"));
	leave(w, 2, 5);
	/* A changed header, a changed body, a half-written one. */
	run("printf x | dd of=%s bs=1 seek=20 conv=notrunc status=none", path);
	run("cd %s/a; printf x | dd of=$(ls | sed -n 2p) bs=1 seek=120 conv=notrunc status=none",
	    w->spool);
	run("cd %s/a; truncate -s -1 $(ls | sed -n 3p)", w->spool);
	/* Not ours; a pipe, a link and a folder under our names; what a kill left. */
	run("cd %s/a; touch README", w->spool);
	run("cd %s/a; mkfifo 0000000000000010-%s", w->spool, world_id(16));
	run("cd %s/a; ln -s /etc/passwd 0000000000000011-%s", w->spool, world_id(17));
	run("cd %s/a; mkdir 0000000000000012-%s", w->spool, world_id(18));
	run("cd %s/a; touch .spool-0123456789abcdef", w->spool);

	world_open(w, 1);
	assert_int_equal(world_counters(w).torn, 1);
	assert_int_equal(world_counters(w).damaged, 4);
	assert_int_equal(w->n_events[DELIVER_SPOOL_DAMAGED], 1);
	world_run_until(w, world_is_idle);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_DAMAGED], 1);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 2);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 4"), 1);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 5"), 1);
	run("cd %s/a; rmdir 0*; test \"$(ls -A)\" = README", w->spool);
}

static void test_other_folders_are_left_alone(void **state)
{
	struct world *w = *state;

	leave(w, 2, 2);
	run("mkdir -p %s/lost+found %s/empty %s/full; touch %s/full/.tmp-0123456789abcdef",
	    w->spool, w->spool, w->spool, w->spool);
	leave(w, 1, 1);
	world_open(w, 1);
	assert_int_equal(world_counters(w).n_stores, 1);
	world_run_until(w, world_is_idle);
	run("cd %s; test \"$(LC_ALL=C ls -A . full | tr '\\n' ' ')\" = "
	    "'.: .format a empty full lost+found  full: .tmp-0123456789abcdef '",
	    w->spool);
}

static void test_a_file_that_vanished_is_counted(void **state)
{
	struct world *w = *state;

	leave(w, 1, 3);
	world_open(w, 1);
	run("rm %s/a/*-%s", w->spool, world_id(2));
	world_run_until(w, world_is_idle);
	assert_int_equal(world_store(w, "a").dropped[DELIVER_DROP_LOST], 1);
	assert_int_equal(world_store(w, "a").delivered, 2);
}

static void test_a_renamed_file_is_not_believed(void **state)
{
	struct world *w = *state;

	leave(w, 1, 1);
	run("mv %s %s/a/0000000000000001-%s", world_file(w, "a"), w->spool, world_id(9));
	world_open(w, 1);
	assert_int_equal(world_counters(w).damaged, 1);
	assert_true(world_is_idle(w));
}

static bool nothing_in_memory(struct world *w)
{
	return world_counters(w).in_memory == 0;
}

static void test_a_removed_folder_is_made_again(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	w->stores[0]->silent = true;
	run("rm -r %s", w->spool);
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(world_files(w, "a"), 1);
	run("rm -r %s/a", w->spool);
	assert_int_equal(world_submit(w, 2), 0);
	assert_int_equal(world_files(w, "a"), 1);
	assert_int_equal(world_counters(w).spool_errors, 0);
}

static void test_memory_stands_in_for_the_disk(void **state)
{
	struct world *w = *state;

	world_open(w, 2);
	w->stores[0]->answer = w->stores[1]->answer = down;
	run("rm -r %s; touch %s", w->spool, w->spool);
	assert_int_equal(world_submit(w, 1), DELIVER_E_MEMORY);
	assert_int_equal(world_submit(w, 2), DELIVER_E_MEMORY);
	assert_true(world_counters(w).spool_failing);
	assert_int_equal(world_counters(w).accepted_memory, 2);
	assert_int_equal(world_counters(w).in_memory, 2);
	/* Not asked again at once. */
	assert_int_equal(world_counters(w).spool_errors, 1);
	assert_int_equal(w->n_events[DELIVER_SPOOL_FAILS], 1);
	assert_string_equal(w->event_text, "Not a directory");

	run("rm %s", w->spool);
	w->boot += 2 * NSEC_PER_SEC;
	world_run_until(w, nothing_in_memory);
	assert_false(world_counters(w).spool_failing);
	assert_int_equal(w->n_events[DELIVER_SPOOL_WORKS], 1);
	assert_int_equal(world_files(w, "a"), 2);
	assert_int_equal(world_files(w, "b"), 2);
	world_kill(w);
	world_open(w, 2);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], NULL), 2);
	assert_int_equal(fake_store_taken(w->stores[1], NULL), 2);
}

/* The one that is being pushed from memory must stay where it is. */
static void test_what_is_pushed_from_memory_stays(void **state)
{
	struct world *w = *state;

	world_open(w, 1);
	run("rm -r %s; touch %s", w->spool, w->spool);
	assert_int_equal(world_submit(w, 1), DELIVER_E_MEMORY);
	world_run_until(w, world_is_idle);
	assert_int_equal(fake_store_taken(w->stores[0], "profile 1"), 1);
	assert_int_equal(world_counters(w).in_memory, 0);
}

static void ignore_flushed(void *context, uint64_t left, uint64_t lost)
{
	(void)context, (void)left, (void)lost;
}

static bool a_has_two_pushes(struct world *w)
{
	return w->stores[0]->n == 2;
}

/* What would be lost comes first. */
static void test_flush_begins_with_memory(void **state)
{
	struct world *w = *state;
	struct rlimit usual, no_more;

	signal(SIGXFSZ, SIG_IGN);
	w->options.backoff_min = w->options.backoff_max = 3600 * NSEC_PER_SEC;
	world_open(w, 1);
	w->stores[0]->answer = fails;
	assert_int_equal(world_submit(w, 1), 0);
	assert_int_equal(world_submit(w, 2), 0);
	world_run_until(w, world_has_failed);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	no_more = (struct rlimit){ .rlim_cur = 0, .rlim_max = usual.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &no_more), 0);
	assert_int_equal(world_submit(w, 3), DELIVER_E_MEMORY);
	assert_int_equal(deliver_flush(w->deliver, 3600 * NSEC_PER_SEC, ignore_flushed, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	world_run_until(w, a_has_two_pushes);
	assert_string_equal(w->stores[0]->pushes[1].text, "profile 3");
}

static void test_names_of_folders(void **state)
{
	char name[SPOOL_FOLDER_SIZE], other[SPOOL_FOLDER_SIZE], longest[DELIVER_KEY_SIZE];

	(void)state;
	spool_folder_name("http://store:4040 team-a", name);
	assert_string_equal(name, "http%3A%2F%2Fstore%3A4040%20team-a");
	spool_folder_name("..", name);
	assert_string_equal(name, "%2E.");
	spool_folder_name(".format", name);
	assert_string_equal(name, "%2Eformat");
	memset(longest, '/', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	spool_folder_name(longest, name);
	longest[sizeof(longest) - 2] = 'x';
	spool_folder_name(longest, other);
	assert_string_not_equal(name, other);
	assert_true(strlen(name) < SPOOL_FOLDER_SIZE);
}

/* Two stores that differ only where a key is cut are two. */
static void test_keys_of_long_urls(void **state)
{
	char url[400], one[DELIVER_KEY_SIZE], two[DELIVER_KEY_SIZE];

	(void)state;
	deliver_key("http://store:4040", NULL, one);
	assert_string_equal(one, "http://store:4040");
	deliver_key("http://store:4040", "team", one);
	assert_string_equal(one, "http://store:4040#team");
	memset(url, 'x', sizeof(url));
	url[sizeof(url) - 1] = '\0';
	deliver_key(url, "a", one);
	deliver_key(url, "b", two);
	assert_int_equal(strlen(one), DELIVER_KEY_SIZE - 1);
	assert_string_not_equal(one, two);
	deliver_key(url + 1, "a", two);
	assert_string_not_equal(one, two);
}

static void test_names_of_files(void **state)
{
	struct spool_name name = { .sequence = 0xfedcba9876543210 }, again;
	char text[SPOOL_NAME_SIZE];

	(void)state;
	spool_name_format(&name, text);
	assert_string_equal(text, "fedcba9876543210-00000000-0000-0000-0000-000000000000");
	assert_true(spool_name_parse(text, &again));
	assert_int_equal(again.sequence, name.sequence);
	text[0] = 'g';
	assert_false(spool_name_parse(text, &again));
	assert_false(spool_name_parse("1-00000000-0000-0000-0000-000000000000", &again));
	assert_false(spool_name_parse("", &again));
}

/* All names or none. */
static void test_a_failed_write_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct spool_name name = { .sequence = 1 };
	struct spool spool;
	int dirs[3];

	assert_int_equal(spool_open(&spool, w->spool), 0);
	assert_int_equal(spool_folder_open(&spool, "a", &dirs[0]), 0);
	assert_int_equal(spool_folder_open(&spool, "b", &dirs[1]), 0);
	assert_int_equal(spool_folder_open(&spool, "c", &dirs[2]), 0);
	run("rmdir %s/c", w->spool);
	assert_int_equal(spool_write(dirs, 3, &name, span_of("x", 1)), -ENOENT);
	run("test -z \"$(ls -A %s/a %s/b | grep -v :)\"", w->spool, w->spool);
	for (int i = 0; i < 3; i++)
		close(dirs[i]);
	spool_close(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		T(test_one_process_at_a_time),
		T(test_another_version_is_left_alone),
		T(test_a_folder_of_something_else_is_left_alone),
		T(test_unusable_folders),
		T(test_the_folder_above_is_made),
		T(test_damaged_files_are_removed_and_told),
		T(test_other_folders_are_left_alone),
		T(test_a_file_that_vanished_is_counted),
		T(test_a_renamed_file_is_not_believed),
		T(test_a_removed_folder_is_made_again),
		T(test_memory_stands_in_for_the_disk),
		T(test_what_is_pushed_from_memory_stays),
		T(test_flush_begins_with_memory),
		T(test_names_of_folders),
		T(test_keys_of_long_urls),
		T(test_names_of_files),
		T(test_a_failed_write_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
