/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A structured log: one line an event, as logfmt or as JSON.
 *
 *	log_info(log, "store works again", log_text("store", key), log_u64("pending", n));
 *
 *	time=2026-11-21T12:30:00.042Z level=info msg="store works again" store=main pending=3
 *	{"time":"2026-11-21T12:30:00.042Z","level":"info","msg":"store works again","store":"main",
 *	 "pending":3}
 *
 * Only owners log: the agent and its main(), who are given a `struct log`. Rooms answer with
 * outcomes and count; they never see one.
 *
 * A line is at most LOG_LINE_SIZE bytes and goes out with one write(2), so that lines of several
 * processes on one pipe do not mix (POSIX: up to PIPE_BUF, 4096 on Linux). What does not fit is
 * cut, and the line says truncated=true. Values are other people's bytes and are escaped: see
 * base/escape.h. Keys and messages are ours: letters, digits and underscores, and plain text.
 *
 * A reader that does not read must not stop the agent: where the log could not take a line at once,
 * the line is dropped and counted, and the next one that goes out says lost=N.
 *
 * On systemd, a line on a stream of the journal begins with its priority as <3> to <7>
 * (sd-daemon(3)), and the journal takes that off.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define LOG_LINE_SIZE 4096u

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
};

enum log_format {
	LOG_FORMAT_LOGFMT,
	LOG_FORMAT_JSON,
};

struct log {
	int fd;		      /* borrowed */
	enum log_level level; /* what is below it is not written */
	enum log_format format;
	bool priority;	  /* begin lines with <N> */
	uint64_t lost;	  /* lines dropped since the last that went out */
	uint64_t dropped; /* lines dropped in all */
};

/* True when @fd is the stream that the journal gave: @journal_stream is the value of the
 * environment's JOURNAL_STREAM, "device:inode" (systemd.exec(5)), or NULL. */
bool log_is_journal(int fd, const char *journal_stream);

enum log_type {
	LOG_TEXT,
	LOG_U64,
	LOG_I64,
	LOG_REAL,
	LOG_BOOL,
	LOG_DURATION,
	LOG_ERRNO,
};

/* Made with the functions below. */
struct log_field {
	const char *key;
	enum log_type type;
	union {
		const char *text;
		uint64_t u64;
		int64_t i64;
		double real;
		bool yes;
	};
};

/* Write one line, unless @level is below the log's. Does not change errno. */
void log_write(struct log *log, enum log_level level, const char *message,
	       const struct log_field *fields, size_t n_fields);

#define log_at(log, level, message, ...)                                                       \
	log_write(log, level, message, (const struct log_field[]){ { 0 }, ##__VA_ARGS__ } + 1, \
		  ARRAY_SIZE(((const struct log_field[]){ { 0 }, ##__VA_ARGS__ })) - 1)

#define log_debug(log, ...)   log_at(log, LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(log, ...)    log_at(log, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(log, ...) log_at(log, LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(log, ...)   log_at(log, LOG_LEVEL_ERROR, __VA_ARGS__)

/* NULL: the field is left out. */
static inline struct log_field log_text(const char *key, const char *text)
{
	return (struct log_field){ .key = key, .type = LOG_TEXT, .text = text };
}

static inline struct log_field log_u64(const char *key, uint64_t value)
{
	return (struct log_field){ .key = key, .type = LOG_U64, .u64 = value };
}

static inline struct log_field log_i64(const char *key, int64_t value)
{
	return (struct log_field){ .key = key, .type = LOG_I64, .i64 = value };
}

/* What is no number is null in JSON. */
static inline struct log_field log_real(const char *key, double value)
{
	return (struct log_field){ .key = key, .type = LOG_REAL, .real = value };
}

static inline struct log_field log_bool(const char *key, bool value)
{
	return (struct log_field){ .key = key, .type = LOG_BOOL, .yes = value };
}

/* @ns nanoseconds, written as seconds: 1.5 (in JSON a number). */
static inline struct log_field log_seconds(const char *key, uint64_t ns)
{
	return (struct log_field){ .key = key, .type = LOG_DURATION, .u64 = ns };
}

/* The text of a negative errno: error="No such file or directory". */
static inline struct log_field log_errno(int error)
{
	return (struct log_field){ .key = "error", .type = LOG_ERRNO, .i64 = error };
}

/*
 * For events that may come in numbers: at most @burst in @interval ns are told, the others counted.
 *
 *	struct log_limit limit = { .interval = 60 * NSEC_PER_SEC, .burst = 1 };
 *	if (log_limit_pass(&limit, clock_monotonic(), &unsaid))
 *		log_warning(log, "...", log_u64("unsaid", unsaid));
 */
struct log_limit {
	uint64_t interval; /* ns */
	uint32_t burst;
	uint32_t n;	 /* told in this interval */
	uint64_t begin;	 /* of this interval; 0: none yet */
	uint64_t unsaid; /* since the last that was told */
};

/* True when this event may be told; *ret_unsaid is how many were not since the last that was. */
bool log_limit_pass(struct log_limit *limit, uint64_t now, uint64_t *ret_unsaid);
