/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define DEFAULT_WIDTH 80
#define PART_SIZE     64
#define SEPARATOR     ", "

/* In the order they stand in the line. */
enum part { PART_TIME, PART_SAMPLES, PART_EDGES, PART_COVERAGE, PART_VERDICT, PART_LOST, N_PARTS };

/* And in the order of what people look for. */
static const enum part importance[N_PARTS] = {
	PART_TIME, PART_LOST, PART_VERDICT, PART_COVERAGE, PART_SAMPLES, PART_EDGES,
};

/* 4:05, or 1:04:05 */
static void format_time(uint64_t ns, char *ret_text, size_t size)
{
	unsigned int seconds = (unsigned int)(ns / NSEC_PER_SEC);
	unsigned int hours = seconds / 3600, minutes = seconds / 60 % 60;

	if (hours)
		snprintf(ret_text, size, "%u:%02u:%02u", hours, minutes, seconds % 60);
	else
		snprintf(ret_text, size, "%u:%02u", minutes, seconds % 60);
}

static void format_parts(const struct live_status *s, char parts[N_PARTS][PART_SIZE])
{
	char elapsed[24], duration[24];

	memset(parts, 0, N_PARTS * PART_SIZE);
	format_time(s->elapsed, elapsed, sizeof(elapsed));
	format_time(s->duration, duration, sizeof(duration));
	snprintf(parts[PART_TIME], PART_SIZE, "%s%s%s", elapsed, s->duration ? " of " : "",
		 s->duration ? duration : "");
	snprintf(parts[PART_SAMPLES], PART_SIZE, "%" PRIu64 " samples", s->samples);
	snprintf(parts[PART_EDGES], PART_SIZE, "%" PRIu64 " edges", s->edges);
	if (s->coverage >= 0)
		snprintf(parts[PART_COVERAGE], PART_SIZE, "coverage %.1f %%", s->coverage * 100);
	if (s->verdict)
		snprintf(parts[PART_VERDICT], PART_SIZE, "%s", s->verdict);
	if (s->lost)
		snprintf(parts[PART_LOST], PART_SIZE, "%" PRIu64 " lost", s->lost);
}

void live_format(const struct live_status *status, unsigned int width, char *ret_line)
{
	char parts[N_PARTS][PART_SIZE];
	bool shown[N_PARTS] = { false };
	size_t used = 0, at = 0;

	format_parts(status, parts);
	for (size_t i = 0; i < N_PARTS; i++) {
		size_t n = strlen(parts[importance[i]]);
		size_t wanted = used + n + (used ? strlen(SEPARATOR) : 0);

		shown[importance[i]] = n && wanted <= width;
		if (shown[importance[i]])
			used = wanted;
	}
	ret_line[0] = '\0';
	for (size_t i = 0; i < N_PARTS && at < LIVE_LINE_SIZE; i++)
		if (shown[i])
			at += (size_t)snprintf(ret_line + at, LIVE_LINE_SIZE - at, "%s%s",
					       at ? SEPARATOR : "", parts[i]);
}

void live_init(struct live *live, int fd)
{
	const char *term = getenv("TERM");

	*live = (struct live)LIVE_NULL;
	if (isatty(fd) && term && *term && strcmp(term, "dumb") != 0)
		live->fd = fd;
}

/* As the terminal says, or COLUMNS, or what most have. Asked each time: windows change. */
static unsigned int find_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t n;

	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	struct span text = columns ? span_of(columns, strlen(columns)) : span_of(NULL, 0);
	return text_number(&text, 10, &n) && n && n < UINT16_MAX ? (unsigned int)n : DEFAULT_WIDTH;
}

/* A terminal that does not take it is no reason to stop recording. */
static void put(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n;
}

void live_show(struct live *live, const struct live_status *status)
{
	char line[LIVE_LINE_SIZE], drawing[LIVE_LINE_SIZE + 16];

	if (live->fd < 0)
		return;
	/* The last column stays free: some terminals wrap when it is written. */
	live_format(status, find_width(live->fd) - 1, line);
	snprintf(drawing, sizeof(drawing), "\r%s\033[K", line);
	put(live->fd, drawing);
	live->drawn = true;
}

void live_clear(struct live *live)
{
	if (live->fd >= 0 && live->drawn)
		put(live->fd, "\r\033[K");
	live->drawn = false;
}
