/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/config/config.h"
#include "base/file.h"
#include "config/tell.h"

static int setup(void **state)
{
	static int fd;

	fd = memfd_create("told", MFD_CLOEXEC);
	*state = &fd;
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	return close(*(int *)*state);
}

static const char *told(int fd, struct buf *text)
{
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	text->size = 0;
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(file_read(path, text), 0);
	buf_append_u8(text, 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	return (const char *)text->data;
}

static void what_is_asked_for(void **state)
{
	_cleanup_(agent_config_fini) struct agent_config config = { 0 };
	_cleanup_(buf_fini) struct buf text = BUF_INIT(1 << 20);
	const struct config_input nothing = { .file = span_of("", 0),
					      .argc = 1,
					      .argv = (const char *[]){ "x", NULL } };
	static struct config_problems problems;
	int fd = *(int *)*state;

	assert_int_equal(config_parse(&agent_config_schema, &nothing, &config, &problems), 0);
	const struct config_schema *s = &agent_config_schema;
	assert_int_equal(config_tell(s, &config, CONFIG_RUN, "x 1", fd), 0);
	assert_string_equal(told(fd, &text), "");
	assert_int_equal(config_tell(s, &config, CONFIG_VERSION, "x 1", fd), 0);
	assert_string_equal(told(fd, &text), "x 1\n");
	assert_int_equal(config_tell(s, &config, CONFIG_HELP, "x 1", fd), 0);
	assert_non_null(strstr(told(fd, &text), "Usage: hone-agent"));
	assert_int_equal(config_tell(s, &config, CONFIG_CHECK, "x 1", fd), 0);
	assert_non_null(strstr(told(fd, &text), "\nwindow: 1m\n"));
}

static void what_is_wrong(void **state)
{
	static struct config_problems problems = { .texts = { "a: b.", "c." }, .n = 2 };
	_cleanup_(buf_fini) struct buf text = BUF_INIT(1 << 20);
	int fd = *(int *)*state;

	assert_int_equal(config_tell_problems(&problems, "x", fd), 0);
	assert_string_equal(told(fd, &text), "x: a: b.\nx: c.\n");
	problems.more = 3;
	assert_int_equal(config_tell_problems(&problems, "x", fd), 0);
	assert_string_equal(told(fd, &text), "x: a: b.\nx: c.\nx: and 3 more.\n");
}

/* It is not said to be done when nobody can read it. */
static void no_room_is_an_error(void **state)
{
	_cleanup_(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(config_tell(&agent_config_schema, NULL, CONFIG_VERSION, "x 1", full),
			 -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong, setup, teardown),
		cmocka_unit_test(no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
