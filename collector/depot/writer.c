/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/writer.h"

#include <errno.h>
#include <string.h>

#include "collector/depot/sql.h"

/* 30 labels of 1024 and 2048 bytes. */
#define KEY_MAX ((size_t)128 << 10)

/* With all that the index holds of it. */
#define STORE                                                                             \
	"INSERT INTO pprof (profile, data, tenant, labels, service, package, key, build," \
	" start, duration, samples, cpu, n, last)"                                        \
	" SELECT p.id, ?2, s.tenant, s.key, s.service, s.package, p.key, p.build,"        \
	" p.start, p.duration, p.samples, p.cpu, p.n, p.last"                             \
	" FROM profile p JOIN series s ON s.id = p.series WHERE p.id = ?1"

static const char *const texts[WRITER_N_STATEMENTS] = {
	[WRITER_FIND_SERIES] = "SELECT id FROM series WHERE tenant = ? AND key = ?",
	[WRITER_ADD_SERIES] =
		"INSERT INTO series (tenant, key, service, package) VALUES (?, ?, ?, ?)",
	[WRITER_ADD_LABEL] = "INSERT INTO label (series, name, value) VALUES (?, ?, ?)",
	[WRITER_ADD_PROFILE] = "INSERT INTO profile"
			       " (key, series, build, start, duration, samples, cpu, bytes, last)"
			       " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?"
			       " WHERE NOT EXISTS (SELECT 1 FROM merged WHERE key = ?1)"
			       " ON CONFLICT (key) DO NOTHING",
	[WRITER_ADD_PPROF] = STORE,
	[WRITER_FIND_TYPE] = "SELECT id FROM type WHERE series = ? AND name = ?",
	[WRITER_ADD_TYPE] = "INSERT INTO type (series, name) VALUES (?, ?)",
	[WRITER_ADD_VALUE] = "INSERT INTO value (profile, type, total) VALUES (?, ?, ?)",
	[WRITER_ADD_STACKS] =
		"INSERT OR IGNORE INTO dictionary (id, first, n, data) VALUES (?, ?, ?, ?)",
	[WRITER_ADD_BRIEF] = "INSERT INTO brief (profile, dictionary, data) VALUES (?, ?, ?)",
};

int writer_init(struct writer *w, sqlite3 *db)
{
	int r = 0;

	*w = (struct writer){ .db = db };
	for (size_t i = 0; r == 0 && i < WRITER_N_STATEMENTS; i++)
		r = sql_prepare(db, texts[i], &w->statements[i]);
	return r;
}

void writer_fini(struct writer *w)
{
	for (size_t i = 0; i < WRITER_N_STATEMENTS; i++)
		sql_finalizep(&w->statements[i]);
	*w = (struct writer){ 0 };
}

static void make_key(const struct depot_profile *p, struct buf *key)
{
	for (size_t i = 0; i < p->n_labels; i++) {
		buf_append(key, p->labels[i].name, strlen(p->labels[i].name) + 1);
		buf_append(key, p->labels[i].value, strlen(p->labels[i].value) + 1);
	}
}

static int add_labels(struct writer *w, const struct depot_profile *p, int64_t series)
{
	sqlite3_stmt *s = w->statements[WRITER_ADD_LABEL];
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_labels; i++) {
		sqlite3_bind_int64(s, 1, series);
		sql_bind_text(s, 2, p->labels[i].name);
		sql_bind_text(s, 3, p->labels[i].value);
		r = sql_step_done(s);
	}
	return r;
}

static int add_series(struct writer *w, const struct depot_profile *p, struct span key,
		      int64_t *ret_series)
{
	sqlite3_stmt *s = w->statements[WRITER_ADD_SERIES];

	sql_bind_text(s, 1, p->tenant);
	sql_bind_blob(s, 2, key);
	sql_bind_text(s, 3, p->service);
	sql_bind_text(s, 4, p->package);
	int r = sql_step_done(s);
	if (r != 0)
		return r;
	*ret_series = sqlite3_last_insert_rowid(w->db);
	return add_labels(w, p, *ret_series);
}

static int find_series(struct writer *w, const struct depot_profile *p, int64_t *ret_series)
{
	_cleanup_(buf_fini) struct buf key = BUF_INIT(KEY_MAX);
	sqlite3_stmt *s = w->statements[WRITER_FIND_SERIES];

	make_key(p, &key);
	if (buf_error(&key))
		return buf_error(&key);
	sql_bind_text(s, 1, p->tenant);
	sql_bind_blob(s, 2, span_of(key.data, key.size));
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*ret_series = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	if (code != SQLITE_DONE)
		return sql_outcome(w->db, code);
	return add_series(w, p, span_of(key.data, key.size), ret_series);
}

