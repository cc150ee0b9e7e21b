/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "collector/depot/inside.h"
#include "collector/depot/schema.h"
#include "collector/depot/sql.h"
#include "collector/depot/stored.h"
#include "collector/depot/writer.h"

#define BATCH 256 /* profiles a transaction */

int depot_find(const char *path)
{
	_cleanup_(freep) char *file = NULL;

	if (asprintf(&file, "%s/profiles.db", path) < 0) {
		file = NULL;
		return -ENOMEM;
	}
	if (access(file, F_OK) < 0)
		return errno == ENOENT ? REPAIR_E_MISSING : -errno;
	return 0;
}

struct repair {
	const struct depot_look *look;
	struct depot_report *report;
	sqlite3 *from, *to;
	struct stored stored;
	struct writer writer;
	sqlite3_stmt *number, *merged, *merged_pprof;
};

static void fini(struct repair *p)
{
	sql_finalizep(&p->number);
	sql_finalizep(&p->merged);
	sql_finalizep(&p->merged_pprof);
	stored_fini(&p->stored);
	writer_fini(&p->writer);
	sql_closep(&p->from);
	sql_closep(&p->to);
}

/* ---- the new one ------------------------------------------------------------------------- */

static int open_new(struct repair *p, const char *file)
{
	unlink(file);
	int code = sqlite3_open_v2(file, &p->to,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
				   NULL);
	int r = p->to ? sql_outcome(p->to, code) : -ENOMEM;

	if (r == 0)
		r = sql_run(p->to, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL");
	if (r == 0)
		r = schema_upgrade(p->to);
	if (r == 0)
		r = writer_init(&p->writer, p->to);
	if (r == 0)
		r = sql_run(p->to, "INSERT INTO sqlite_sequence (name, seq) VALUES ('profile', 0)");
	if (r == 0)
		r = sql_prepare(p->to, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'profile'",
				&p->number);
	if (r == 0)
		r = sql_prepare(p->to,
				"UPDATE profile SET n = ?2, last = ?3, level = ?4 WHERE id = ?1",
				&p->merged);
	if (r == 0)
		r = sql_prepare(p->to, "UPDATE pprof SET n = ?2, last = ?3 WHERE profile = ?1",
				&p->merged_pprof);
	return r;
}

/* The level is the index's own: at a lower one it is merged anew, which is harmless. */
static int mark_merged(struct repair *p)
{
	const struct stored *s = &p->stored;
	sqlite3_stmt *const both[] = { p->merged, p->merged_pprof };
	bool hour = s->row.start / DEPOT_HOUR == s->end / DEPOT_HOUR;
	int r = 0;

	if (s->n == 1)
		return 0;
	sqlite3_bind_int(p->merged, 4, hour ? DEPOT_LEVEL_HOUR : DEPOT_LEVEL_DAY);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(both); i++) {
		sqlite3_bind_int64(both[i], 1, s->id);
		sqlite3_bind_int64(both[i], 2, s->n);
		sqlite3_bind_int64(both[i], 3, s->end);
		r = sql_step_done(both[i]);
	}
	return r;
}

/* With the id that it had: others may know it by that. */
static int save(struct repair *p)
{
	struct stored *s = &p->stored;
	bool is_new = false;
	int r = p->look->look(p->look->context, s->row.pprof, &s->row.types, &s->row.n_types);

	p->report->broken += r > 0;
	if (r != 0)
		return r < 0 ? r : 0;
	sqlite3_bind_int64(p->number, 1, s->id - 1);
	r = sql_step_done(p->number);
	if (r == 0)
		r = writer_add(&p->writer, &s->row, &is_new);
	if (r != 0 || !is_new)
		return r;
	p->report->profiles++;
	p->report->bytes += s->row.pprof.size;
	return mark_merged(p);
}

static int save_all(struct repair *p)
{
	int r = sql_run(p->to, "BEGIN");

	while (r == 0 || r == STORED_E_BROKEN) {
		r = stored_next(&p->stored);
		p->report->broken += r == STORED_E_BROKEN;
		if (r == 0)
			r = save(p);
		if (r == 0 && p->report->profiles % BATCH == BATCH - 1)
			r = sql_run(p->to, "COMMIT; BEGIN");
	}
	return r == STORED_E_END ? sql_run(p->to, "COMMIT") : r;
}

/* ---- other tables ------------------------------------------------------------------------ */

/* What is not made of profiles, as far as it can be read. */
static int copy_table(struct repair *p, const char *name)
{
	char *sql = sqlite3_mprintf("INSERT OR IGNORE INTO main.\"%w\" SELECT * FROM old.\"%w\"",
				    name, name);
	int r = sql ? sql_run(p->to, sql) : -ENOMEM;

	sqlite3_free(sql);
	if (r == 0 || r == DEPOT_E_FULL || r == -ENOMEM)
		return r;
	if (!p->report->complaints++)
		snprintf(p->report->why, sizeof(p->report->why), "table %s is lost", name);
	return 0;
}

