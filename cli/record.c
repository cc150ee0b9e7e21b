/* SPDX-License-Identifier: Apache-2.0 */
/* hone record: a running Go program in, a default.pgo out. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/recorder/recorder.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limit.h"
#include "cli/commands.h"
#include "cli/record_loop.h"
#include "cli/record_options.h"
#include "cli/record_report.h"
#include "cli/record_result.h"
#include "cli/record_target.h"
#include "cli/say.h"

#define COMMAND "record"

/* A profile that does not fit in this is one of a kind; the disk has to have it before we begin. */
#define OUTPUT_RESERVE (1u << 20)

struct session {
	struct record_options options;
	struct sudo_user user;
	bool has_user;
	struct record_target target;
	struct file_writer writer;
	struct recorder recorder;
	struct record_result result;
	enum record_end end;
};

static void session_fini(struct session *s)
{
	record_result_fini(&s->result);
	recorder_fini(&s->recorder);
	file_writer_fini(&s->writer);
	record_target_fini(&s->target);
}

static bool to_stdout(const struct session *s)
{
	return strcmp(s->options.output, "-") == 0;
}

static enum hone_exit fail(const char *what, int error)
{
	say_error(COMMAND, "%s: %s.", what, strerror(-error));
	return HONE_ERROR;
}

/* ---- before ------------------------------------------------------------------------------ */

static enum hone_exit find_user(struct session *s)
{
	int r = sudo_user_find(&s->user);

	if (r == SUDO_E_INVALID) {
		say_error(COMMAND, "SUDO_UID and SUDO_GID are not a user's. Unset them, or call "
				   "hone by sudo.");
		return HONE_ERROR;
	}
	s->has_user = r == 0;
	return HONE_OK;
}

static enum hone_exit say_no_output(const char *path, int error)
{
	if (error == FILE_E_NOT_REGULAR)
		say_error(COMMAND,
			  "will not write %s: it exists and is not a regular file. Give "
			  "another name with -o, or -o - for standard output.",
			  path);
	else
		say_error(COMMAND, "cannot write %s: %s. Give another place with -o.", path,
			  strerror(-error));
	return HONE_ERROR;
}

/* Where the profile goes is made sure of before anything is recorded. */
static enum hone_exit open_output(struct session *s)
{
	const char *path = s->options.output;
	int r;

	if (to_stdout(s)) {
		if (!isatty(STDOUT_FILENO))
			return HONE_OK;
		say_error(COMMAND, "will not write a profile to a terminal. Redirect standard "
				   "output, or name a file with -o.");
		return HONE_ERROR;
	}
	r = file_writer_open(&s->writer, path, s->has_user ? s->user.uid : (uid_t)-1,
			     s->has_user ? s->user.gid : (gid_t)-1);
	if (r == 0)
		r = file_writer_reserve(&s->writer, OUTPUT_RESERVE);
	return r == 0 ? HONE_OK : say_no_output(path, r);
}

static enum hone_exit say_no_capture(int error, const struct capture_detail *detail)
{
	if (error < 0)
		return fail("cannot start sampling", error);
	say_error(COMMAND, "cannot sample: %s%s%s%s.", capture_outcome_text(error),
		  detail->text[0] ? " (" : "", detail->text, detail->text[0] ? ")" : "");
	return HONE_ERROR;
}

static enum hone_exit find_target(struct session *s)
{
	return record_target_find(&s->options, s->has_user ? &s->user : NULL, &s->target);
}

static enum hone_exit open_recorder(struct session *s)
{
	const struct recorder_options options = {
		.frequency = s->options.freq,
		.descendants = s->target.descendants,
		.container = s->target.container,
		.by_file = s->target.by_file,
		.file = s->target.file,
		.file_path = s->target.file_path,
		.procfs = &s->target.procfs,
	};
	struct capture_detail detail = { 0 };

	limit_raise_files(); /* a command is there by now, with what it inherited */
	int r = recorder_init(&s->recorder, &options, &detail);

	return r == 0 ? record_target_watch(&s->target, &s->recorder) : say_no_capture(r, &detail);
}

static enum hone_exit start_sampling(struct session *s)
{
	struct capture_detail detail = { 0 };
	int r = capture_start(s->recorder.capture, &detail);

	return r == 0 ? HONE_OK : say_no_capture(r, &detail);
}

