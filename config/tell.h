/* SPDX-License-Identifier: Apache-2.0 */
/* What a program says of its configuration, to a file that its owner has open. */
#pragma once

#include "config/parse.h"

/*
 * What --help, --version and --check-config ask for; nothing where @action is to run. @version is
 * "PROGRAM VERSION". 0 or -errno.
 */
int config_tell(const struct config_schema *schema, const void *config, enum config_action action,
		const char *version, int fd);

/* What is wrong, a line each. 0 or -errno. */
int config_tell_problems(const struct config_problems *problems, const char *program, int fd);
