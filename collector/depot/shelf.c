/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/shelf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/depot/inside.h"
#include "collector/depot/sql.h"

#define OF_LINE	 " tenant = ?1 AND name = ?2 AND mode = ?3 "
#define PIN_LINE " p.tenant = ?1 AND p.name = ?2 AND p.mode = ?3 "
#define COLUMNS	 "SELECT e.id, e.time, e.etag, e.policy, e.note, e.pprof FROM edition e "
/* The last pin of each tag. */
#define LAST_PINS " (SELECT tag, max(id) AS id FROM pin WHERE" OF_LINE "GROUP BY tag ORDER BY tag) "

void depot_edition_fini(struct depot_edition *e)
{
	buf_fini(&e->policy);
	buf_fini(&e->note);
	buf_fini(&e->pprof);
}

static int prepare(sqlite3 *db, const char *sql, const struct depot_line *line,
		   sqlite3_stmt **ret_statement)
{
	int r = sql_prepare(db, sql, ret_statement);

	if (r != 0)
		return r;
	sql_bind_text(*ret_statement, 1, line->tenant);
	sql_bind_text(*ret_statement, 2, line->name);
	sql_bind_text(*ret_statement, 3, line->mode);
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

static void read_bytes(sqlite3_stmt *s, int column, struct buf *to)
{
	const void *data = sqlite3_column_blob(s, column);
	int size = sqlite3_column_bytes(s, column);

	to->size = 0;
	if (data)
		buf_append(to, data, (size_t)size);
}

static void read_text(sqlite3_stmt *s, int column, char *to, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	snprintf(to, size, "%s", text ? text : "");
}

static int read_edition(sqlite3_stmt *s, bool bytes, struct depot_edition *e)
{
	e->id = sqlite3_column_int64(s, 0);
	e->time = sqlite3_column_int64(s, 1);
	read_text(s, 2, e->etag, sizeof(e->etag));
	read_bytes(s, 3, &e->policy);
	read_bytes(s, 4, &e->note);
	if (bytes)
		read_bytes(s, 5, &e->pprof);
	int r = buf_error(&e->policy);
	if (r == 0)
		r = buf_error(&e->note);
	return r ? r : buf_error(&e->pprof);
}

static int read_one(sqlite3 *db, sqlite3_stmt *s, struct depot_edition *ret_edition)
{
	int code = sqlite3_step(s);

	if (code == SQLITE_DONE)
		return DEPOT_E_NONE;
	return code == SQLITE_ROW ? read_edition(s, true, ret_edition) : sql_outcome(db, code);
}

int depot_edition(struct depot_reader *r, const struct depot_line *line, const char *etag,
		  struct depot_edition *ret_edition)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int result = prepare(db,
			     COLUMNS "WHERE" OF_LINE
				     "AND (?4 IS NULL OR etag = ?4) ORDER BY id DESC LIMIT 1",
			     line, &s);

	if (result != 0)
		return result;
	if (etag)
		sql_bind_text(s, 4, etag);
	return read_one(db, s, ret_edition);
}

int depot_editions(struct depot_reader *r, const struct depot_line *line,
		   int (*each)(void *context, const struct depot_edition *e), void *context)
{
	_cleanup_(depot_edition_fini) struct depot_edition e = DEPOT_EDITION_NULL;
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int code = SQLITE_DONE;
	int result = prepare(db, COLUMNS "WHERE" OF_LINE "ORDER BY id DESC", line, &s);

	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		result = read_edition(s, false, &e);
		if (result == 0)
			result = each(context, &e);
	}
	return result ? result : sql_outcome(db, code);
}

int depot_tagged(struct depot_reader *r, const struct depot_line *line, const char *tag,
		 struct depot_edition *ret_edition)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int result = prepare(db,
			     COLUMNS "JOIN pin p ON p.edition = e.id WHERE" PIN_LINE
				     "AND p.tag = ?4 ORDER BY p.id DESC LIMIT 1",
			     line, &s);

	if (result != 0)
		return result;
	sql_bind_text(s, 4, tag);
	return read_one(db, s, ret_edition);
}

int depot_tags(struct depot_reader *r, const struct depot_line *line,
	       int (*each)(void *context, const struct depot_pin *pin), void *context)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_reader_database(r);
	int code = SQLITE_DONE;
	int result = prepare(db,
			     "SELECT p.tag, e.etag, p.time, e.time FROM" LAST_PINS
			     "last JOIN pin p ON p.id = last.id JOIN edition e ON e.id = p.edition"
			     " ORDER BY p.tag",
			     line, &s);

	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct depot_pin pin = { .time = sqlite3_column_int64(s, 2),
					 .published = sqlite3_column_int64(s, 3) };

		read_text(s, 0, pin.tag, sizeof(pin.tag));
		read_text(s, 1, pin.etag, sizeof(pin.etag));
		result = each(context, &pin);
	}
	return result ? result : sql_outcome(db, code);
}

/* ---- writing ----------------------------------------------------------------------------- */

struct change {
	struct depot_job job;
	const struct depot_line *line;
	const struct depot_edition *edition;
	const char *tag, *etag;
	int64_t now;
	bool all;
};

/* A statement with the line as 1 to 3, and the tag as 4 where it has one. *ret_n: rows changed. */
static int run(struct depot *d, const struct change *c, const char *sql, int *ret_n)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_database(d);
	int r = prepare(db, sql, c->line, &s);

	if (r != 0)
		return r;
	if (c->tag && sqlite3_bind_parameter_count(s) >= 4)
		sql_bind_text(s, 4, c->tag);
	r = sql_step_done(s);
	*ret_n = sqlite3_changes(db);
	return r;
}