static struct record_report report_of(const struct session *s)
{
	return (struct record_report){
		.target = s->target.name,
		.command = s->options.command ? s->options.command[0] : NULL,
		.output = s->options.output,
		.json = s->options.json,
		.quiet = s->options.quiet,
		.n_denied = s->target.n_denied,
		.end = s->end,
		.recorder = &s->recorder,
		.result = &s->result,
	};
}

/* All up to the first sample; but a command waits still. A signal on the way is the end of it. */
static enum hone_exit prepare(struct session *s)
{
	static enum hone_exit (*const steps[])(struct session * s) = {
		find_user, open_output, find_target, open_recorder, start_sampling,
	};
	enum hone_exit code = HONE_OK;

	s->result.frequency = s->options.freq;
	for (size_t i = 0; code == HONE_OK && i < ARRAY_SIZE(steps); i++) {
		const struct record_report report = report_of(s);

		code = record_signals_came() ? record_report_interrupted(&report) : steps[i](s);
	}
	return code;
}

/* ---- recording --------------------------------------------------------------------------- */

static enum hone_exit start(struct session *s)
{
	const struct record_report report = report_of(s);

	if (record_signals_came())
		return record_report_interrupted(&report);
	s->result.start = clock_realtime();
	return record_target_release(&s->target, report.command);
}

static enum hone_exit record(struct session *s)
{
	const struct record_loop_options options = {
		.duration = s->options.duration,
		.until_ready = s->options.until_ready,
		.live = !s->options.quiet,
		.no_watch = s->target.by_file,
	};
	int r = record_loop(&s->recorder, &options, &s->end, &s->result.duration);

	capture_stop(s->recorder.capture);
	if (r == 0)
		r = recorder_drain(&s->recorder);
	recorder_settle(&s->recorder);
	return r == 0 ? HONE_OK : fail("recording failed", r);
}

/* ---- after ------------------------------------------------------------------------------- */

static int write_all(struct session *s, const uint8_t *data, size_t size)
{
	int r;

	if (!to_stdout(s)) {
		r = file_writer_write(&s->writer, data, size);
		return r == 0 ? file_writer_commit(&s->writer) : r;
	}
	while (size) {
		ssize_t n = write(STDOUT_FILENO, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static enum hone_exit write_profile(struct session *s)
{
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;
	int r = pprof_encode(s->result.profile, PPROF_GZIP, &data, &size);

	if (r == 0)
		r = write_all(s, data, size);
	if (r == 0)
		return HONE_OK;
	if (to_stdout(s))
		say_error(COMMAND, "cannot write to standard output: %s.", strerror(-r));
	else
		say_error(COMMAND, "cannot write %s: %s. What was there before is unchanged.",
			  s->options.output, strerror(-r));
	return HONE_ERROR;
}

static enum hone_exit conclude(struct session *s)
{
	const struct record_report report = report_of(s);

	s->result.tally = recorder_largest(&s->recorder);
	if (s->result.tally) {
		int r = record_result_make(&s->result, &s->recorder);

		if (r < 0)
			return fail("cannot make the profile", r);
	}
	if (!record_result_is_useful(&s->result))
		return record_report_refusal(&report);
	enum hone_exit code = write_profile(s);
	return code == HONE_OK ? record_report_summary(&report) : code;
}

int cmd_record(int argc, char **argv)
{
	_cleanup_(session_fini) struct session s = {
		.target = RECORD_TARGET_NULL,
		.writer = FILE_WRITER_NULL,
		.result = RECORD_RESULT_NULL,
	};
	int r = record_options_parse(argc, argv, &s.options);

	if (r == RECORD_OPTIONS_E_HELP)
		return say("%s", record_help) ? HONE_OK : HONE_ERROR;
	if (r == RECORD_OPTIONS_E_USAGE)
		return say_usage(COMMAND, "%s", s.options.problem);
	/*
	 * From here to the last byte written a signal ends the recording and nothing else: they
	 * like to come in twos, and the second must not take what the first wants written.
	 */
	record_signals_hold();
	enum hone_exit code = prepare(&s);
	if (code == HONE_OK)
		code = start(&s);
	if (code == HONE_OK)
		code = record(&s);
	return code == HONE_OK ? conclude(&s) : code;
}
