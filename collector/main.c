/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector: from the command line to a collector that runs. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/notify.h"
#include "collector/collector.h"
#include "collector/command.h"
#include "collector/version.h"
#include "config/tell.h"

/*
 * malloc(3)'s pools. By itself glibc gives nearly every thread one, and each keeps what the largest
 * profile in it took, though few threads are at work at a time.
 */
#define ARENAS 2

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

struct command {
	int argc;
	char **argv;
	struct log log;
	struct config_problems problems;
};

struct running {
	struct command *command;
	struct loop loop;
	struct loop_signals signals;
	struct loop_timer watchdog;
	struct collector collector;
	int notify;
};

/* ---- configuration ----------------------------------------------------------------------- */

/* 0, CONFIG_E_WRONG, or -errno. */
static int read_settings(struct command *c, struct config_choice *ret_choice,
			 struct settings *ret_settings)
{
	const struct config_input input = {
		.argc = c->argc,
		.argv = (const char *const *)c->argv,
		.environment = (const char *const *)environ,
	};

	config_choose(&settings_schema, &input, ret_choice);
	if (ret_choice->action == CONFIG_HELP || ret_choice->action == CONFIG_VERSION)
		return 0;
	int r = config_load(&settings_schema, &input, ret_choice, ret_settings, &c->problems);
	if (r == 0 && !ret_settings->data)
		ret_settings->data = command_data();
	return r;
}

/* ---- running ----------------------------------------------------------------------------- */

/* The configuration is read anew; what is wrong with it is told, and the old one stays. */
static void reload(struct running *r)
{
	_cleanup_(settings_fini) struct settings settings = { 0 };
	struct command *c = r->command;
	struct config_choice choice;

	notify_reloading(r->notify);
	int result = read_settings(c, &choice, &settings);
	if (result == 0)
		result = collector_reload(&r->collector, &settings);
	for (size_t i = 0; result == CONFIG_E_WRONG && i < c->problems.n; i++)
		collector_say(&r->collector, LOG_LEVEL_ERROR,
			      "configuration is wrong, the old one stays", c->problems.texts[i], 0);
	if (result < 0)
		collector_say(&r->collector, LOG_LEVEL_ERROR, "configuration cannot be read", NULL,
			      result);
	notify_ready(r->notify, result ? "the new configuration is wrong" : "running");
}

static int on_signal(struct loop_signals *signals, int number)
{
	struct running *r = container_of(signals, struct running, signals);

	if (number == SIGHUP)
		reload(r);
	else
		loop_quit(&r->loop);
	return 0;
}

static int on_watchdog(struct loop_timer *timer)
{
	struct running *r = container_of(timer, struct running, watchdog);

	notify_watchdog(r->notify);
	return 0;
}

static int start_watchdog(struct running *r)
{
	uint64_t interval =
		notify_watchdog_interval(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());

	int result = loop_timer_init(&r->watchdog, &r->loop, on_watchdog);
	return result ? result : loop_timer_set(&r->watchdog, interval, interval);
}

static void say_running(struct running *r)
{
	const struct settings *s = &r->collector.settings;
	struct log_field port = log_u64("port", http_port(r->collector.http));

	log_info(&r->command->log, "hone-collector runs", log_text("version", HONE_VERSION),
		 log_text("listen", s->listen), port, log_text("data", s->data));
	notify_ready(r->notify, "running");
}

/* Signals are blocked before there are threads, so that none of these takes them. */
static int start(struct running *r, struct settings *settings)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	int result = loop_init(&r->loop);
	if (result == 0)
		result = loop_signals_init(&r->signals, &r->loop, &set, on_signal);
	if (result == 0)
		result = start_watchdog(r);
	return result ? result : collector_open(&r->collector, settings, &r->command->log);
}

static enum exit_code run(struct command *c, struct settings *settings)
{
	struct running r = { .command = c,
			     .loop = LOOP_NULL,
			     .signals = LOOP_SIGNALS_NULL,
			     .watchdog = LOOP_TIMER_NULL,
			     .notify = -1 };

	signal(SIGPIPE, SIG_IGN); /* of whoever read the log */
	mallopt(M_ARENA_MAX, ARENAS);
	notify_open(getenv("NOTIFY_SOCKET"), &r.notify);
	int result = start(&r, settings);
	if (result == 0) {
		say_running(&r);
		result = loop_run(&r.loop);
		notify_stopping(r.notify, "stopping");
	}
	if (result < 0)
		log_error(&c->log, "hone-collector cannot go on", log_errno(result));
	if (r.collector.log)
		collector_close(&r.collector);
	if (result == 0)
		log_info(&c->log, "hone-collector ends");
	loop_timer_fini(&r.watchdog);
	loop_signals_fini(&r.signals);
	loop_fini(&r.loop);
	closep(&r.notify);
	return result == 0 ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct command c = { .argc = argc, .argv = argv, .log = { .fd = 2 } };
	_cleanup_(settings_fini) struct settings settings = { 0 };
	struct config_choice choice;

	if (command_known(argc, argv))
		return command_run(argc, argv);
	c.log.priority = log_is_journal(2, getenv("JOURNAL_STREAM"));
	int r = read_settings(&c, &choice, &settings);
	if (r < 0)
		fprintf(stderr, "hone-collector: %s.\n", strerror(-r));
	if (r == CONFIG_E_WRONG)
		config_tell_problems(&c.problems, "hone-collector", STDERR_FILENO);
	if (r != 0)
		return r < 0 ? EXIT_FAILED : EXIT_WRONG;
	if (choice.action == CONFIG_RUN)
		return run(&c, &settings);
	r = config_tell(&settings_schema, &settings, choice.action, "hone-collector " HONE_VERSION,
			STDOUT_FILENO);
	return r == 0 ? EXIT_OK : EXIT_FAILED;
}
