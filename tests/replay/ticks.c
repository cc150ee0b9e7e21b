/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/replay/ticks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/builds/builds.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "tests/replay/twin.h"

#define MAX_ARGUMENTS 16
#define RING_BYTES    (8u << 20)
#define MAX_PROFILE   (64u << 20)
#define DRAIN_MS      20
/* Signals that make an idle Go program run a little, until one tick has hit it. */
#define MAX_WAKE_UPS 200000
#define WAKE_UP_US   50

struct session {
	struct ticks *ticks;
	struct capture *capture;
	struct twin_program program;
	FILE *output;
	char profile[64];
	bool has_policy;
};

/* ---- samples ----------------------------------------------------------------------------- */

static int on_record(const struct record_header *h, void *context)
{
	struct session *s = context;
	struct ticks *t = s->ticks;

	if (h->type != RECORD_SAMPLE)
		return 0;
	if (!s->has_policy) {
		const struct build build = { .binary = t->binary };
		const struct exe_policy policy = build_policy(&build);

		s->has_policy = true;
		t->bias = h->start_code - binary_start_code(t->binary);
		return capture_set_policy(s->capture, &h->exe, &policy);
	}
	struct sample **samples = reallocarray(t->samples, t->n_samples + 1, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	t->samples = samples;
	samples[t->n_samples] = malloc(h->size);
	if (!samples[t->n_samples])
		return -ENOMEM;
	memcpy(samples[t->n_samples++], h, h->size);
	return 0;
}

/* The kernel knows the program's layout before the window opens. */
static bool teach_policy(struct session *s)
{
	for (int i = 0; i < MAX_WAKE_UPS && !s->has_policy; i++) {
		kill(s->program.pid, SIGURG); /* means nothing to Go, but for a look around */
		usleep(WAKE_UP_US);
		if (capture_drain(s->capture, on_record, s) != 0)
			return false;
	}
	for (size_t i = 0; i < s->ticks->n_samples; i++)
		free(s->ticks->samples[i]);
	s->ticks->n_samples = 0;
	return s->has_policy;
}

/* ---- the program ------------------------------------------------------------------------- */

static bool expect_line(struct session *s, const char *text)
{
	char line[256];

	return fgets(line, sizeof(line), s->output) && strncmp(line, text, strlen(text)) == 0;
}

static bool start_program(struct session *s, const struct ticks_options *o)
{
	char duration[16], ready[] = "-ready", duration_flag[] = "-duration",
			   profile_flag[] = "-cpuprofile";
	char *command[MAX_ARGUMENTS + 6];
	size_t n = 0;

	snprintf(duration, sizeof(duration), "%us", o->seconds);
	for (; o->command[n] && n < MAX_ARGUMENTS; n++)
		command[n] = o->command[n];
	command[n++] = ready;
	command[n++] = duration_flag;
	command[n++] = duration;
	command[n++] = profile_flag;
	command[n++] = s->profile;
	command[n] = NULL;
	if (twin_start(command, &s->program) != 0)
		return false;
	s->output = fdopen(s->program.output, "r");
	return s->output && expect_line(s, "ready ");
}

static bool open_binary(struct session *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", s->program.pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : binary_open(fd, &s->ticks->binary);

	if (fd >= 0)
		close(fd);
	return r == 0;
}

static bool open_capture(struct session *s, const struct ticks_options *o, bool *ret_skip)
{
	const struct capture_options options = {
		.frequency = o->frequency,
		.ring_bytes = RING_BYTES,
	};
	struct capture_detail detail = { 0 };
	int r = capture_open(&options, &detail, &s->capture);

	if (r == 0)
		r = capture_watch_pid(s->capture, (uint32_t)s->program.pid);
	if (r == 0)
		r = capture_start(s->capture, &detail);
	if (r != 0)
		fprintf(stderr, "%s %s\n", r < 0 ? strerror(-r) : capture_outcome_text(r),
			detail.text);
	*ret_skip = r > 0 && r != CAPTURE_E_REFUSED;
	return r == 0;
}

/* From one signal to the other. */
static bool watch_window(struct session *s)
{
	struct pollfd done = { .fd = s->program.output, .events = POLLIN };
	int r = 0;

	kill(s->program.pid, SIGUSR1);
	while (r == 0 && poll(&done, 1, DRAIN_MS) == 0)
		r = capture_drain(s->capture, on_record, s);
	capture_stop(s->capture);
	return r == 0 && capture_drain(s->capture, on_record, s) == 0 && expect_line(s, "done");
}

static bool end_program(struct session *s)
{
	char line[4096];
	int status;

	kill(s->program.pid, SIGUSR1);
	while (fgets(line, sizeof(line), s->output))
		;
	pid_t pid = waitpid(s->program.pid, &status, 0);
	s->program.pid = 0;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool read_profile(struct session *s)
{
	_cleanup_(buf_fini) struct buf data = BUF_INIT(MAX_PROFILE);
	const char *reason = "cannot be read";

	if (file_read(s->profile, &data) == 0 &&
	    pprof_decode(data.data, data.size, NULL, &s->ticks->theirs, &reason) == 0)
		return true;
	fprintf(stderr, "runtime/pprof's profile: %s\n", reason);
	return false;
}

/* ---- all of it --------------------------------------------------------------------------- */

static bool failed(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return false;
}

static bool record(struct session *s, const struct ticks_options *o, bool *ret_skip)
{
	struct capture_counters counters;
	uint64_t sent;

	if (!start_program(s, o))
		return failed("The workload does not start.");
	if (!open_binary(s))
		return failed("The workload is not a Go program.");
	if (!open_capture(s, o, ret_skip))
		return false;
	if (!teach_policy(s))
		return failed("No sample of the waiting workload.");
	if (!watch_window(s) || !end_program(s))
		return failed("The workload does not end well.");
	twin_counts(s->capture, &sent, &s->ticks->unsent);
	capture_counters(s->capture, &counters);
	s->ticks->lost = counters.ring_full;
	return read_profile(s);
}

static void session_fini(struct session *s)
{
	capture_close(s->capture);
	if (s->program.pid > 0) {
		kill(s->program.pid, SIGKILL);
		waitpid(s->program.pid, NULL, 0);
	}
	if (s->output)
		fclose(s->output);
	unlink(s->profile);
}

bool ticks_record(const struct ticks_options *options, struct ticks *ret_ticks, bool *ret_skip)
{
	_cleanup_(session_fini) struct session s = {
		.ticks = ret_ticks,
		.profile = "/tmp/hone-ticks-XXXXXX",
	};
	int fd = mkstemp(s.profile);

	memset(ret_ticks, 0, sizeof(*ret_ticks));
	*ret_skip = false;
	if (fd < 0)
		return failed("No room for a temporary file.");
	close(fd);
	return record(&s, options, ret_skip);
}

void ticks_fini(struct ticks *t)
{
	for (size_t i = 0; i < t->n_samples; i++)
		free(t->samples[i]);
	free(t->samples);
	pprof_free(t->theirs);
	binary_free(t->binary);
}
