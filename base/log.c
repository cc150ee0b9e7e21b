/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/text.h"

/* Kept free for what ends a line that was cut: ,"truncated":true}, the newline and a NUL. */
#define TAIL_SIZE 20u

/* A line under way. Once something did not fit, nothing more is added. */
struct line {
	char text[LOG_LINE_SIZE];
	size_t n;
	enum log_format format;
	bool begun; /* there is a field */
	bool cut;
};

static const char *const level_names[] = { "debug", "info", "warning", "error" };

/* syslog(3): err, warning, info, debug */
static const char level_priorities[] = { '7', '6', '4', '3' };

static bool fits(const struct line *line, size_t n)
{
	return !line->cut && n <= sizeof(line->text) - TAIL_SIZE - line->n;
}

static void put(struct line *line, const char *text, size_t n)
{
	if (!fits(line, n)) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->n, text, n);
	line->n += n;
}

static void put_text(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

/* As much as fits, in quotes, which are closed in any case. */
static void put_quoted(struct line *line, const char *text)
{
	struct span rest = span_of(text, strlen(text));
	char character[ESCAPE_MAX];

	if (!fits(line, 2)) {
		line->cut = true;
		return;
	}
	put_text(line, "\"");
	while (rest.size && !line->cut) {
		size_t n = escape_next(&rest, character);

		if (fits(line, n + 1))
			put(line, character, n);
		else
			line->cut = true;
	}
	line->text[line->n++] = '"'; /* there is room: it was kept */
}

static void put_string(struct line *line, const char *text)
{
	bool plain =
		line->format == LOG_FORMAT_LOGFMT && escape_is_plain(span_of(text, strlen(text)));

	if (plain && fits(line, strlen(text)))
		put_text(line, text);
	else
		put_quoted(line, text);
}

static void put_value(struct line *line, const struct log_field *field)
{
	char text[64];

	switch (field->type) {
	case LOG_U64:
		snprintf(text, sizeof(text), "%llu", (unsigned long long)field->u64);
		break;
	case LOG_I64:
		snprintf(text, sizeof(text), "%lld", (long long)field->i64);
		break;
	case LOG_REAL:
		snprintf(text, sizeof(text), isfinite(field->real) ? "%.9g" : "null", field->real);
		break;
	case LOG_DURATION:
		snprintf(text, sizeof(text), "%.9g", (double)field->u64 / (double)NSEC_PER_SEC);
		break;
	case LOG_BOOL:
		snprintf(text, sizeof(text), "%s", field->yes ? "true" : "false");
		break;
	case LOG_ERRNO:
		put_string(line, strerror_r((int)-field->i64, text, sizeof(text)));
		return;
	default:
		put_string(line, field->text);
		return;
	}
	put_text(line, text);
}

/* A key and a value; nothing of them where not even the key fits. */
static void put_field(struct line *line, const struct log_field *field)
{
	bool json = line->format == LOG_FORMAT_JSON;
	size_t before = line->n;

	if (line->cut || (field->type == LOG_TEXT && !field->text))
		return;
	put_text(line, !line->begun ? "" : json ? "," : " ");
	put_text(line, json ? "\"" : "");
	put_text(line, field->key);
	put_text(line, json ? "\":" : "=");
	size_t key_end = line->n;
	put_value(line, field);
	if (line->n == key_end)
		line->n = before; /* the value did not begin */
	line->begun = true;
}

static void put_time(struct line *line)
{
	uint64_t now = clock_realtime();
	time_t seconds = (time_t)(now / NSEC_PER_SEC);
	char text[40];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ",
		 (unsigned int)(now % NSEC_PER_SEC / NSEC_PER_MSEC));
	struct log_field field = log_text("time", text);
	put_field(line, &field);
}

static void end_line(struct line *line)
{
	bool json = line->format == LOG_FORMAT_JSON;

	line->n += (size_t)snprintf(line->text + line->n, sizeof(line->text) - line->n, "%s%s\n",
				    !line->cut ? ""
				    : json     ? ",\"truncated\":true"
					       : " truncated=true",
				    json ? "}" : "");
}

/* One write(2), if the reader has room for it now. A pipe that polls as writable has a page. */
static bool send_line(int fd, const struct line *line)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	if (poll(&ready, 1, 0) < 1 || !(ready.revents & POLLOUT))
		return false;
	do
		n = write(fd, line->text, line->n);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)line->n;
}

void log_write(struct log *log, enum log_level level, const char *message,
	       const struct log_field *fields, size_t n_fields)
{
	struct line line = { .format = log->format };
	int saved = errno;

	if (level < log->level)
		return;
	if (log->priority)
		line.n = (size_t)snprintf(line.text, sizeof(line.text), "<%c>",
					  level_priorities[level]);
	if (log->format == LOG_FORMAT_JSON)
		put_text(&line, "{");
	put_time(&line);
	const struct log_field head[] = { log_text("level", level_names[level]),
					  log_text("msg", message), log_u64("lost", log->lost) };
	for (size_t i = 0; i < (log->lost ? 3u : 2u); i++)
		put_field(&line, &head[i]);
	for (size_t i = 0; i < n_fields; i++)
		put_field(&line, &fields[i]);
	end_line(&line);
	if (send_line(log->fd, &line)) {
		log->lost = 0;
	} else {
		log->lost++;
		log->dropped++;
	}
	errno = saved;
}

bool log_is_journal(int fd, const char *journal_stream)
{
	struct span rest = span_of(journal_stream, journal_stream ? strlen(journal_stream) : 0);
	uint64_t device, inode;
	struct stat st;

	return text_number(&rest, 10, &device) && text_skip(&rest, ":") &&
	       text_number(&rest, 10, &inode) && !rest.size && fstat(fd, &st) == 0 &&
	       st.st_dev == device && st.st_ino == inode;
}

bool log_limit_pass(struct log_limit *limit, uint64_t now, uint64_t *ret_unsaid)
{
	if (!limit->begin || now - limit->begin >= limit->interval) {
		limit->begin = now ? now : 1;
		limit->n = 0;
	}
	if (limit->n >= limit->burst) {
		limit->unsaid++;
		return false;
	}
	limit->n++;
	*ret_unsaid = limit->unsaid;
	limit->unsaid = 0;
	return true;
}
