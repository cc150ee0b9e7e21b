/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording under way: samples in, counted stacks for each executable, and each group of
 * processes, out.
 *
 * The owner of the pipeline's first stages: kernel sample, capture; stack, unwind; count,
 * aggregate. It knows no terminal, no output file and no clock but the kernel's. hone record has
 * one from beginning to end; the agent takes what it counted every window.
 *
 * Groups (agent/recorder/group.h) are told apart only where the owner gives .group_of. A process is
 * looked at when its first record comes, which is that of its exec, as a rule; where the cgroup is
 * known to be a container's, it is not looked at at all. A cgroup is known when a process in it was
 * looked at and was still in it afterwards: the kernel says so in each record. Samples of processes
 * that are gone before all that are of no group.
 *
 * Samples of an executable that nobody could open in time wait for another process that runs it,
 * until the window ends (parked.h). By file there are none: it is open from the beginning, and no
 * process is looked at.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/builds/builds.h"
#include "agent/capture/capture.h"
#include "agent/recorder/cgroups.h"
#include "agent/recorder/group.h"
#include "agent/recorder/members.h"
#include "agent/recorder/parked.h"
#include "agent/recorder/tallies.h"
#include "agent/target/process.h"

/* Find the group of a process, of which all that process_peek() finds is known: 0 and a reference
 * that becomes the recorder's, or -errno. */
typedef int (*recorder_group_of)(void *context, const struct process *process,
				 struct group **ret_group);

/*
 * The same for one that was gone before it could be looked at, by its cgroup (struct sample). 0 and
 * a reference, or NULL where that says nothing; or -errno.
 */
typedef int (*recorder_group_of_cgroup)(void *context, uint64_t cgroup, struct group **ret_group);

/* Whether a cgroup is of this group's and of nobody else's: 0 or -errno. */
typedef int (*recorder_is_cgroup_of)(void *context, struct group *group, uint64_t cgroup,
				     bool *ret_is);

/*
 * Whether samples of this executable (@group is NULL), or of this group (@build is NULL), are of no
 * use in any case. The kernel then takes none of either.
 */
typedef bool (*recorder_ignores)(void *context, const struct build *build, struct group *group);

struct recorder_options {
	uint32_t frequency;
	bool all;		       /* every process but our own */
	bool descendants;	       /* children of watched processes too */
	struct container_id container; /* with .descendants: and who else enters it; or empty */
	bool by_file;		       /* not some processes, but all that run .file */
	int file;		       /* open, and with its path borrowed */
	const char *file_path;
	const struct procfs *procfs; /* borrowed */

	/* For .all: */
	recorder_group_of group_of;		  /* NULL: groups are not told apart */
	recorder_group_of_cgroup group_of_cgroup; /* NULL: cgroups say nothing */
	recorder_is_cgroup_of is_cgroup_of;	  /* NULL: that in which a process is, is */
	recorder_ignores ignores;		  /* NULL: all are of use */
	void *context;
	uint64_t budget;	    /* samples of a cgroup in a window; 0: no limit */
	uint64_t max_pairs;	    /* of a build's tables to read in a drain; 0: no limit */
	uint64_t max_tally_bytes;   /* memory for the stacks of a tally; 0: 64 MiB */
	uint64_t max_address_bytes; /* memory for what all builds' addresses are; 0: 16 MiB */
};

/* Since the beginning. Samples count for what they stand for. */
struct recorder_counters {
	uint64_t counted;     /* samples in tallies */
	uint64_t truncated;   /* of these, stacks that break off before their root */
	uint64_t external;    /* of these, not Go code */
	uint64_t not_sampled; /* what runtime/pprof never samples */
	uint64_t foreign;     /* samples of executables that are not Go */
	uint64_t unnamed;     /* samples of processes that were gone before their file was opened,
				 of which none came again: those of the present window not included */
	uint64_t ignored;     /* samples of builds and groups that are of no use */
	uint64_t unopened;    /* samples of executables that found no room (BUILDS_E_FULL) */
	uint64_t recovered;   /* samples that were counted when their executable came again */
	uint64_t unwatched;   /* processes that entered the container, when too many were watched */
	uint64_t refused;     /* samples that found no room in their tally */
	uint64_t without_group;	 /* samples in tallies, of processes gone before they were looked at
				  */
	uint64_t looks;		 /* at processes */
	uint64_t exhausted;	 /* builds given up, as their tables cost too much to read */
	uint64_t unreadable;	 /* Go programs: too old, too new, packed or obfuscated */
	uint64_t builds_evicted; /* while they were of use */
	uint64_t addresses_evicted; /* likewise, what was known of them */
	uint64_t repeated;	    /* policies that the kernel had forgotten */
};

#define RECORDER_PATH_SIZE 256

/* Executables with resident pages at a time: one touch may map 2 MiB (large folios, Linux 6.18). */
#define RECORDER_MAX_AWAKE 2

struct recorder {
	struct recorder_options options;
	struct capture *capture;
	struct exe_key file; /* what the kernel calls options.file */
	struct builds builds;
	struct members members;
	struct cgroups cgroups;
	struct tallies tallies;
	struct parked parked;
	struct stack stack;			     /* the one just unwound */
	uint32_t window;			     /* the number of this one, from 1 */
	uint64_t bytes;				     /* of memory that the tallies' stacks take */
	struct build *awake[RECORDER_MAX_AWAKE + 1]; /* of whose tables pages are resident */
	uint32_t n_awake;
	struct recorder_counters counters;
	/* The paths of the last of these builds, may be cut; and what binary_open() said of it. */
	char exhausted[RECORDER_PATH_SIZE], unreadable[RECORDER_PATH_SIZE];
	int unreadable_outcome;
};

/* As capture_open(). The recorder is fine to end in any case. */
int recorder_init(struct recorder *r, const struct recorder_options *options,
		  struct capture_detail *ret_detail);
void recorder_fini(struct recorder *r);

/*
 * Record this process; with a container, if it is in it. No other one that has the number by now:
 * @start_ticks is that of struct process, or 0 for whichever there is. 0, also if there is none; an
 * outcome of capture_watch_pid(); or -errno.
 */
int recorder_watch(struct recorder *r, uint32_t pid, uint64_t start_ticks);

/* Take what the kernel has, as capture_drain(). 0 or -errno. */
int recorder_drain(struct recorder *r);

/* No more will come that samples waited for: they are lost, and counted as such. */
void recorder_settle(struct recorder *r);

/* The tally with the most samples; NULL if there is no sample at all. */
struct tally *recorder_largest(const struct recorder *r);

/* Samples counted in all tallies. */
uint64_t recorder_samples(const struct recorder *r);

/*
 * The window ends: take all tallies out, and begin anew. They are the caller's to end, before
 * recorder_fini(). Executables, processes and cgroups not seen for RECORDER_KEEP windows are
 * forgotten. @share: the window's length by that of a usual one. 0 or -errno.
 */
int recorder_turn(struct recorder *r, double share, struct tallies *ret_tallies);

#define RECORDER_KEEP 10u

/* What is of use is another by now: ask again, of all or of groups alone. With each window groups
 * are asked for anyway. 0 or -errno. */
int recorder_reconsider(struct recorder *r);
int recorder_reconsider_cgroups(struct recorder *r);

/* Bytes of memory held, without those of the kernel. */
uint64_t recorder_memory(const struct recorder *r);