static int remove_old(struct depot *d, const struct change *c)
{
	int n;

	return run(d, c,
		   "DELETE FROM edition WHERE" OF_LINE
		   "AND id NOT IN (SELECT edition FROM pin WHERE" OF_LINE ")"
		   "AND id NOT IN (SELECT id FROM edition WHERE" OF_LINE "ORDER BY id DESC LIMIT "
		   "20"
		   ")",
		   &n);
}

_Static_assert(DEPOT_MAX_EDITIONS == 20 && DEPOT_MAX_PINS == 20, "the statements say so");

static int publish(struct depot *d, struct depot_job *job)
{
	const struct change *c = container_of(job, struct change, job);
	const struct depot_edition *e = c->edition;
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = prepare(depot_database(d),
			"INSERT INTO edition (tenant, name, mode, time, etag, policy, note, pprof)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
			c->line, &s);

	if (r != 0)
		return r;
	sqlite3_bind_int64(s, 4, e->time);
	sql_bind_text(s, 5, e->etag);
	sql_bind_blob(s, 6, span_of(e->policy.data, e->policy.size));
	sql_bind_blob(s, 7, span_of(e->note.data, e->note.size));
	sql_bind_blob(s, 8, span_of(e->pprof.data, e->pprof.size));
	r = sql_step_done(s);
	return r ? r : remove_old(d, c);
}

int depot_publish(struct depot *d, const struct depot_line *line, const struct depot_edition *e)
{
	struct change c = { .job = { .work = publish, .bytes = e->pprof.size },
			    .line = line,
			    .edition = e };

	return depot_commit(d, &c.job);
}

static int count_other_tags(struct depot *d, const struct change *c, int *ret_n)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_database(d);
	int r = prepare(db, "SELECT count(DISTINCT tag) FROM pin WHERE" OF_LINE "AND tag <> ?4",
			c->line, &s);

	if (r != 0)
		return r;
	sql_bind_text(s, 4, c->tag);
	int code = sqlite3_step(s);
	if (code != SQLITE_ROW)
		return sql_outcome(db, code);
	*ret_n = sqlite3_column_int(s, 0);
	return 0;
}

/* The edition that a tag is to hold, and whether it holds that one. */
static int find_edition(struct depot *d, const struct change *c, int64_t *ret_id, bool *ret_held)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	sqlite3 *db = depot_database(d);
	int r = prepare(db,
			"SELECT e.id, e.id IS (SELECT edition FROM pin WHERE" OF_LINE
			"AND tag = ?4 ORDER BY id DESC LIMIT 1)"
			" FROM edition e WHERE" OF_LINE "AND etag = ?5 ORDER BY id DESC LIMIT 1",
			c->line, &s);

	if (r != 0)
		return r;
	sql_bind_text(s, 4, c->tag);
	sql_bind_text(s, 5, c->etag);
	int code = sqlite3_step(s);
	if (code == SQLITE_DONE)
		return DEPOT_E_NONE;
	if (code != SQLITE_ROW)
		return sql_outcome(db, code);
	*ret_id = sqlite3_column_int64(s, 0);
	*ret_held = sqlite3_column_int(s, 1);
	return 0;
}

static int add_pin(struct depot *d, const struct change *c, int64_t edition)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = prepare(depot_database(d),
			"INSERT INTO pin (tenant, name, mode, tag, edition, time)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			c->line, &s);

	if (r != 0)
		return r;
	sql_bind_text(s, 4, c->tag);
	sqlite3_bind_int64(s, 5, edition);
	sqlite3_bind_int64(s, 6, c->now);
	return sql_step_done(s);
}

static int pin(struct depot *d, struct depot_job *job)
{
	const struct change *c = container_of(job, struct change, job);
	int64_t edition = 0;
	bool held = false;
	int n = 0;
	int r = find_edition(d, c, &edition, &held);

	if (r == 0)
		r = count_other_tags(d, c, &n);
	if (r == 0 && n >= (int)DEPOT_MAX_TAGS)
		return DEPOT_E_TAGS;
	if (r != 0 || held)
		return r;
	r = add_pin(d, c, edition);
	if (r == 0)
		r = run(d, c,
			"DELETE FROM pin WHERE" OF_LINE "AND tag = ?4 AND id NOT IN"
			" (SELECT id FROM pin WHERE" OF_LINE "AND tag = ?4 ORDER BY id DESC LIMIT "
			"20"
			")",
			&n);
	return r ? r : remove_old(d, c);
}

int depot_pin(struct depot *d, const struct depot_line *line, const char *tag, const char *etag,
	      int64_t now)
{
	struct change c = { .job.work = pin, .line = line, .tag = tag, .etag = etag, .now = now };

	return depot_commit(d, &c.job);
}

static int unpin(struct depot *d, struct depot_job *job)
{
	const struct change *c = container_of(job, struct change, job);
	int n = 0;
	int r = run(d, c,
		    c->all ? "DELETE FROM pin WHERE" OF_LINE "AND tag = ?4"
			   : "DELETE FROM pin WHERE id = (SELECT max(id) FROM pin WHERE" OF_LINE
			     "AND tag = ?4)",
		    &n);

	if (r == 0 && !n)
		return DEPOT_E_NONE;
	return r ? r : remove_old(d, c);
}

int depot_unpin(struct depot *d, const struct depot_line *line, const char *tag, bool all)
{
	struct change c = { .job.work = unpin, .line = line, .tag = tag, .all = all };

	return depot_commit(d, &c.job);
}
