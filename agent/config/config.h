/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent is told to do, by one YAML file, flags, and HONE_... of the environment
 * (config/parse.h). What the keys are, their defaults and what they mean stands in one table,
 * agent/config/keys.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/target/rules.h"
#include "base/log.h"
#include "config/parse.h"

#define CONFIG_DEFAULT_FILE "/etc/hone/agent.yaml"

#define CONFIG_MAX_STORES 8u
#define CONFIG_MAX_RULES  256u
#define CONFIG_MAX_LABELS 12u /* with those of the agent's own, what a store takes */

enum config_switch {
	CONFIG_AUTO,
	CONFIG_ON,
	CONFIG_OFF,
};

enum config_too_old {
	CONFIG_TOO_OLD_SEND,
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

/* All there is to know of it, for config/parse.h: parse, print, --help and so on. */
extern const struct config_schema agent_config_schema;

/* Fine for an empty one. */
void agent_config_fini(struct agent_config *config);
