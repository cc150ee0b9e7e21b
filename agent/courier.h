/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out (agent/outbox.h) on a thread of its own: fsync(2) on a disk that hangs may take a
 * minute, and samples are not to be lost meanwhile. What is handed over waits in memory, at most as
 * much as delivery may keep there itself (spool.memory); what finds no room is lost, and counted.
 *
 * All calls are the owner's, from one thread, and none waits for a disk. The thread has the stores
 * and the spool for itself; what it has to say comes back on the owner's loop.
 */
#pragma once

#include "agent/config/config.h"
#include "agent/deliver/deliver.h"
#include "agent/harvest.h"
#include "base/log.h"
#include "base/loop.h"

struct courier;

/*
 * Open the stores and the spool; this still waits for the disk. @log is copied, and @loop is the
 * owner's. 0; 1: it cannot be, and it has been logged why; -errno.
 */
int courier_open(const struct agent_config *config, struct loop *loop, const struct log *log,
		 struct courier **ret_courier);

/* Begin. After privileges were given up: the thread has those of its creator. 0 or -errno. */
int courier_start(struct courier *c);

/*
 * The end; NULL is fine, and the answer. A thread that a disk holds fast is left to itself, with
 * all that it may touch, as the process is about to end.
 */
struct courier *courier_close(struct courier *c);

/* Hand a profile over: its bytes (@pprof, from malloc()) and its labels become the courier's. 0,
 * also where it is lost and counted as such; or -ENOMEM. */
int courier_submit(struct courier *c, const struct harvested *profile, uint8_t **pprof,
		   struct labels *labels);

/* Of outbox_reload(). */
typedef int (*courier_reloaded)(void *context, int outcome);

/* Other stores from now on, and @log's format and level. @config is borrowed until @done, which is
 * called from within the loop; one at a time. */
void courier_reload(struct courier *c, const struct agent_config *config, const struct log *log,
		    courier_reloaded done, void *context);

/* What was left when it came to an end. */
struct courier_rest {
	uint64_t spooled; /* profiles on disk that some store has not got */
	uint64_t lost;	  /* profiles in memory */
	bool stuck;	  /* the disk did not answer: .spooled is not known */
};

typedef void (*courier_flushed)(void *context, const struct courier_rest *rest);

/* Bring everything to the stores or to disk, within @timeout ns, whatever the disk does; then
 * @done, from within the loop. 0 or -errno. */
int courier_flush(struct courier *c, uint64_t timeout, courier_flushed done, void *context);

struct courier_counters {
	uint64_t waiting, waiting_bytes; /* profiles handed over that delivery has not got, now */
	uint64_t oldest;		 /* for how long the first of them waits, ns */
	uint64_t refused;		 /* profiles that found no room */
	uint64_t log_dropped;		 /* lines of the log (base/log.h) */
};

/*
 * How it goes. Of a disk that hangs, @ret_deliver and the stores are what was known last.
 * *ret_stores has ret_deliver->n_stores elements and is the caller's to free(). 0 or -ENOMEM.
 */
int courier_count(struct courier *c, struct courier_counters *ret,
		  struct deliver_counters *ret_deliver, struct deliver_store_counters **ret_stores);
