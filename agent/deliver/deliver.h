/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finished profiles to one or several stores, whatever happens.
 *
 * The promise: a profile that deliver_submit() answered 0 for is on disk, and reaches every store
 * or is counted as dropped, by reason, for each store that it did not reach. kill -9 and a power
 * cut do not break it. What it does not promise is that a store never sees a profile twice: when
 * the answer to a push is lost, the profile is pushed again, under the same id.
 *
 * A spool is a folder that one process uses at a time:
 *
 *	format			"hone-agent spool 1"; the lock of the spool is held on it
 *	NAME/SEQUENCE-ID	a profile that the store NAME has not got yet
 *
 * Each store has a folder of its own, and its name there is the only state a profile has: a
 * profile for three stores is one file with three links, a store that has got it loses its link,
 * and the bytes go with the last one. So there is no index to keep true. Files are written once,
 * see image.h for what is in them. Profiles of a store that is no longer configured stay until
 * age or space throws them out, and are delivered if the store comes back before.
 *
 * Order: three of four pushes take the oldest profile that a store has not got, the fourth the
 * newest. So a long backlog is worked off from its old end, while what is new is seen soon. What
 * the store has failed at waits until the others had their turn. Up to four pushes are under way at
 * once, as far as a store has room (store/store.h), so they may end in another order than they
 * began; a store that fails gets one at a time until it takes one.
 *
 * When a push fails it is tried again after 0.5 s, 1 s, 2 s and so on up to 5 min, each shortened
 * by up to half at random, or after what the store asked for (at most 1 h). A profile that the
 * store fails at (500) `max_tries` times while it took others in between is dropped: some servers
 * answer 500 to what they cannot decode. There is no other limit on tries but age and space.
 *
 * Space and age: when a profile would not fit `max_bytes` or `max_profiles`, the oldest go. Age is
 * counted on a clock that nobody sets, from when a profile was accepted. Only over a restart it
 * must be told by the time of day, where a file from the future is dated back to now, and no
 * file is too old in the first 10 minutes: a clock that was stepped neither keeps a profile for
 * ever nor throws all away at once.
 *
 * A disk that is full, read-only or gone is no reason to stop: profiles stay in memory while there
 * is room (`max_memory`), and move to disk when it takes them again. Without a spool folder
 * everything is in memory.
 *
 * One thread, on the owner's loop. deliver_submit() blocks for as long as the disk takes to bring
 * one file and its names to rest, fsync(2) of the file and of each store's folder: of 500 profiles
 * of 20 KB on ext4, on a machine with six times more to run than CPUs, half took 3 ms or less, 5 of
 * 100 more than 40 ms, and the slowest 0.26 s; the CPU time was 0.26 ms each, and 0.035 ms without
 * a spool. So where samples wait to be read, submit one in a turn of the loop. A push
 * waits for the disk, too, for a file to be read or, to a directory, to be written: a disk that
 * hangs holds up the owner's loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define DELIVER_MAX_STORES 8u
#define DELIVER_MAX_LABELS 32u
#define DELIVER_KEY_SIZE   256u
#define DELIVER_MAX_PIECES 2u

/* UUID text with its NUL. */
#define DELIVER_ID_SIZE 37u

struct deliver;
struct loop;
struct store;	    /* store/store.h */
struct store_label; /* store/store.h */

/* One profile. All borrowed for the time of the call that it is given to. */
struct delivery {
	const char *id;			  /* UUID text, of any kind, in lower case */
	const struct store_label *labels; /* at most DELIVER_MAX_LABELS */
	uint32_t n_labels;
	uint32_t n_samples; /* distinct stacks, entries of Profile.sample; 0: not known */
	uint64_t raw_size;  /* of the pprof before gzip, 0: not known */
	struct span pprof;  /* gzip */
	uint64_t time;	    /* ns since the epoch; as in the pprof */
};

