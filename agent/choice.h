/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not worth a sample, as the rules of the configuration will throw it away: told early, by
 * the executable alone or by the place alone. What needs both to be told is sampled, and decided
 * when its profile would be made (agent/harvest.h).
 */
#pragma once

#include <stdbool.h>

#include "agent/builds/builds.h"
#include "agent/names.h"
#include "agent/recorder/group.h"

bool choice_ignores_build(const struct target_rules *rules, const struct build *build);

/* By what is known of its pod now. */
bool choice_ignores_group(const struct target_rules *rules, const struct names *names,
			  struct group *group);
