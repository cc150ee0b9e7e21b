/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector: from the command line to a collector that runs. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/notify.h"
#include "collector/collector.h"
#include "collector/version.h"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

static const char help[] =
	"Usage: hone-collector [OPTION]...\n"
	"Keeps CPU profiles, and gives every build its default.pgo.\n"
	"\n"
	"  --listen ADDRESS:PORT  where to be reached (127.0.0.1:4040)\n"
	"  --data DIR             where profiles are kept (hone-data, or the service's own\n"
	"                         folder: $STATE_DIRECTORY)\n"
	"  --log-format FORMAT    logfmt or json (logfmt)\n"
	"  --log-level LEVEL      debug, info, warning or error (info)\n"
	"  --help, --version\n";

struct command {
	struct collector_options options;
	struct log log;
	bool done; /* all was said */
};

struct running {
	struct loop loop;
	struct loop_signals signals;
	struct collector collector;
	int notify;
};

static const char *const levels[] = { "debug", "info", "warning", "error" };

static bool read_level(const char *text, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (!strcmp(text, levels[i])) {
			*ret_level = (enum log_level)i;
			return true;
		}
	fprintf(stderr, "hone-collector: --log-level is debug, info, warning or error.\n");
	return false;
}

static bool read_format(const char *text, enum log_format *ret_format)
{
	*ret_format = strcmp(text, "json") != 0 ? LOG_FORMAT_LOGFMT : LOG_FORMAT_JSON;
	if (!strcmp(text, "json") || !strcmp(text, "logfmt"))
		return true;
	fprintf(stderr, "hone-collector: --log-format is logfmt or json.\n");
	return false;
}

static bool say(struct command *c, const char *text)
{
	c->done = true;
	return fputs(text, stdout) >= 0 && fflush(stdout) == 0;
}

static bool read_option(struct command *c, int option)
{
	switch (option) {
	case 'l':
		c->options.listen = optarg;
		return true;
	case 'd':
		c->options.data = optarg;
		return true;
	case 'f':
		return read_format(optarg, &c->log.format);
	case 'v':
		return read_level(optarg, &c->log.level);
	case 'h':
		return say(c, help);
	case 'V':
		return say(c, "hone-collector " HONE_VERSION "\n");
	default:
		return false; /* getopt said it */
	}
}

static bool read_options(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "data", required_argument, NULL, 'd' },
		{ "log-format", required_argument, NULL, 'f' },
		{ "log-level", required_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int option;

	while (!c->done && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!read_option(c, option))
			return false;
	if (!c->done && optind < argc) {
		fprintf(stderr, "hone-collector: what is %s?\n", argv[optind]);
		return false;
	}
	return true;
}

static int on_signal(struct loop_signals *signals, int number)
{
	struct running *r = container_of(signals, struct running, signals);

	(void)number;
	loop_quit(&r->loop);
	return 0;
}

static void say_running(struct running *r, const struct collector_options *options)
{
	struct log_field port = log_u64("port", http_port(r->collector.http));

	log_info(options->log, "hone-collector runs", log_text("version", HONE_VERSION),
		 log_text("listen", options->listen), port, log_text("data", options->data));
	notify_ready(r->notify, "running");
}

/* Signals are blocked before there are threads, so that none of these takes them. */
static int run(struct running *r, const struct collector_options *options)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	int result = loop_init(&r->loop);
	if (result == 0)
		result = loop_signals_init(&r->signals, &r->loop, &set, on_signal);
	if (result == 0)
		result = collector_open(&r->collector, options);
	if (result == 0) {
		say_running(r, options);
		result = loop_run(&r->loop);
		notify_stopping(r->notify, "stopping");
	}
	if (result < 0)
		log_error(options->log, "hone-collector cannot go on", log_errno(result));
	return result;
}

static enum exit_code run_all(const struct collector_options *options)
{
	struct running r = { .loop = LOOP_NULL, .signals = LOOP_SIGNALS_NULL, .notify = -1 };

	notify_open(getenv("NOTIFY_SOCKET"), &r.notify);
	int result = run(&r, options);
	if (r.collector.log)
		collector_close(&r.collector);
	if (result == 0)
		log_info(options->log, "hone-collector ends");
	loop_signals_fini(&r.signals);
	loop_fini(&r.loop);
	closep(&r.notify);
	return result == 0 ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	const char *state = getenv("STATE_DIRECTORY"); /* systemd.exec(5) */
	struct command c = { .log = { .fd = 2, .level = LOG_LEVEL_INFO } };

	c.options = (struct collector_options){ .listen = "127.0.0.1:4040",
						.data = state && *state ? state : "hone-data",
						.log = &c.log };
	c.log.priority = log_is_journal(2, getenv("JOURNAL_STREAM"));
	if (!read_options(&c, argc, argv))
		return EXIT_WRONG;
	return c.done ? EXIT_OK : run_all(&c.options);
}
