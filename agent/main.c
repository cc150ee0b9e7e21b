/* SPDX-License-Identifier: Apache-2.0 */
/* hone-agent: from the command line to an agent that runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/privilege/privilege.h"
#include "agent/status.h"
#include "agent/version.h"
#include "base/limit.h"
#include "config/tell.h"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

struct command {
	int argc;
	char **argv;
	struct log log;
	struct config_problems problems;
};

/* 0, CONFIG_E_WRONG, or -errno. */
static int read_config(struct command *c, struct config_choice *ret_choice,
		       struct agent_config *ret_config)
{
	const struct config_input input = {
		.argc = c->argc,
		.argv = (const char *const *)c->argv,
		.environment = (const char *const *)environ,
	};

	config_choose(&agent_config_schema, &input, ret_choice);
	if (ret_choice->action == CONFIG_HELP || ret_choice->action == CONFIG_VERSION)
		return 0;
	return config_load(&agent_config_schema, &input, ret_choice, ret_config, &c->problems);
}

static void set_log(struct command *c, const struct agent_config *config)
{
	c->log.format = config->log.format;
	c->log.level = config->log.level;
}

static int on_reload(void *context, struct agent_config *ret_config)
{
	struct command *c = context;
	struct config_choice choice;
	int r = read_config(c, &choice, ret_config);

	if (r == 0)
		set_log(c, ret_config);
	for (size_t i = 0; r > 0 && i < c->problems.n; i++)
		log_error(&c->log, "configuration is wrong, the old one stays",
			  log_text("problem", c->problems.texts[i]));
	return r;
}

/* True when nothing works without what is missing. */
static bool log_missing(struct log *log, const struct privilege_facts *facts)
{
	struct privilege_need needs[PRIVILEGE_MAX_NEEDS];
	size_t n = privilege_missing(facts, needs);
	bool must = false;

	for (size_t i = 0; i < n; i++) {
		log_at(log, needs[i].must ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
		       "a capability is missing", log_text("capability", needs[i].name),
		       log_text("needed", needs[i].why));
		must |= needs[i].must;
	}
	return must;
}

/* At its end a sanitizer wants a process of its own and to trace this one. */
#ifdef __SANITIZE_ADDRESS__
#define CAN_FILTER false
#else
#define CAN_FILTER true
#endif

/* All that must be opened is open: let go of what only the start needed. 0 or -errno. */
static int confine(struct log *log, const struct agent_config *config,
		   const struct privilege_facts *facts)
{
	int r = privilege_drop(privilege_kept(facts));

	if (r == 0 && CAN_FILTER && config->seccomp != CONFIG_SECCOMP_OFF)
		r = privilege_filter(config->seccomp == CONFIG_SECCOMP_KILL
					     ? PRIVILEGE_FILTER_KILL
					     : PRIVILEGE_FILTER_ERROR);
	if (r < 0)
		log_error(log, "privileges cannot be given up", log_errno(r));
	return r;
}

static enum exit_code run_with(struct command *c, struct agent_config *config,
			       const struct privilege_facts *privileges)
{
	_cleanup_(agent_fini) struct agent a;

	int r = agent_init(&a, config, &c->log, on_reload, c);
	if (r == 0)
		r = confine(&c->log, &a.config, privileges);
	if (r == 0) {
		log_info(&c->log, "hone-agent runs", log_text("version", HONE_VERSION),
			 log_u64("frequency", a.config.frequency),
			 log_seconds("window", a.config.window));
		r = agent_run(&a);
	}
	if (r < 0)
		log_error(&c->log, "hone-agent cannot go on", log_errno(r));
	return r == 0 ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code run(struct command *c, struct agent_config *config)
{
	struct privilege_facts privileges;

	set_log(c, config);
	/* Of a connection that is gone (base/curl_loop.h), or of whoever read the log. */
	signal(SIGPIPE, SIG_IGN);
	limit_raise_files();
	int r = privilege_read(&privileges);
	if (r < 0) {
		log_error(&c->log, "the capabilities held cannot be read", log_errno(r));
		return EXIT_FAILED;
	}
	if (log_missing(&c->log, &privileges))
		return EXIT_FAILED;
	return run_with(c, config, &privileges);
}

int main(int argc, char **argv)
{
	struct command c = { .argc = argc, .argv = argv, .log = { .fd = 2 } };
	_cleanup_(agent_config_fini) struct agent_config config = { 0 };
	struct config_choice choice;

	if (argc > 1 && !strcmp(argv[1], "status"))
		return status_main(argc - 1, argv + 1);
	c.log.priority = log_is_journal(2, getenv("JOURNAL_STREAM"));
	int r = read_config(&c, &choice, &config);
	if (r < 0)
		fprintf(stderr, "hone-agent: %s.\n", strerror(-r));
	if (r == CONFIG_E_WRONG)
		config_tell_problems(&c.problems, "hone-agent", STDERR_FILENO);
	if (r != 0)
		return r < 0 ? EXIT_FAILED : EXIT_WRONG;
	if (choice.action == CONFIG_RUN)
		return run(&c, &config);
	r = config_tell(&agent_config_schema, &config, choice.action, "hone-agent " HONE_VERSION,
			STDOUT_FILENO);
	return r == 0 ? EXIT_OK : EXIT_FAILED;
}
