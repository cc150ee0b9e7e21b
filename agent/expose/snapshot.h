/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent at one moment, as plain values: what /metrics, /readyz and /status tell.
 *
 * The owner fills it when somebody asks, from the counters that its rooms keep anyway. Everything
 * pointed to is borrowed until the answer is made, which is before the owner runs again. Counters
 * only grow while the process lives. Empty lists, NULL and 0 are fine everywhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/deliver/deliver.h"

/* A number under the value of a label. Names are ours: constants, never data. */
struct snapshot_count {
	const char *name;
	uint64_t n;
};

struct snapshot_counts {
	const struct snapshot_count *items;
	size_t n;
};

/* What is profiled as one: a container and a build. Texts may be NULL, and are other people's. */
struct snapshot_target {
	const char *service, *namespace, *pod, *container, *unit, *main_package;
	uint64_t samples; /* of the present window so far */
	uint32_t weight;  /* what a sample counts for at present; 1: sampled at the full rate */
};

/* Of the agent's own process. */
struct snapshot_process {
	uint64_t cpu_user, cpu_system; /* ns */
	uint64_t resident;	       /* bytes */
	uint64_t heap_used, heap_free; /* bytes of address space: allocations; kept for others */
	uint64_t files;		       /* open descriptors */
	uint64_t started;	       /* ns since the epoch */
};

/* Profiles that delivery has not taken yet, now; and those that found no room to wait. */
struct snapshot_handed_over {
	uint64_t profiles, bytes;
	uint64_t oldest; /* for how long, ns */
	uint64_t refused;
};

struct snapshot_kubernetes {
	bool enabled, connected;
	uint64_t relists, pods;
	uint64_t too_big, broken; /* pods and events left out */
};

struct agent_snapshot {
	const char *version, *node;
	const char *not_ready; /* why, a sentence; NULL: the agent is ready */

	uint64_t window;	/* ns */
	uint64_t frequency;	/* Hz */
	uint64_t windows;	/* closed so far */
	uint64_t windows_early; /* of these, for the memory that their stacks took */

	bool reload_failed; /* the last time that the configuration was read again */
	uint64_t reloaded;  /* the last success, ns since the epoch */
	uint64_t log_dropped;

	struct snapshot_counts samples;	      /* by result */
	struct snapshot_counts lost;	      /* samples, by reason */
	struct snapshot_counts unwind_errors; /* by kind */
	struct snapshot_counts symbolization; /* samples, by result */
	struct snapshot_counts evictions;     /* by cache */
	struct snapshot_counts refused;	      /* what found no room, by cache */
	struct snapshot_counts memory;	      /* bytes now, by part */
	uint64_t truncated;		      /* stacks */
	uint64_t recovered;		      /* samples counted once their executable came again */

	uint64_t processes, containers; /* known now; of containers' processes only the first few */
	uint64_t verdicts_repeated;	/* as the kernel had no room for them */
	uint64_t groups_refused; /* processes that count as of no place, for there are too many */
	uint64_t binaries, binaries_bytes;
	uint64_t binaries_unreadable;	   /* Go programs of which no profile can be made, so far */
	uint64_t profiles, profiles_bytes; /* made so far, gzip */

	struct snapshot_kubernetes kubernetes;
	struct snapshot_process process;

	struct snapshot_handed_over handed_over;
	const struct deliver_counters *deliver; /* NULL: not begun */
	const struct deliver_store_counters *stores;
	size_t n_stores;

	const struct snapshot_target *targets; /* the first EXPOSE_MAX_TARGETS of them */
	size_t n_targets;
};

/* Look at the own process. @proc: "/proc". What cannot be read stays 0. */
void snapshot_process_read(const char *proc, struct snapshot_process *ret_process);
