/* SPDX-License-Identifier: Apache-2.0 */
/* The checks that the tables name. Inside of this room. */
#pragma once

#include "agent/config/config.h"

void agent_store_check(struct config_scan *scan, const void *element, size_t line);
void agent_rule_check(struct config_scan *scan, const void *element, size_t line);
void agent_config_check(struct config_scan *scan, const void *config);
