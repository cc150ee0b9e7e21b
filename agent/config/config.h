/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent is told to do: from one YAML file, flags, and HONE_... of the environment.
 *
 * A flag goes before the environment, that before the file, that before the default. A list
 * (stores, rules, labels) given at a higher place replaces that of a lower one as a whole. What the
 * keys are, their defaults and what they mean stands in one table, agent/config/keys.c; --help, the
 * manual, deploy/config/agent.yaml and the parser all come from it.
 *
 * Pure: bytes and words in, values out. The owner reads the file and hands in argv and environ.
 * What is wrong is told as sentences with file and line, all that is found and not only the first.
 *
 * Secrets are never here: passwords and tokens are named by their files, which whoever uses them
 * reads again when they change.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/target/rules.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/span.h"

#define CONFIG_DEFAULT_FILE "/etc/hone/agent.yaml"

#define CONFIG_MAX_FILE	    (256u << 10) /* bytes of the file */
#define CONFIG_MAX_STORES   8u
#define CONFIG_MAX_RULES    256u
#define CONFIG_MAX_PAIRS    32u /* of one list: headers, patterns */
#define CONFIG_MAX_LABELS   12u /* with those of the agent's own, what a store takes */
#define CONFIG_MAX_PROBLEMS 32u /* that are told */
#define CONFIG_PROBLEM_SIZE 320u

struct config_pair {
	const char *key, *value;
};

enum config_switch {
	CONFIG_AUTO,
	CONFIG_ON,
	CONFIG_OFF,
};

enum config_too_old {
	CONFIG_TOO_OLD_DROP,
	CONFIG_TOO_OLD_RESTAMP,
};

enum config_seccomp {
	CONFIG_SECCOMP_KILL,  /* a call that is not foreseen ends the process */
	CONFIG_SECCOMP_ERROR, /* it fails with EPERM */
	CONFIG_SECCOMP_OFF,
};

/* A store that profiles go to; as struct store_options has it. Texts that were not given are NULL.
 */
struct config_store {
	const char *url;    /* http, https or file; without a user */
	const char *tenant; /* X-Scope-OrgID */
	const char *user;   /* basic authentication, with the password in the file */
	const char *password_file;
	const char *token_file;		  /* bearer authentication; never both */
	const char *ca_file;		  /* PEM; NULL: the system's */
	const char *cert_file, *key_file; /* of the client, for mutual TLS */
	const char *proxy;		  /* URL; NULL: that of the environment */
	const char *no_proxy;
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	uint64_t timeout; /* of a push, ns */
	bool keep_shapes;
	uint64_t max_bytes, max_samples; /* of one profile; 0: as the store has it */
	uint64_t max_past, max_future;	 /* ns; 0: it takes any time */
	enum config_too_old too_old;
};

/* Numbers are in ns, bytes, or as they are. Texts that were not given are NULL. */
struct agent_config {
	const struct config_store *stores; /* at least one */
	size_t n_stores;

	struct {
		const char *dir; /* NULL: in memory only */
		uint64_t bytes, age, memory;
	} spool;

	uint64_t window;
	uint64_t frequency; /* samples a second and CPU */
	uint64_t budget;    /* samples a second of one container; 0: no limit */

	const struct config_pair *labels; /* added to every profile */
	size_t n_labels;
	struct target_rules rules; /* which processes, under which service names */
	bool read_environment;	   /* service names from processes' own environment */
	const char *node;	   /* NULL: the host's name */

	struct {
		enum config_switch enable;
		const char *api; /* URL; NULL: from KUBERNETES_SERVICE_HOST and _PORT */
		const char *token_file, *ca_file;
	} kubernetes;

	struct {
		const char *proc, *cgroup, *containers;
	} host;

	const char *listen; /* numeric address and port; NULL: none */

	struct {
		enum log_format format;
		enum log_level level;
	} log;

	struct {
		uint64_t profile; /* memory for the stacks of one profile */
	} limits;

	enum config_seccomp seccomp;

	struct config_block *blocks; /* where all of the above lies */
};

enum config_action {
	CONFIG_RUN,
	CONFIG_CHECK,	/* --check-config */
	CONFIG_HELP,	/* --help */
	CONFIG_VERSION, /* --version */
};

/* What is wrong. Each text is a sentence and begins with where: "agent.yaml:12: ", "--window: " or
 * "HONE_WINDOW: ". */
struct config_problems {
	char texts[CONFIG_MAX_PROBLEMS][CONFIG_PROBLEM_SIZE];
	size_t n;    /* of texts */
	size_t more; /* further ones, that had no room */
};

struct config_input {
	struct span file;      /* empty: none */
	const char *file_name; /* for what is said of it */
	int argc;	       /* argv[0] is the program's name */
	const char *const *argv;
	const char *const *environment; /* "NAME=value", NULL at the end; NULL: none */
};

/* The first look: which file to read, what to do. Borrowed from the input. */
struct config_choice {
	enum config_action action;
	const char *file; /* CONFIG_DEFAULT_FILE where none was named */
	bool named;	  /* it was named: then it must be there */
};

enum config_outcome {
	CONFIG_E_WRONG = 1, /* see the problems, which are at least one */
};

/* --config FILE, HONE_CONFIG, --help and so on. Cannot fail: what is wrong is found later. */
void config_choose(const struct config_input *input, struct config_choice *ret_choice);

/*
 * All of it. 0, CONFIG_E_WRONG, or -ENOMEM; only after 0 there is something in *ret_config, which
 * agent_config_fini() ends (as it does an empty one).
 */
int agent_config_parse(const struct config_input *input, struct agent_config *ret_config,
		       struct config_problems *ret_problems);
void agent_config_fini(struct agent_config *config);

/* The whole configuration as a YAML file that reads back as the same. */
void agent_config_print(const struct agent_config *config, struct buf *to);

/*
 * The first key whose value differs between @old and @now and that is only read at the start, NULL
 * if there is none: all others take effect on reload.
 */
const char *agent_config_restart_key(const struct agent_config *old,
				     const struct agent_config *now);

/* What --help says; the table in the manual (mdoc); deploy/config/agent.yaml. */
void config_help(struct buf *to);
void config_manual(struct buf *to);
void config_example(struct buf *to);
