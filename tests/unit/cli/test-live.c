/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/live.h"

static const struct live_status full = {
	.elapsed = 65 * NSEC_PER_SEC,
	.duration = 3600 * NSEC_PER_SEC,
	.samples = 5988,
	.edges = 1034,
	.lost = 3,
	.coverage = 0.912,
	.verdict = "good enough",
};

static void assert_line(const struct live_status *status, unsigned int width, const char *expected)
{
	char line[LIVE_LINE_SIZE];

	live_format(status, width, line);
	assert_string_equal(line, expected);
	assert_true(strlen(line) <= width);
}

static void everything_where_there_is_room(void **state)
{
	(void)state;
	assert_line(&full, 200,
		    "1:05 of 1:00:00, 5988 samples, 1034 edges, coverage 91.2 %, good enough, "
		    "3 lost");
}

static void only_what_is_known(void **state)
{
	struct live_status start = { .coverage = -1 };

	(void)state;
	assert_line(&start, 80, "0:00, 0 samples, 0 edges");
	start.duration = 30 * NSEC_PER_SEC;
	start.coverage = 1;
	assert_line(&start, 80, "0:00 of 0:30, 0 samples, 0 edges, coverage 100.0 %");
}

static void what_matters_less_gives_way(void **state)
{
	(void)state;
	assert_line(&full, 78,
		    "1:05 of 1:00:00, 5988 samples, coverage 91.2 %, good enough, 3 lost");
	assert_line(&full, 60, "1:05 of 1:00:00, coverage 91.2 %, good enough, 3 lost");
	assert_line(&full, 36, "1:05 of 1:00:00, good enough, 3 lost");
	assert_line(&full, 35, "1:05 of 1:00:00, 1034 edges, 3 lost");
	assert_line(&full, 16, "1:05 of 1:00:00");
	assert_line(&full, 6, "3 lost");
	assert_line(&full, 0, "");
}

static void long_verdicts_and_large_numbers_fit_the_buffer(void **state)
{
	struct live_status s = { UINT64_MAX,
				 UINT64_MAX,
				 UINT64_MAX,
				 UINT64_MAX,
				 UINT64_MAX,
				 1e300,
				 "a verdict that goes on and on and on and on and on and on and on "
				 "and on and on" };
	char line[LIVE_LINE_SIZE];

	(void)state;
	live_format(&s, 10000, line);
	assert_true(strlen(line) < sizeof(line));
}

struct terminal {
	int main, sub;
};

static int setup(void **state)
{
	struct terminal *t = calloc(1, sizeof(*t));
	struct winsize size = { .ws_row = 24, .ws_col = 61 };

	assert_non_null(t);
	t->main = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(t->main >= 0);
	assert_int_equal(grantpt(t->main) | unlockpt(t->main), 0);
	t->sub = open(ptsname(t->main), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(t->sub >= 0);
	assert_int_equal(ioctl(t->main, TIOCSWINSZ, &size), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct terminal *t = *state;

	close(t->main);
	close(t->sub);
	free(t);
	return 0;
}

static void assert_written(struct terminal *t, const char *expected)
{
	char text[1024];
	ssize_t n = read(t->main, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	assert_string_equal(text, expected);
}

static void drawn_in_place_and_taken_away(void **state)
{
	struct terminal *t = *state;
	struct winsize size = { .ws_row = 24, .ws_col = 17 };
	struct live live;

	setenv("TERM", "xterm", 1);
	live_init(&live, t->sub);
	live_clear(&live);
	assert_written(t, "");
	live_show(&live, &full);
	assert_written(t, "\r1:05 of 1:00:00, coverage 91.2 %, good enough, 3 lost\033[K");
	assert_int_equal(ioctl(t->main, TIOCSWINSZ, &size), 0);
	live_show(&live, &full);
	assert_written(t, "\r1:05 of 1:00:00\033[K");
	/* the time alone would fill it to the last column */
	size.ws_col = 15;
	assert_int_equal(ioctl(t->main, TIOCSWINSZ, &size), 0);
	live_show(&live, &full);
	assert_written(t, "\r3 lost\033[K");
	live_clear(&live);
	live_clear(&live);
	assert_written(t, "\r\033[K");
}

static void terminal_without_a_size(void **state)
{
	struct terminal *t = *state;
	struct winsize size = { 0 };
	struct live live;

	setenv("TERM", "xterm", 1);
	setenv("COLUMNS", "17", 1);
	assert_int_equal(ioctl(t->main, TIOCSWINSZ, &size), 0);
	live_init(&live, t->sub);
	live_show(&live, &full);
	assert_written(t, "\r1:05 of 1:00:00\033[K");
	unsetenv("COLUMNS");
	live_show(&live, &full);
	/* 80 columns hold everything */
	assert_written(t, "\r1:05 of 1:00:00, 5988 samples, 1034 edges, coverage 91.2 %, "
			  "good enough, 3 lost\033[K");
}

static void nothing_where_it_cannot_be_drawn(void **state)
{
	struct terminal *t = *state;
	struct live live;
	int ends[2];
	char byte;

	setenv("TERM", "dumb", 1);
	live_init(&live, t->sub);
	live_show(&live, &full);
	live_clear(&live);
	assert_written(t, "");
	setenv("TERM", "xterm", 1);
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	live_init(&live, ends[1]);
	live_show(&live, &full);
	live_clear(&live);
	assert_int_equal(read(ends[0], &byte, 1), -1);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_where_there_is_room),
		cmocka_unit_test(only_what_is_known),
		cmocka_unit_test(what_matters_less_gives_way),
		cmocka_unit_test(long_verdicts_and_large_numbers_fit_the_buffer),
		cmocka_unit_test_setup_teardown(drawn_in_place_and_taken_away, setup, teardown),
		cmocka_unit_test_setup_teardown(terminal_without_a_size, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_where_it_cannot_be_drawn, setup, teardown),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
