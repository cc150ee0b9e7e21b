/* SPDX-License-Identifier: Apache-2.0 */
/* What the recorder's own files call of each other. For nobody else. */
#pragma once

#include "agent/recorder/recorder.h"

/*
 * A process, looked at once for all that a record asks of it. Where the program is known, where the
 * process is is all that is left to ask.
 */
struct glance {
	const struct record_header *header;
	bool tried, is_there;
	struct process process;
};

typedef int (*process_look)(const struct procfs *procfs, int32_t pid, struct process *ret_process);

/* By process_open() or process_peek(). 0, whether it is there or not, or -ENOMEM. */
int glance(struct recorder *r, struct glance *g, process_look look_at);
void glance_fini(struct glance *g);

/* ---- executables.c ----------------------------------------------------------------------- */

/*
 * Meet an executable while a process still runs it. *ret_build is NULL when none does any more, or
 * it may not be looked at; a later one will do. BUILDS_E_FULL. Files that are not wanted are left
 * unread: they are anybody's.
 */
int recorder_open_build(struct recorder *r, struct glance *g, struct build **ret_build);

/* Tell the kernel program how to treat a build. */
int recorder_tell_build(struct recorder *r, struct build *build);

/* What is made to keep us busy is not profiled any more. */
int recorder_give_up(struct recorder *r, struct build *build);

/* Of addresses that were looked up, no more than there is room for. */
void recorder_limit_addresses(struct recorder *r);

/* A window has begun. Forget those that were last seen before window @oldest. */
int recorder_age_builds(struct recorder *r, uint32_t oldest);
int recorder_reconsider_builds(struct recorder *r);

/* options.ignores */
bool recorder_is_unwanted(const struct recorder *r, const struct build *build, struct group *group);

/* ---- places.c ---------------------------------------------------------------------------- */

/* *ret_group is NULL where it is not known. It is borrowed. */
int recorder_find_group(struct recorder *r, struct glance *g, uint64_t cgroup,
			struct group **ret_group);

/* The same for one that runs another program now. */
int recorder_find_group_anew(struct recorder *r, struct glance *g, uint64_t cgroup,
			     struct group **ret_group);

/* Its cgroup's budget pays for a sample. *ret_wanted: unless there is no use of it. */
int recorder_charge(struct recorder *r, const struct sample *s, bool *ret_wanted);

/* As recorder_turn(). */
int recorder_turn_cgroups(struct recorder *r, uint32_t oldest, double share);

/* ---- count.c ----------------------------------------------------------------------------- */

int recorder_count(struct recorder *r, struct build *build, struct group *group,
		   const struct sample *s);

/* Give back the pages of those executables of which some were read. */
void recorder_rest_pages(struct recorder *r);

/* Before the next drain: give pages back, give up what costs too much. */
int recorder_rest(struct recorder *r);
