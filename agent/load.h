/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration from the file that the command line, the environment or nobody names. */
#pragma once

#include "agent/config/config.h"

/*
 * Read @choice's file and parse all of it; @input wants argv and the environment. A default file
 * need not be there. 0; CONFIG_E_WRONG, also for a file that cannot be read: see the problems; or
 * -ENOMEM.
 */
int load_config(const struct config_input *input, const struct config_choice *choice,
		struct agent_config *ret_config, struct config_problems *ret_problems);