/* A profile made from another. @pprof is from malloc(), or NULL, and becomes deliver's. */
struct deliver_piece {
	uint8_t *pprof;
	size_t size;
	uint64_t raw_size;
	uint32_t n_samples;
};

/* Why a profile did not reach a store. Names for metrics: deliver_reason_name(). */
enum deliver_reason {
	DELIVER_DROP_SPACE, /* the oldest, when max_bytes, max_profiles or max_memory was reached */
	DELIVER_DROP_AGE,   /* older than max_age */
	DELIVER_DROP_REFUSED, /* the store said no for good */
	DELIVER_DROP_TRIES,   /* the store fails at this one and takes others */
	DELIVER_DROP_TOO_BIG, /* over the store's limit, and cannot be split any more */
	DELIVER_DROP_WINDOW,  /* the store takes none of that time, and it is not to be restamped */
	DELIVER_DROP_DAMAGED, /* the file is not what was written */
	DELIVER_DROP_LOST,    /* the file is gone or cannot be read */
	DELIVER_DROP_SHUTDOWN, /* still in memory at the end */
	DELIVER_DROP_N
};

enum deliver_event_kind {
	DELIVER_DROPPED,       /* .reason, and .text: the store's sentence where it has one */
	DELIVER_STORE_FAILS,   /* pushes fail since now; .text says why */
	DELIVER_STORE_WORKS,   /* and work again */
	DELIVER_SPOOL_FAILS,   /* the disk does not take profiles: they stay in memory. .text */
	DELIVER_SPOOL_WORKS,   /* it does again */
	DELIVER_SPOOL_DAMAGED, /* a file in the spool that is no profile was removed. .text */
	DELIVER_EVENT_N
};

/* For the owner's log. Borrowed. At most one of a kind and store a minute; .count says how many
 * there were since the last that was told, this one included. */
struct deliver_event {
	enum deliver_event_kind kind;
	enum deliver_reason reason;
	const char *store; /* its key, "" where it is about the spool */
	const char *id;	   /* of the profile, "" where it is not about one */
	uint32_t http_status;
	const char *text; /* one sentence, or "" */
	uint64_t count;
};

#define DELIVER_UNCHANGED 1 /* of deliver_owner.adapt */

/*
 * What deliver asks of its owner, who knows what is in a pprof. Each is called from within the
 * loop or a call into deliver, and must not call deliver itself. Any may be NULL.
 */
struct deliver_owner {
	/*
	 * @whole is too big for a store: make one or two smaller profiles of it, two with half of
	 * the samples each, or one that was trimmed. @max_raw and @max_samples are the store's
	 * limits, 0 where it has not said. Answers how many there are in @ret, at most
	 * DELIVER_MAX_PIECES; 0 when it is a single sample, or cannot be read; -errno.
	 *
	 * A piece's id is made from that of the whole (see uuid.h): the first 12 bytes stay, so
	 * whole and pieces are known for what they are, and splitting again after a crash makes the
	 * same.
	 */
	int (*split)(void *context, const struct delivery *whole, uint64_t max_raw,
		     uint32_t max_samples, struct deliver_piece ret[DELIVER_MAX_PIECES]);
	/*
	 * The same profile as a store wants it: with @time as its time, and the names of generic
	 * functions escaped if its limits (store/store.h) say so. 0; DELIVER_UNCHANGED when it is
	 * that already; -errno when it cannot be done.
	 */
	int (*adapt)(void *context, const struct delivery *profile, uint64_t time,
		     bool escape_shapes, struct deliver_piece *ret);
	void (*event)(void *context, const struct deliver_event *event);
	void *context;
};

/* Clocks, in ns; for tests. */
struct deliver_clock {
	uint64_t (*boot)(void *context); /* CLOCK_BOOTTIME: never set, counts while asleep */
	uint64_t (*wall)(void *context); /* CLOCK_REALTIME */
	void *context;
};

