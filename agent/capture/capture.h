/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples from the kernel, as plain values. The only room that knows libbpf and the skeleton.
 *
 *	capture_open()		load the program
 *	capture_watch_pid()	what to sample, unless everything is
 *	capture_start()		ticks begin
 *	poll capture_fd(), or sleep up to a second; then capture_drain(), and for each executable
 *	not met before capture_set_policy(): until then its samples come without Go state
 *	capture_stop(), capture_drain() for the last ones, capture_close()
 *
 * The ticks are the CPUs' own clock events (PERF_COUNT_SW_CPU_CLOCK): one event for each CPU, so
 * that what runs is sampled and what sleeps costs nothing. They come by period and not by
 * frequency: both were measured to give the same counts on Linux 5.10 to 7.2, but a fixed period
 * gives each sample the same weight, which a profile claims of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/capture/record.h"

/* Outcomes. capture_outcome_text() has a sentence for each. */
enum capture_outcome {
	CAPTURE_E_PERMISSION = 1, /* detail: which of both is missing, if one is there */
	CAPTURE_E_PID_NAMESPACE,  /* the pids of the kernel are not those we see */
	CAPTURE_E_TIME_NAMESPACE, /* likewise the times */
	CAPTURE_E_NO_BTF,	  /* kernel built without type information */
	CAPTURE_E_KERNEL_OLD,	  /* before 5.10; detail: the release */
	CAPTURE_E_LOCKDOWN,	  /* kernel lockdown in confidentiality mode */
	CAPTURE_E_PARANOID,	  /* kernel.perf_event_paranoid; detail: its value */
	CAPTURE_E_MEMLOCK,	  /* before 5.11: RLIMIT_MEMLOCK */
	CAPTURE_E_NO_PERF,	  /* no perf events in this kernel, or none allowed by seccomp */
	CAPTURE_E_REFUSED, /* the kernel would not load the program; detail: what libbpf said */
	CAPTURE_E_FULL,	   /* capture_watch_pid(): SAMPLE_MAX_WATCHED already */
};

#define CAPTURE_MAX_FREQUENCY 10000

struct capture_options {
	uint32_t frequency; /* samples in a second of CPU time: 1 to CAPTURE_MAX_FREQUENCY */
	bool all;	    /* every process but this one; else those watched */
	bool descendants;   /* a watched process's children are watched, and theirs */
	/*
	 * With .descendants: the processes watched are those of certain cgroups. RECORD_MOVE then
	 * tells of each process that comes into another cgroup, whether watched or not. A child
	 * that is born into another one than its parent's is told of so, and not watched.
	 */
	bool by_cgroup;
	uint32_t ring_bytes; /* 0: enough for a second of all CPUs being busy. A power of two */
};

/* What an outcome's sentence leaves open; may be empty. */
struct capture_detail {
	char text[256];
};

/* Totals since capture_open(). Nothing is dropped that is not counted here. */
struct capture_counters {
	uint64_t samples, events; /* handed on by capture_drain() */
	uint64_t malformed;	  /* records refused by record_check() */
	uint64_t ring_full;	  /* records lost: capture_drain() came too late */
	uint64_t lost;		  /* what the samples among these stand for */
	uint64_t no_stack;  /* samples whose stack was not readable; they come without words */
	uint64_t unwatched; /* children of watched processes beyond SAMPLE_MAX_WATCHED */
	uint32_t cpus;	    /* with a clock event; those that were offline have none */
};

struct capture;

/* Takes a record which is gone after the call. 0, or -errno to end the drain with. */
typedef int (*capture_handler)(const struct record_header *record, void *context);

/*
 * Load the program. 0, an outcome, or -errno; then *ret_detail says more. *ret_capture is set only
 * with 0.
 */
int capture_open(const struct capture_options *options, struct capture_detail *ret_detail,
		 struct capture **ret_capture);
struct capture *capture_close(struct capture *c);

/* One sentence, without full stop: what is wrong and what to do about it. */
const char *capture_outcome_text(int outcome);

/* From now on, and before capture_start() if it is to be all. 0, CAPTURE_E_FULL or -errno. */
int capture_watch_pid(struct capture *c, uint32_t pid);
/* Also of a process that is gone. */
int capture_unwatch_pid(struct capture *c, uint32_t pid);
bool capture_watches_pid(const struct capture *c, uint32_t pid);
/*
 * Whether any process is still watched. One is until it ends, and that is known for certain, also
 * when the ring had no room to tell of it.
 */
bool capture_watches_any(const struct capture *c);

/* Replaces an earlier one, for running processes, too. 0 or -errno. */
int capture_set_policy(struct capture *c, const struct exe_key *exe,
		       const struct exe_policy *policy);

/* What the kernel program calls the file that is open as @fd. 0 or -errno. */
int capture_file_key(struct capture *c, int fd, struct exe_key *ret_key);

/* Of an executable that no process runs any more, or that was to be ignored: the next one that runs
 * it is new, and in the second case one that runs it now. 0 or -errno. */
int capture_forget_policy(struct capture *c, const struct exe_key *exe);

/*
 * With options.all: what holds for the processes of a cgroup. Replaces an earlier one. 0,
 * CAPTURE_E_FULL (SAMPLE_MAX_CGROUPS) or -errno.
 */
int capture_set_cgroup(struct capture *c, uint64_t cgroup, const struct cgroup_policy *policy);
/* Also of one that has none. */
int capture_forget_cgroup(struct capture *c, uint64_t cgroup);

/* Begin ticking on every CPU that is online. 0, an outcome, or -errno, as capture_open(). */
int capture_start(struct capture *c, struct capture_detail *ret_detail);
void capture_stop(struct capture *c);

/*
 * Between the two, every now and then: have the CPUs tick that came online since, too. One that
 * went has to be missed by one call to tick when it is back. As capture_start(), but all others
 * tick in any case.
 */
int capture_follow_cpus(struct capture *c, struct capture_detail *ret_detail);

/* Another rate from now on, for ticks under way, too. As capture_start(), or -EINVAL. */
int capture_set_frequency(struct capture *c, uint32_t frequency, struct capture_detail *ret_detail);

/*
 * An epoll file descriptor, readable when something is urgent: an executable that has no policy
 * yet, or the ring half full. Other records wait for the next capture_drain().
 */
int capture_fd(const struct capture *c);

/*
 * Hand on all records that are there at the call, and of those that come meanwhile as many as the
 * ring holds at most: it ends, however fast they come. For what is left capture_fd() is readable
 * again, if it was before. 0, or the handler's -errno.
 */
int capture_drain(struct capture *c, capture_handler handler, void *context);

/* The sampling program's file descriptor, to measure what it costs. */
int capture_program_fd(const struct capture *c);

/* Of which hierarchy the cgroups in records are. */
enum cgroup_hierarchy capture_hierarchy(const struct capture *c);

/* Bytes that the program's maps take in the kernel, as the kernel says. */
uint64_t capture_memory(const struct capture *c);

void capture_counters(const struct capture *c, struct capture_counters *ret_counters);
