/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits are shared. Whoever writes puts itself in a queue; the first to find nobody committing
 * takes all that are queued and commits them in one transaction, each behind a savepoint of its
 * own. Who comes meanwhile waits, and is part of the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "collector/depot/inside.h"
#include "collector/depot/keeping.h"
#include "collector/depot/reserve.h"
#include "collector/depot/schema.h"
#include "collector/depot/sql.h"
#include "collector/depot/writer.h"

/* What is removed is not overwritten with zeros, as Debian's SQLite does, through the log. */
#define SETTINGS                                                         \
	"PRAGMA auto_vacuum = INCREMENTAL;" /* of a new database only */ \
	"PRAGMA journal_mode = WAL;"                                     \
	"PRAGMA synchronous = FULL;"                                     \
	"PRAGMA secure_delete = FAST;"                                   \
	"PRAGMA foreign_keys = OFF"

#define BUSY	    10000 /* ms */
#define PAGE	    4096u
#define MIN_LOG	    16u		/* pages */
#define JOB_BYTES   (16 * PAGE) /* of what is added, beside the profiles */
#define INDEX_BYTES (7 * PAGE)	/* of each profile */

struct addition {
	struct depot_job job;
	const struct depot_profile *profiles;
	size_t n, added;
};

struct depot {
	char *file;
	int lock;
	sqlite3 *db;
	struct writer writer;
	struct reserve reserve; /* the committer's, but for its size */
	uint64_t most_log;	/* bytes of the log that SQLite is told to keep */
	pthread_mutex_t mutex;	/* of what follows; the database is the committer's */
	pthread_cond_t changed;
	struct depot_job *first, **last;
	bool committing, relieved;
	uint64_t commits, commit_time;
};

const char *depot_file(const struct depot *d)
{
	return d->file;
}

sqlite3 *depot_database(struct depot *d)
{
	return d->db;
}

/* ---- opening ----------------------------------------------------------------------------- */