static int64_t end_of(const struct depot_profile *p)
{
	int64_t end;

	return __builtin_add_overflow(p->start, p->duration, &end) ? INT64_MAX : end;
}

static int add_row(struct writer *w, const struct depot_profile *p, int64_t series, bool *ret_new)
{
	sqlite3_stmt *s = w->statements[WRITER_ADD_PROFILE];

	sql_bind_blob(s, 1, span_of(p->key, sizeof(p->key)));
	sqlite3_bind_int64(s, 2, series);
	sql_bind_text(s, 3, p->build);
	sqlite3_bind_int64(s, 4, p->start);
	sqlite3_bind_int64(s, 5, p->duration);
	sqlite3_bind_int64(s, 6, p->samples);
	sqlite3_bind_int(s, 7, p->cpu);
	sqlite3_bind_int64(s, 8, (int64_t)p->pprof.size);
	sqlite3_bind_int64(s, 9, end_of(p));
	int r = sql_step_done(s);
	*ret_new = r == 0 && sqlite3_changes(w->db) > 0;
	return r;
}

static int find_type(struct writer *w, int64_t series, const char *name, int64_t *ret_type)
{
	sqlite3_stmt *s = w->statements[WRITER_FIND_TYPE];

	sqlite3_bind_int64(s, 1, series);
	sql_bind_text(s, 2, name);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*ret_type = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	if (code != SQLITE_DONE)
		return sql_outcome(w->db, code);
	s = w->statements[WRITER_ADD_TYPE];
	sqlite3_bind_int64(s, 1, series);
	sql_bind_text(s, 2, name);
	int r = sql_step_done(s);
	*ret_type = sqlite3_last_insert_rowid(w->db);
	return r;
}

static int add_values(struct writer *w, const struct depot_profile *p, int64_t series,
		      int64_t profile)
{
	sqlite3_stmt *s = w->statements[WRITER_ADD_VALUE];
	int64_t type = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_types; i++) {
		r = find_type(w, series, p->types[i].name, &type);
		if (r != 0)
			return r;
		sqlite3_bind_int64(s, 1, profile);
		sqlite3_bind_int64(s, 2, type);
		sqlite3_bind_int64(s, 3, p->types[i].total);
		r = sql_step_done(s);
	}
	return r;
}

static int store(sqlite3_stmt *s, int64_t id, struct span pprof)
{
	sqlite3_bind_int64(s, 1, id);
	sql_bind_blob(s, 2, pprof);
	int r = sql_step_done(s);
	/* A broken index: better no profile than one that is only half there. */
	return r == 0 && sqlite3_changes(sqlite3_db_handle(s)) != 1 ? DEPOT_E_DAMAGED : r;
}

int writer_store(sqlite3 *db, int64_t id, struct span pprof)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, STORE, &s);

	return r ? r : store(s, id, pprof);
}

/* Also where the profile is there already: the briefs of others are written in it. */
static int add_stacks(struct writer *w, const struct depot_brief *b)
{
	sqlite3_stmt *s = w->statements[WRITER_ADD_STACKS];

	if (!b->n)
		return 0;
	sqlite3_bind_int64(s, 1, b->dictionary);
	sqlite3_bind_int64(s, 2, b->first);
	sqlite3_bind_int64(s, 3, b->n);
	sql_bind_blob(s, 4, b->stacks);
	return sql_step_done(s);
}

static int add_brief(struct writer *w, const struct depot_brief *b, int64_t profile)
{
	sqlite3_stmt *s = w->statements[WRITER_ADD_BRIEF];

	if (!b->dictionary)
		return 0;
	sqlite3_bind_int64(s, 1, profile);
	sqlite3_bind_int64(s, 2, b->dictionary);
	sql_bind_blob(s, 3, b->counts);
	return sql_step_done(s);
}

int writer_add(struct writer *w, const struct depot_profile *p, bool *ret_new)
{
	int64_t series = 0;

	int r = find_series(w, p, &series);
	if (r == 0)
		r = add_stacks(w, &p->brief);
	if (r == 0)
		r = add_row(w, p, series, ret_new);
	if (r != 0 || !*ret_new)
		return r;
	int64_t profile = sqlite3_last_insert_rowid(w->db);
	r = store(w->statements[WRITER_ADD_PPROF], profile, p->pprof);
	if (r == 0)
		r = add_values(w, p, series, profile);
	return r ? r : add_brief(w, &p->brief, profile);
}
