/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/filename.h"
#include "store/store.h"

#define ID "01234567-89ab-cdef-0123-456789abcdef"

struct fixture {
	struct loop loop;
	struct store *store;
	char folder[32], path[64], url[64], text[STORE_TEXT_SIZE];
	struct store_result result;
	unsigned int n_done;
};

static int on_done(void *context, const struct store_result *result)
{
	struct fixture *f = context;

	f->result = *result;
	f->n_done++;
	loop_quit(&f->loop);
	return 0;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	strcpy(f->folder, "/tmp/hone-test-XXXXXX");
	if (!f || !mkdtemp(f->folder) || loop_init(&f->loop))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/a b", f->folder);
	snprintf(f->url, sizeof(f->url), "file://%s/a%%20b/", f->folder);
	return store_open(&(struct store_options){ .url = f->url }, &f->loop, &f->store, f->text);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[64];

	store_close(f->store);
	loop_fini(&f->loop);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
	int r = system(command);
	free(f);
	return r;
}

static void push(struct fixture *f, const char *bytes)
{
	static const struct store_label label = { "service_name", "api" };
	struct store_profile p = { .id = ID,
				   .labels = &label,
				   .n_labels = 1,
				   .pprof = span_of(bytes, strlen(bytes)),
				   .time = 0 };
	unsigned int before = f->n_done;

	assert_int_equal(store_push(f->store, &p, on_done, f), 0);
	assert_int_equal(f->n_done, before); /* never from within */
	assert_int_equal(store_room(f->store), 0);
	assert_int_equal(store_push(f->store, &p, on_done, f), STORE_E_BUSY);
	assert_int_equal(loop_run(&f->loop), 0);
	assert_int_equal(f->n_done, before + 1);
	assert_int_equal(store_room(f->store), 1);
}

static void file_holds(struct fixture *f, const char *want)
{
	_cleanup_(buf_fini) struct buf b = BUF_INIT(4096);
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/api_19700101T000000Z_" ID ".pb.gz", f->path);
	assert_int_equal(file_read(path, &b), 0);
	assert_true(span_equals(span_of(b.data, b.size), want));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void the_same_push_replaces_its_file(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	push(f, "first");
	assert_int_equal(f->result.outcome, STORE_OK);
	assert_string_equal(f->result.text, "");
	file_holds(f, "first");
	push(f, "second");
	assert_int_equal(f->result.outcome, STORE_OK);
	file_holds(f, "second");
	assert_int_equal(store_limits(f->store)->raw_bytes, 0);
	assert_false(store_limits(f->store)->escape_shapes);
}

static void a_lost_directory_is_no_reason_to_stop(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rmdir(f->path), 0);
	push(f, "x");
	assert_int_equal(f->result.outcome, STORE_E_RETRY);
	assert_true(f->result.retry_after > 0);
	assert_non_null(strstr(f->result.text, "No such file or directory"));
	assert_int_equal(mkdir(f->path, 0755), 0);
	push(f, "y");
	assert_int_equal(f->result.outcome, STORE_OK);
}

static void a_link_is_not_followed(void **state)
{
	struct fixture *f = *state;
	char path[256];

	snprintf(path, sizeof(path), "%s/api_19700101T000000Z_" ID ".pb.gz", f->path);
	assert_int_equal(symlink("/dev/null", path), 0);
	push(f, "x");
	assert_int_equal(f->result.outcome, STORE_E_RETRY);
	assert_non_null(strstr(f->result.text, "taken"));
}

static void cancelled_ones_are_not_written(void **state)
{
	struct fixture *f = *state;
	struct store_profile p = { .id = ID, .pprof = span_of("x", 1) };

	assert_int_equal(store_push(f->store, &p, on_done, f), 0);
	store_cancel(f->store);
	assert_int_equal(store_room(f->store), 1);
	push(f, "y"); /* the timer's call for the first, if it comes, does nothing */
	assert_int_equal(f->n_done, 1);
	file_holds(f, "y");
}

/* /dev/full, as a file system: too small for what is written. */
static void a_full_disk_is_to_be_tried_again(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *large = calloc(1, (2 << 20) + 1);
	char command[128];

	snprintf(command, sizeof(command), "mount -t tmpfs -o size=1m none '%s' 2>/dev/null",
		 f->path);
	if (system(command))
		skip(); /* needs root, and mounts */
	memset(large, 'x', 2 << 20);
	push(f, large);
	assert_int_equal(f->result.outcome, STORE_E_RETRY);
	assert_non_null(strstr(f->result.text, "No space left"));
	/* nothing is left behind that would keep it full */
	push(f, "x");
	assert_int_equal(f->result.outcome, STORE_OK);
	snprintf(command, sizeof(command), "umount '%s'", f->path);
	assert_int_equal(system(command), 0);
}

static void bad(const char *url, const char *why)
{
	struct loop loop = LOOP_NULL;
	struct store *s = NULL;
	char text[STORE_TEXT_SIZE];

	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(store_open(&(struct store_options){ .url = url }, &loop, &s, text),
			 STORE_E_OPTIONS);
	if (!strstr(text, why))
		print_message("%s: %s\n", url, text);
	assert_non_null(strstr(text, why));
	loop_fini(&loop);
}

static void urls_that_name_no_directory(void **state)
{
	(void)state;
	bad("file://profiles", "three slashes");
	bad("file://store.example/x", "three slashes");
	bad("file:///tmp/%00", "three slashes");
	bad("file:///tmp/a?b", "%3F");
	bad("file:///tmp/a#b", "%3F");
	bad("file:///dev/null", "Not a directory");
	bad("file:///nonexistent/x", "No such file or directory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_push_replaces_its_file),
		TEST(a_lost_directory_is_no_reason_to_stop),
		TEST(a_link_is_not_followed),
		TEST(cancelled_ones_are_not_written),
		TEST(a_full_disk_is_to_be_tried_again),
		cmocka_unit_test(urls_that_name_no_directory),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