enum deliver_old {
	DELIVER_OLD_SEND, /* the store may take it nevertheless, or refuses it */
	DELIVER_OLD_DROP,
	DELIVER_OLD_RESTAMP, /* pushed with the present as its time, by deliver_owner.adapt */
};

/* A store that profiles go to. */
struct deliver_store {
	/* Names it for good: in the spool, in metrics, in events. Not empty, shorter than
	 * DELIVER_KEY_SIZE, unique; without secrets. The URL without its user, and the tenant. */
	const char *key;
	struct store *store; /* becomes deliver's, also when the call fails */
	/* What is done with profiles that are older than the store takes (its limits), or, unless
	 * that is 0, more than @max_future ns ahead of our clock (Grafana Pyroscope: 10 min). */
	enum deliver_old old;
	uint64_t max_future;
};

/* Such a key. A long one is cut and ends in the CRC-32 of the whole. @tenant may be NULL. */
void deliver_key(const char *url, const char *tenant, char ret_key[DELIVER_KEY_SIZE]);

struct deliver_options {
	const struct deliver_store *stores;
	uint32_t n_stores;
	const char *spool;     /* the folder, made if its parent exists. NULL: in memory only */
	uint64_t max_bytes;    /* of the spool's files; 0: 512 MiB */
	uint64_t max_age;      /* ns; 0: 24 h */
	uint64_t max_memory;   /* bytes of profiles that are in memory; 0: 8 MiB */
	uint32_t max_profiles; /* 0: 32768, at 200 bytes of memory each */
	uint32_t max_tries;    /* 0: 10 */
	uint64_t backoff_min;  /* ns; 0: 500 ms */
	uint64_t backoff_max;  /* ns; 0: 5 min */
	struct deliver_owner owner;
	struct deliver_clock clock; /* empty: the system's */
};

enum deliver_outcome {
	DELIVER_E_LOCKED = 1, /* open: another process uses this spool */
	DELIVER_E_VERSION, /* open: the spool was written by another version; nothing was touched */
	DELIVER_E_FOREIGN, /* open: the folder is no spool and not empty; nothing was touched */
	DELIVER_E_MEMORY,  /* submit: accepted, but only into memory, as the disk failed */
	DELIVER_E_NO_ROOM, /* submit: not accepted, it is larger than all the room there is, or 64
			      MiB */
};

/*
 * Open the spool, take up what is in it and begin to push. Half-written files vanish, damaged ones
 * are removed and counted. 0; DELIVER_E_LOCKED, DELIVER_E_VERSION, DELIVER_E_FOREIGN; or -errno:
 * -EACCES, -ENOTDIR, -ENOENT (of the parent) and so on when the folder cannot be used, -EINVAL for
 * two stores of one key. A disk that is full, read-only or broken is no error, see above. @options
 * is borrowed for the call.
 */
int deliver_open(const struct deliver_options *options, struct loop *loop, struct deliver **ret);

/* Stop, close the stores. What is in memory only is lost: deliver_flush() first. NULL is fine;
 * answers NULL. */
struct deliver *deliver_close(struct deliver *d);

/*
 * Accept a profile. 0 (it is on disk; without a spool, in memory), DELIVER_E_MEMORY, or
 * DELIVER_E_NO_ROOM. -EINVAL when the id is no UUID or the labels are too many or too long,
 * -ENOMEM.
 */
int deliver_submit(struct deliver *d, const struct delivery *profile);

/* @left: profiles in the spool that some store has not got. @lost: others, which were in memory
 * only and are counted as dropped now. */
typedef void (*deliver_flushed)(void *context, uint64_t left, uint64_t lost);

/*
 * Push all there is now, what is in memory only first, without waiting for backoff; a store that
 * fails is left at that. @done is called once, from within the loop: when all stores have
 * everything or have failed, or after @timeout ns, when pushes under way are given up. After it
 * nothing is pushed any more; what is left is in the spool for the next start. A store that asked
 * for patience is not asked again. @done may close @d. 0 or -errno.
 */
