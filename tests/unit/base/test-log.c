/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

struct fixture {
	int ends[2];
	struct log log;
	char line[LOG_LINE_SIZE * 2];
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .log = { .level = LOG_LEVEL_DEBUG } };
	if (pipe2(f.ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	f.log.fd = f.ends[1];
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->ends[0]);
	close(f->ends[1]);
	return 0;
}

/* What was written since, "" for nothing. */
static char *take(struct fixture *f)
{
	ssize_t n = read(f->ends[0], f->line, sizeof(f->line) - 1);

	f->line[n > 0 ? n : 0] = '\0';
	return f->line;
}

/* The line behind its time, which must look like one. */
static const char *after_time(const char *line, const char *begin)
{
	unsigned int year, month, day, hour, minute, second, ms;
	int n = 0;

	assert_memory_equal(line, begin, strlen(begin));
	sscanf(line + strlen(begin), "%4u-%2u-%2uT%2u:%2u:%2u.%3uZ%n", &year, &month, &day, &hour,
	       &minute, &second, &ms, &n);
	assert_int_equal(n, 24);
	return line + strlen(begin) + n;
}

static void a_line_of_logfmt(void **state)
{
	struct fixture *f = *state;

	log_info(&f->log, "store works again", log_text("store", "main"), log_u64("pending", 3),
		 log_i64("change", -4), log_bool("late", true), log_seconds("took", 1500000000),
		 log_text("none", NULL), log_errno(-ENOENT), log_real("share", 0.25));
	assert_string_equal(after_time(take(f), "time="),
			    " level=info msg=\"store works again\" store=main pending=3 change=-4 "
			    "late=true took=1.5 error=\"No such file or directory\" share=0.25\n");
	log_error(&f->log, "alone");
	assert_string_equal(after_time(take(f), "time="), " level=error msg=alone\n");
}

static void a_line_of_json(void **state)
{
	struct fixture *f = *state;

	f->log.format = LOG_FORMAT_JSON;
	log_warning(&f->log, "two \"words\"", log_u64("n", UINT64_MAX), log_bool("yes", false),
		    log_real("share", 0.0 / 0.0), log_text("path", "C:\\x"));
	assert_string_equal(after_time(take(f), "{\"time\":\""),
			    "\",\"level\":\"warning\",\"msg\":\"two \\\"words\\\"\","
			    "\"n\":18446744073709551615,\"yes\":false,\"share\":null,"
			    "\"path\":\"C:\\\\x\"}\n");
}

static void levels_below_the_logs_are_silent(void **state)
{
	struct fixture *f = *state;

	f->log.level = LOG_LEVEL_WARNING;
	log_debug(&f->log, "a");
	log_info(&f->log, "b");
	assert_string_equal(take(f), "");
	log_warning(&f->log, "c");
	assert_string_equal(after_time(take(f), "time="), " level=warning msg=c\n");
}

/* Text of others, and how it must stand in a line of logfmt. */
static void hostile_values_stay_one_value(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{ "plain-._/:,{}", "plain-._/:,{}" },
		{ "", "\"\"" },
		{ "a b", "\"a b\"" },
		{ "a=b", "\"a=b\"" },
		{ "x\" level=error msg=\"forged", "\"x\\\" level=error msg=\\\"forged\"" },
		{ "one\ntime=now", "\"one\\ntime=now\"" },
		{ "\r\t\x1b[2J\x7f", "\"\\u000d\\t\\u001b[2J\\u007f\"" },
		{ "\xc2\x9b"
		  "31m",
		  "\"\\u009b31m\"" },
		{ "back\\slash", "\"back\\\\slash\"" },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
		{ "\xe2\x80\xae"
		  "exe.txt",
		  "\"\\u202eexe.txt\"" },
		{ "\xe2\x80\xa8", "\"\\u2028\"" },
		{ "\xff\xc3", "\"\\ufffd\\ufffd\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },		 /* overlong */
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf0\x9f\x90\xb9", "\"\xf0\x9f\x90\xb9\"" },
	};
	struct fixture *f = *state;
	char expected[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		log_info(&f->log, "m", log_text("k", cases[i].text));
		snprintf(expected, sizeof(expected), " level=info msg=m k=%s\n", cases[i].written);
		assert_string_equal(after_time(take(f), "time="), expected);
	}
}

/* Every byte and every pair of bytes: a reader of JSON takes the line, and it is one line. */
static void json_is_json_whatever_the_value(void **state)
{
	struct fixture *f = *state;
	json_error_t error;
	char text[4] = "";

	f->log.format = LOG_FORMAT_JSON;
	for (unsigned int pair = 1; pair < 0x10000; pair += pair < 0x200 ? 1 : 37) {
		text[0] = (char)(pair & 0xff);
		text[1] = (char)(pair >> 8);
		if (!text[0])
			continue;
		log_info(&f->log, "m", log_text("k", text));
		take(f);
		json_t *value = json_loads(f->line, 0, &error);
		assert_non_null(value);
		assert_non_null(json_string_value(json_object_get(value, "k")));
		json_decref(value);
		assert_ptr_equal(strchr(f->line, '\n'), f->line + strlen(f->line) - 1);
	}
}

