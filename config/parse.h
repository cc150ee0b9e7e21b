/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program is told to do: from one YAML file, flags, and variables of the environment.
 *
 * A flag goes before the environment, that before the file, that before the default. A list given
 * at a higher place replaces that of a lower one as a whole. What the keys are, their defaults and
 * what they mean stands in one table of the program's (config/table.h); --help, the manual, the
 * example file and the parser all come from it.
 *
 * But for config_load(), pure: bytes and words in, values out. What is wrong is told as sentences
 * with file and line, all that is found and not only the first.
 *
 * Secrets are never here: passwords and tokens are named by their files, which whoever uses them
 * reads again when they change.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "config/table.h"

#define CONFIG_MAX_FILE	    (256u << 10) /* bytes of the file */
#define CONFIG_MAX_PAIRS    32u		 /* of one list, where the table says nothing else */
#define CONFIG_MAX_PROBLEMS 32u		 /* that are told */
#define CONFIG_PROBLEM_SIZE 320u

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
	const char *file; /* the schema's where none was named */
	bool named;	  /* it was named: then it must be there */
};

enum config_outcome {
	CONFIG_E_WRONG = 1, /* see the problems, which are at least one */
};

/* --config FILE, HONE_CONFIG, --help and so on. Cannot fail: what is wrong is found later. */
void config_choose(const struct config_schema *schema, const struct config_input *input,
		   struct config_choice *ret_choice);

/*
 * All of it into the struct at @ret_config. 0, CONFIG_E_WRONG, or -ENOMEM; only after 0 there is
 * something in it, which config_fini() ends (as it does an empty one).
 */
int config_parse(const struct config_schema *schema, const struct config_input *input,
		 void *ret_config, struct config_problems *ret_problems);
void config_fini(const struct config_schema *schema, void *config);

/*
 * Likewise with the file that @choice names, which is read; @input wants argv and the environment.
 * A default file need not be there. CONFIG_E_WRONG also for one that cannot be read.
 */
int config_load(const struct config_schema *schema, const struct config_input *input,
		const struct config_choice *choice, void *ret_config,
		struct config_problems *ret_problems);

/* The whole configuration as a YAML file that reads back as the same. */
void config_print(const struct config_schema *schema, const void *config, struct buf *to);

/*
 * The first key whose value differs between @old and @now and that is only read at the start, NULL
 * if there is none: all others take effect on reload.
 */
const char *config_restart_key(const struct config_schema *schema, const void *old,
			       const void *now);

/* What --help says; the table in the manual (mdoc); the example file. */
void config_help(const struct config_schema *schema, struct buf *to);
void config_manual(const struct config_schema *schema, struct buf *to);
void config_example(const struct config_schema *schema, struct buf *to);

/* The name in the environment: HONE_SPOOL_BYTES for spool-bytes. */
#define CONFIG_NAME_SIZE 64u
void config_variable(const struct config_schema *schema, const struct config_key *key,
		     char ret_name[CONFIG_NAME_SIZE]);
