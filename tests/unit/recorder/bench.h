/* SPDX-License-Identifier: Apache-2.0 */
/* A recorder on a kernel and a binary made by hand; the process looked at is this one. */
#pragma once

#include <unistd.h>

#include "agent/recorder/recorder.h"
#include "tests/unit/cli/recorder-fakes.h"

#define HOST	   1 /* cgroups */
#define CONTAINER  100
#define GONE	   0x7fffffffu
#define MAX_GROUPS 8
#define SELF	   ((uint32_t)getpid())

struct bench {
	struct procfs procfs;
	struct recorder recorder;
	bool in_container; /* what looking at a process finds */
	bool in_unit;	   /* likewise: its cgroup is a unit's */
	bool saw_exe;	   /* the last look opened the executable */
	bool ignores_build, ignores_group;
	struct group groups[MAX_GROUPS];
	uint32_t n_groups;
};

union one_frame {
	struct sample sample;
	uint64_t words[sizeof(struct sample) / 8 + 1];
};

extern uint32_t ended; /* groups */

void bench_init(struct bench *b, uint64_t budget);
/* All that was counted is let go, and with it every group. */
void bench_fini(struct bench *b);

uint64_t own_start_time(void);
union one_frame sample_of(uint32_t pid, uint64_t cgroup, uint32_t log_weight);
/* A sample of process @pid in @cgroup that stands for 2^@log_weight ticks. */
void sampled(struct bench *b, uint32_t pid, uint64_t cgroup, uint32_t log_weight);
void event_of(struct bench *b, enum record_type type, uint64_t cgroup, uint32_t pid);
void event(struct bench *b, enum record_type type, uint64_t cgroup);

/* A window ends, which has so many tallies. */
void turn(struct bench *b, uint32_t wanted);

/* Samples that count for @group. */
uint64_t count_of(const struct bench *b, const struct group *group);

/* For recorder_options.ignores. */
bool ignores(void *context, const struct build *build, struct group *group);