/* Values of every length around the limit: the line ends well, is no longer, and says so. */
static void long_values_are_cut(void **state)
{
	static const char *const units[] = { "x", "\xc3\xbc", "\n", "\"", "\x01" };
	static char value[2 * LOG_LINE_SIZE];
	struct fixture *f = *state;
	json_error_t error;

	for (size_t u = 0; u < ARRAY_SIZE(units); u++)
		for (size_t n = 600; n<4200; n += n> 3900 || n < 700 ? 1 : 30) {
			value[0] = '\0';
			size_t size = 0, unit = strlen(units[u]);
			for (size_t i = 0; i < n && size + unit < sizeof(value) - 1;
			     i++, size += unit)
				memcpy(value + size, units[u], unit + 1);
			f->log.format = n & 1 ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT;
			log_info(&f->log, "m", log_text("k", value), log_u64("after", 7));
			take(f);
			assert_in_range(strlen(f->line), 1, LOG_LINE_SIZE);
			assert_int_equal(f->line[strlen(f->line) - 1], '\n');
			bool cut = !strstr(f->line, "after");
			assert_int_equal(cut, strstr(f->line, "truncated") != NULL);
			if (f->log.format == LOG_FORMAT_JSON) {
				json_t *json = json_loads(f->line, 0, &error);
				assert_non_null(json);
				json_decref(json);
			} else {
				const char *end = cut ? "\" truncated=true\n" : " after=7\n";
				if (!cut || u)
					assert_string_equal(f->line + strlen(f->line) - strlen(end),
							    end);
			}
		}
}

static void priorities_for_the_journal(void **state)
{
	struct fixture *f = *state;

	f->log.priority = true;
	log_error(&f->log, "e");
	after_time(take(f), "<3>time=");
	log_warning(&f->log, "w");
	after_time(take(f), "<4>time=");
	log_info(&f->log, "i");
	after_time(take(f), "<6>time=");
	f->log.format = LOG_FORMAT_JSON;
	log_debug(&f->log, "d");
	after_time(take(f), "<7>{\"time\":\"");
}

static void the_journal_is_known_by_its_stream(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char text[64];

	assert_int_equal(fstat(f->ends[1], &st), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	assert_true(log_is_journal(f->ends[1], text));
	assert_false(log_is_journal(f->ends[1], NULL));
	assert_false(log_is_journal(f->ends[1], ""));
	assert_false(log_is_journal(f->ends[1], "1:1"));
	strcat(text, "0");
	assert_false(log_is_journal(f->ends[1], text));
}

/* Nobody reads: nothing blocks, the lines are counted, and told of once there is room. */
static void a_reader_that_sleeps_costs_lines_only(void **state)
{
	struct fixture *f = *state;
	unsigned int sent = 0;

	fcntl(f->ends[1], F_SETFL, 0); /* blocking, as stderr is */
	for (; !f->log.lost; sent++)
		log_info(&f->log, "m", log_u64("i", sent));
	log_info(&f->log, "m");
	assert_int_equal(f->log.lost, 2);
	assert_int_equal(f->log.dropped, 2);
	while (*take(f))
		;
	log_info(&f->log, "again");
	assert_string_equal(after_time(take(f), "time="), " level=info msg=again lost=2\n");
	assert_int_equal(f->log.lost, 0);
	assert_int_equal(f->log.dropped, 2);
}

static void errno_stays(void **state)
{
	struct fixture *f = *state;

	f->log.fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* polls as writable, and is not */
	errno = EXDEV;
	log_info(&f->log, "m");
	assert_int_equal(errno, EXDEV);
	assert_int_equal(f->log.dropped, 1);
	close(f->log.fd);
}

static void repeated_events_are_counted(void **state)
{
	struct log_limit limit = { .interval = 60 * NSEC_PER_SEC, .burst = 2 };
	uint64_t now = 5 * NSEC_PER_SEC, unsaid = 9;

	(void)state;
	assert_true(log_limit_pass(&limit, now, &unsaid));
	assert_int_equal(unsaid, 0);
	assert_true(log_limit_pass(&limit, now + 1, &unsaid));
	for (unsigned int i = 0; i < 1000; i++)
		assert_false(log_limit_pass(&limit, now + 2 + i, &unsaid));
	assert_false(log_limit_pass(&limit, now + limit.interval - 1, &unsaid));
	assert_true(log_limit_pass(&limit, now + limit.interval, &unsaid));
	assert_int_equal(unsaid, 1001);
	assert_true(log_limit_pass(&limit, now + limit.interval, &unsaid));
	assert_int_equal(unsaid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_of_logfmt, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_of_json, setup, teardown),
		cmocka_unit_test_setup_teardown(levels_below_the_logs_are_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_values_stay_one_value, setup, teardown),
		cmocka_unit_test_setup_teardown(json_is_json_whatever_the_value, setup, teardown),
		cmocka_unit_test_setup_teardown(long_values_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(priorities_for_the_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(the_journal_is_known_by_its_stream, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_reader_that_sleeps_costs_lines_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(errno_stays, setup, teardown),
		cmocka_unit_test(repeated_events_are_counted),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