int depot_lock(const char *path, int *ret_lock)
{
	_cleanup_(freep) char *name = NULL;

	if (asprintf(&name, "%s/lock", path) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	*ret_lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_lock < 0)
		return -errno;
	if (flock(*ret_lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? DEPOT_E_LOCKED : -errno;
	return 0;
}

/* A database of an earlier version has none. It can do without, only its file never shrinks. */
static void have_auto_vacuum(sqlite3 *db)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;

	if (sql_prepare(db, "PRAGMA auto_vacuum", &s) != 0 || sqlite3_step(s) != SQLITE_ROW ||
	    sqlite3_column_int(s, 0) == 2)
		return;
	sqlite3_reset(s);
	sql_run(db, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
}

/*
 * The log goes into the database at 16 MiB: at SQLite's 4 MiB every 40th profile would pay. On a
 * small disk sooner, so that the reserve has room for it.
 */
static int limit_log(struct depot *d)
{
	uint64_t pages = d->reserve.wanted / RESERVE_LOGS / PAGE;
	char text[128];

	pages = pages < MIN_LOG ? MIN_LOG : pages;
	d->most_log = pages * PAGE;
	sqlite3_snprintf(sizeof(text), text,
			 "PRAGMA wal_autocheckpoint = %llu; PRAGMA journal_size_limit = %llu",
			 (unsigned long long)pages, (unsigned long long)d->most_log);
	return sql_run(d->db, text);
}

static int open_database(struct depot *d)
{
	int code = sqlite3_open_v2(d->file, &d->db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
				   NULL);
	int r = d->db ? sql_outcome(d->db, code) : -ENOMEM;

	if (r == 0)
		sqlite3_busy_timeout(d->db, BUSY);
	if (r == 0)
		r = sql_run(d->db, SETTINGS);
	if (r == 0)
		r = limit_log(d);
	if (r == 0)
		r = schema_upgrade(d->db);
	if (r == 0)
		have_auto_vacuum(d->db);
	if (r == 0)
		r = writer_init(&d->writer, d->db);
	return r;
}

static void close_database(struct depot *d)
{
	writer_fini(&d->writer);
	sql_closep(&d->db);
}

/* Even to read, SQLite needs a file for the log's index. */
static int open_with_reserve(struct depot *d)
{
	int r = open_database(d);

	if (r == DEPOT_E_FULL && reserve_release(&d->reserve)) {
		close_database(d);
		d->relieved = true;
		r = open_database(d);
	}
	if (r == 0 && !d->relieved)
		reserve_fill(&d->reserve, true);
	return r;
}

static int open_all(struct depot *d, const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	int r = depot_lock(path, &d->lock);
	if (r == 0)
		r = reserve_open(&d->reserve, path);
	if (r != 0)
		return r;
	if (asprintf(&d->file, "%s/profiles.db", path) < 0) {
		d->file = NULL;
		return -ENOMEM;
	}
	return open_with_reserve(d);
}

int depot_open(const char *path, struct depot **ret_depot, char *ret_why)
{
	struct depot *d = calloc(1, sizeof(*d));

	*ret_why = '\0';
	if (!d)
		return -ENOMEM;
	d->lock = -1;
	d->reserve = (struct reserve)RESERVE_NULL;
	d->last = &d->first;
	pthread_mutex_init(&d->mutex, NULL);
	pthread_cond_init(&d->changed, NULL);
	int r = open_all(d, path);
	if (r != 0) {
		if (d->db)
			snprintf(ret_why, DEPOT_WHY_SIZE, "%s", sqlite3_errmsg(d->db));
		depot_close(d);
		return r;
	}
	*ret_depot = d;
	return 0;
}

struct depot *depot_close(struct depot *d)
{
	if (!d)
		return NULL;
	close_database(d);
	reserve_close(&d->reserve);
	closep(&d->lock);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->mutex);
	free(d->file);
	free(d);
	return NULL;
}

/* ---- committing -------------------------------------------------------------------------- */

/* 0 for none. */
static uint64_t size_of(const char *file, const char *suffix)
{
	_cleanup_(freep) char *path = NULL;
	struct stat st;

	if (asprintf(&path, "%s%s", file, suffix) < 0) {
		path = NULL;
		return 0;
	}
	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

static int do_one(struct depot *d, struct depot_job *job)
{
	int r = sql_run(d->db, "SAVEPOINT one");

	if (r == 0)
		r = job->work(d, job);
	if (r == 0)
		return sql_run(d->db, "RELEASE one");
	/* SQLite itself may have ended the transaction: then there is nothing to go back to. */
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK TO one; RELEASE one", NULL, NULL, NULL);
	return r;
}

/* For the log, and for all of it to go into the database, however much is in it already. */
static bool has_room(const struct depot *d, uint64_t bytes)
{
	uint64_t room = reserve_room(d->lock), log = size_of(d->file, "-wal");

	return room >= log && (room - log) / 2 >= bytes;
}

/* @relieved: only what removes. */
static void commit(struct depot *d, struct depot_job *all, bool relieved)
{
	int r = sql_run(d->db, "BEGIN IMMEDIATE");
	uint64_t bytes = 0;

	for (struct depot_job *job = all; r == 0 && job; job = job->next) {
		bytes += job->removes ? 0 : job->bytes + JOB_BYTES;
		bool may = job->removes || (!relieved && has_room(d, bytes));
		job->result = may ? do_one(d, job) : DEPOT_E_FULL;
		if (sqlite3_get_autocommit(d->db))
			r = job->result ? job->result : -EIO;
	}
	if (r == 0)
		r = sql_run(d->db, "COMMIT");
	if (r == 0)
		return;
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	for (struct depot_job *job = all; job; job = job->next)
		job->result = r;
}

/* Called with the mutex held, which it lets go of while it works. */
static void commit_queue(struct depot *d)
{
	struct depot_job *all = d->first, *next;
	bool relieved = d->relieved;

	d->first = NULL;
	d->last = &d->first;
	d->committing = true;
	pthread_mutex_unlock(&d->mutex);
	uint64_t begin = clock_monotonic();
	commit(d, all, relieved);
	pthread_mutex_lock(&d->mutex);
	d->commits++;
	d->commit_time += clock_monotonic() - begin;
	d->committing = false;
	for (struct depot_job *job = all; job; job = next) {
		next = job->next; /* who is done may be gone */
		job->done = true;
	}
	pthread_cond_broadcast(&d->changed);
}

int depot_commit(struct depot *d, struct depot_job *job)
{
	pthread_mutex_lock(&d->mutex);
	if (d->relieved && !job->removes) {
		job->result = DEPOT_E_FULL;
		job->done = true;
	} else {
		*d->last = job;
		d->last = &job->next;
	}
	while (!job->done) {
		if (d->committing)
			pthread_cond_wait(&d->changed, &d->mutex);
		else
			commit_queue(d);
	}
	pthread_mutex_unlock(&d->mutex);
	return job->result;
}

/* ---- a full disk ------------------------------------------------------------------------- */

/* Be the committer, of nothing. */
static void begin_alone(struct depot *d, bool relieved)
{
	pthread_mutex_lock(&d->mutex);
	d->relieved |= relieved;
	while (d->committing)
		pthread_cond_wait(&d->changed, &d->mutex);
	d->committing = true;
	pthread_mutex_unlock(&d->mutex);
}

static void end_alone(struct depot *d, bool recovered)
{
	pthread_mutex_lock(&d->mutex);
	d->relieved &= !recovered;
	d->committing = false;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
}

/* What cannot be brought over stays in the log. Who reads is waited for where all wait anyway. */
static void empty_log(struct depot *d, bool relieved)
{
	sqlite3_busy_timeout(d->db, relieved ? BUSY : 0);
	sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(d->db, BUSY);
}

/*
 * It grows while somebody reads for long. Once it takes what has_room() wants, nothing is committed
 * any more, and with commits end those checkpoints that would bring it over when the reader is
 * gone.
 */
static bool is_log_long(const struct depot *d)
{
	return size_of(d->file, "-wal") > d->most_log;
}

void depot_relieve(struct depot *d)
{
	begin_alone(d, true);
	reserve_release(&d->reserve);
	empty_log(d, true);
	end_alone(d, false);
}

bool depot_is_relieved(struct depot *d)
{
	pthread_mutex_lock(&d->mutex);
	bool relieved = d->relieved;
	pthread_mutex_unlock(&d->mutex);
	return relieved;
}

bool depot_recover(struct depot *d, bool anyway)
{
	bool relieved = depot_is_relieved(d);
	bool whole = !relieved && d->reserve.size >= d->reserve.wanted;

	if (whole && !is_log_long(d))
		return true;
	begin_alone(d, false);
	empty_log(d, relieved);
	if (whole) {
		end_alone(d, false);
		return true;
	}
	const uint64_t enough = d->reserve.wanted + d->reserve.wanted / 2 - d->reserve.size;
	bool done = anyway || reserve_room(d->lock) >= enough;
	if (done)
		done = reserve_fill(&d->reserve, anyway) || anyway;
	end_alone(d, done);
	return done;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int add_all(struct depot *d, struct depot_job *job)
{
	struct addition *a = container_of(job, struct addition, job);
	bool is_new = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++) {
		r = writer_add(&d->writer, &a->profiles[i], &is_new);
		a->added += is_new;
	}
	return r;
}

int depot_add(struct depot *d, const struct depot_profile *profiles, size_t n, size_t *ret_added)
{
	struct addition mine = { .job.work = add_all, .profiles = profiles, .n = n };

	for (size_t i = 0; i < n; i++)
		mine.job.bytes += profiles[i].pprof.size + profiles[i].brief.stacks.size +
				  profiles[i].brief.counts.size + INDEX_BYTES;
	int r = depot_commit(d, &mine.job);

	*ret_added = r == 0 ? mine.added : 0;
	return r;
}

/* ---- counting ---------------------------------------------------------------------------- */

void depot_counts(struct depot *d, struct depot_counts *ret_counts)
{
	pthread_mutex_lock(&d->mutex);
	ret_counts->commits = d->commits;
	ret_counts->commit_time = d->commit_time;
	pthread_mutex_unlock(&d->mutex);
	ret_counts->reserve = d->reserve.size;
	ret_counts->wanted = d->reserve.wanted;
	ret_counts->bytes = size_of(d->file, "") + size_of(d->file, "-wal") + ret_counts->reserve;
}