int deliver_flush(struct deliver *d, uint64_t timeout, deliver_flushed done, void *context);

/*
 * Other stores from now on. A store whose key stays keeps its profiles; its pushes under way are
 * given up and done again. New stores get what is submitted from now on. -EINVAL, -ENOMEM or
 * another -errno leave all as it was, but for the given stores, which are closed.
 */
int deliver_reload(struct deliver *d, const struct deliver_store *stores, uint32_t n_stores);

#define DELIVER_N_CODES	    16u
#define DELIVER_N_LATENCIES 8u

/* Bounds of latency[], in ns; the last is without a bound. */
extern const uint64_t deliver_latency_bounds[DELIVER_N_LATENCIES - 1];

enum deliver_state {
	DELIVER_IDLE,	 /* has everything */
	DELIVER_PUSHING, /* a push is under way */
	DELIVER_WAITING, /* for the next try, after a failure */
	DELIVER_ABSENT,	 /* not configured any more, or not yet */
};

/*
 * Of one store. accepted + recovered + pieces = delivered + split + the sum of dropped + pending,
 * at any time.
 */
struct deliver_store_counters {
	char key[DELIVER_KEY_SIZE];
	enum deliver_state state;
	uint64_t accepted;  /* profiles for this store */
	uint64_t recovered; /* profiles found in the spool at the start */
	uint64_t pieces;    /* profiles made by splitting */
	uint64_t split;	    /* profiles that were replaced by pieces */
	uint64_t delivered, delivered_bytes;
	uint64_t dropped[DELIVER_DROP_N], dropped_bytes;
	uint64_t pending;
	uint64_t retried;      /* pushes that failed and are done again */
	uint64_t restamped;    /* pushes with another time */
	uint64_t relabelled;   /* pushes whose labels the store's rules changed */
	uint64_t oldest;       /* age of the oldest that is pending, in ns; 0: none */
	uint64_t last_success; /* ns since the epoch; 0: never */
	uint64_t next_try;     /* ns from now, when waiting */
	uint32_t failures;     /* in a row */
	char last_failure[256];
	struct {
		uint32_t status; /* of HTTP; 0: there was no answer */
		uint64_t n;
	} codes[DELIVER_N_CODES];			    /* pushes by answer; n == 0 ends it */
	uint64_t codes_other;				    /* pushes with more codes than that */
	uint64_t latency[DELIVER_N_LATENCIES], latency_sum; /* of pushes, in ns */
};

struct deliver_counters {
	uint64_t accepted;		  /* profiles that were submitted and taken */
	uint64_t accepted_bytes;	  /* of their pprof */
	uint64_t accepted_memory;	  /* of these, only into memory though there is a spool */
	uint64_t no_room;		  /* profiles that were submitted and not taken */
	uint64_t files, files_bytes;	  /* in the spool now */
	uint64_t in_memory, memory_bytes; /* profiles in memory only, now */
	uint64_t table_bytes;		  /* memory that the table of profiles takes */
	uint64_t oldest;		  /* age of the oldest, in ns; 0: none */
	uint64_t torn;		/* files that were half-written, never promised: removed */
	uint64_t damaged;	/* files that were no longer what was written: removed */
	uint64_t spool_errors;	/* times that the disk did not take a profile */
	uint64_t remove_errors; /* files that could not be removed; they will be sent again */
	bool spool_failing;
	uint32_t n_stores; /* those not configured any more included */
};

void deliver_counters(const struct deliver *d, struct deliver_counters *ret);

/* Of store number @i < n_stores. */
void deliver_store_counters(const struct deliver *d, uint32_t i,
			    struct deliver_store_counters *ret);

/* "refused", "too_big", and so on. */
const char *deliver_reason_name(enum deliver_reason reason);
