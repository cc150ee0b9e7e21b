/* SPDX-License-Identifier: Apache-2.0 */
/* Why the kernel said no: from what the system says of itself to an outcome. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/capture/capture.h"

enum capture_step { CAPTURE_STEP_LOAD, CAPTURE_STEP_TICK };

struct system_facts {
	uint64_t capabilities; /* effective, one bit each */
	bool has_btf;
	bool confidential; /* lockdown=confidentiality */
	bool initial_pid_namespace, initial_time_namespace;
	enum cgroup_hierarchy hierarchy; /* whose ids tell containers apart */
	int perf_paranoid;
	int kernel_major, kernel_minor; /* 0: not known */
	char release[64];
};

/* Read them below @root ("" for this system). What cannot be read is taken to be no obstacle. */
void system_facts_read(const char *root, struct system_facts *ret_facts);

/* From the text of /proc/PID/cgroup: the controllers of cgroup v1, if any, go before v2. */
enum cgroup_hierarchy hierarchy_parse(const char *text);

/* From the text of /sys/devices/system/cpu/online ("0-3,8"). */
bool cpu_list_has(const char *list, uint32_t cpu);

/* Which are online, as text; all, where it cannot be read. */
void cpus_online_read(const char *root, char *ret_list, size_t size);

/* From the text of /proc/PID/status and of the lockdown file. */
bool capabilities_parse(const char *status, uint64_t *ret_capabilities);
bool lockdown_is_confidential(const char *text);

/*
 * The outcome for @error (a negative errno) at @step, which may be @error itself: what fails for
 * want of memory or files is no question of the system's set-up.
 */
int capture_diagnose(const struct system_facts *facts, enum capture_step step, int error,
		     struct capture_detail *ret_detail);