static int copy_tables(struct repair *p, const char *file)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	char *attach = sqlite3_mprintf("ATTACH %Q AS old", file);
	int r = attach ? sql_run(p->to, attach) : -ENOMEM;

	sqlite3_free(attach);
	if (r == 0)
		r = sql_prepare(
			p->to,
			"SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name"
			" NOT IN ('series', 'label', 'profile', 'pprof', 'type', 'value', 'sum',"
			" 'dictionary', 'brief')"
			" AND name NOT LIKE 'sqlite%'",
			&s);
	while (r == 0 && sqlite3_step(s) == SQLITE_ROW)
		r = copy_table(p, (const char *)sqlite3_column_text(s, 0));
	return r;
}

/* ---- the exchange ------------------------------------------------------------------------ */

static int sync_folder(const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/*
 * Whoever repaired it, root as a rule: whose the old one was is to go on with it. That one may
 * write to the folder, and is not to be given what it puts there in the meantime.
 */
static int give(const char *file, const char *made)
{
	_cleanup_(closep) int fd = open(made, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat old, new;

	if (fd < 0 || lstat(file, &old) < 0 || fstat(fd, &new) < 0)
		return -errno;
	if (!S_ISREG(new.st_mode) || new.st_nlink != 1 || new.st_uid != geteuid())
		return -EPERM;
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(fd, old.st_uid, old.st_gid) < 0)
		return -errno;
	return fchmod(fd, old.st_mode & 0777) < 0 ? -errno : 0;
}

/* The database, and what SQLite keeps beside it. */
static const char *const parts[] = { "", "-wal", "-shm" };

/* One that was cut short: what was put aside already is this database's. */
static bool is_put_aside(const char *file, const char *old)
{
	struct stat a, b;

	return stat(file, &a) == 0 && stat(old, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* With an earlier repair's log it would be another database. */
static int drop_earlier(const char *old)
{
	char name[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(name, sizeof(name), "%s%s", old, parts[i]);
		if (unlink(name) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* The database itself stays where it is, too, until the new one takes its place. */
static int put_aside(const char *file, const char *old)
{
	char from[PATH_MAX], to[PATH_MAX];
	int r = 0;

	if (!is_put_aside(file, old)) {
		r = drop_earlier(old);
		if (r == 0 && link(file, old) < 0)
			r = -errno;
	}
	for (size_t i = 1; r == 0 && i < ARRAY_SIZE(parts); i++) {
		snprintf(from, sizeof(from), "%s%s", file, parts[i]);
		snprintf(to, sizeof(to), "%s%s", old, parts[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			r = -errno;
	}
	return r;
}

static int exchange(const char *path, const char *file, const char *made)
{
	_cleanup_(freep) char *old = NULL;

	if (asprintf(&old, "%s.damaged", file) < 0) {
		old = NULL;
		return -ENOMEM;
	}
	int r = put_aside(file, old);
	if (r == 0 && rename(made, file) < 0)
		r = -errno;
	return r ? r : sync_folder(path);
}

/*
 * A log would be taken for the new database's, and without it the old one lacks what was written
 * last: so all of that goes into its file first, and there is no log any more. Who reads it is in
 * the way; and who has it open for longer would take the new one's log away. A log that cannot go
 * in stays beside the old one.
 */
static int end_log(sqlite3 *db)
{
	int code = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	int r = (code & 0xff) == SQLITE_BUSY ? DEPOT_E_LOCKED : sql_outcome(db, code);

	return r == DEPOT_E_DAMAGED || r == -EIO ? 0 : r;
}

static int make(struct repair *p, const char *file, const char *made)
{
	int r = open_new(p, made);

	if (r == 0)
		r = stored_init(&p->stored, p->from);
	if (r == 0)
		r = save_all(p);
	return r ? r : copy_tables(p, file);
}

int depot_repair(const char *path, const struct depot_look *look, struct depot_report *ret_report)
{
	_cleanup_(freep) char *file = NULL, *made = NULL;
	_cleanup_(closep) int lock = -1;
	struct repair p = { .look = look, .report = ret_report };
	int r = depot_find(path);

	*ret_report = (struct depot_report){ 0 };
	if (r == 0)
		r = depot_lock(path, &lock);
	if (r != 0)
		return r;
	if (asprintf(&file, "%s/profiles.db", path) < 0 ||
	    asprintf(&made, "%s/profiles.db.made", path) < 0)
		return -ENOMEM;
	r = schema_open(path, SQLITE_OPEN_READWRITE, &p.from);
	if (r == 0)
		r = end_log(p.from);
	if (r == 0)
		r = make(&p, file, made);
	fini(&p);
	if (r == 0)
		r = give(file, made);
	if (r == 0)
		r = exchange(path, file, made);
	if (r != 0)
		unlink(made); /* it may be as large as what is left of the disk */
	return r;
}
