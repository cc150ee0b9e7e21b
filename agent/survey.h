/* SPDX-License-Identifier: Apache-2.0 */
/* Where the numbers are kept that a snapshot (agent/expose/snapshot.h) points to. */
#pragma once

#include "agent/courier.h"
#include "agent/expose/expose.h"
#include "agent/expose/snapshot.h"
#include "agent/target/environ.h"

#define SURVEY_MAIN_SIZE 256

struct survey_name {
	char service[SERVICE_NAME_SIZE];
	char main_package[SURVEY_MAIN_SIZE];
};

struct survey {
	struct snapshot_count samples[5], lost[6], unwind_errors[3], symbolization[2];
	struct snapshot_count evictions[7], refused[3], memory[9];
	struct courier_counters courier;
	struct deliver_counters deliver;
	struct deliver_store_counters *stores;
	struct snapshot_target *targets;
	struct survey_name *names; /* of the targets */
};

void survey_fini(struct survey *s);
