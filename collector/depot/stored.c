/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/stored.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "collector/depot/sql.h"

enum column {
	ID,
	DATA,
	TENANT,
	LABELS,
	SERVICE,
	PACKAGE,
	KEY,
	BUILD,
	START,
	DURATION,
	SAMPLES,
	CPU,
	N,
	LAST
};

#define COLUMNS                                                                                \
	"SELECT profile, data, tenant, labels, service, package, key, build, start, duration," \
	" samples, cpu, n, last FROM pprof WHERE profile > ?1 ORDER BY profile LIMIT 1"

/* The index's row of a profile, if it says the same. */
#define LISTED                                                                              \
	"SELECT s.tenant = d.tenant AND s.key = d.labels AND s.service = d.service"         \
	" AND s.package = d.package AND p.key = d.key AND p.build = d.build"                \
	" AND p.start = d.start AND p.duration = d.duration AND p.samples = d.samples"      \
	" AND p.cpu = d.cpu AND p.n = d.n AND p.last = d.last AND p.bytes = length(d.data)" \
	" AND (SELECT count(*) FROM label l WHERE l.series = s.id) > 0"                     \
	" FROM profile p JOIN series s ON s.id = p.series JOIN pprof d ON d.profile = p.id" \
	" WHERE p.id = ?1"

/* The highest id there may be. The last page of a table may be the broken one, so ask both. */
static int64_t highest(sqlite3 *db)
{
	static const char *const texts[] = { "SELECT max(profile) FROM pprof",
					     "SELECT max(id) FROM profile",
					     "SELECT max(seq) FROM sqlite_sequence" };
	int64_t most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;

		if (sql_prepare(db, texts[i], &s) == 0 && sqlite3_step(s) == SQLITE_ROW &&
		    sqlite3_column_int64(s, 0) > most)
			most = sqlite3_column_int64(s, 0);
	}
	return most;
}

int stored_init(struct stored *s, sqlite3 *db)
{
	*s = (struct stored){ .db = db, .last = highest(db) };
	int r = sql_prepare(db, COLUMNS, &s->next);
	return r ? r : sql_prepare(db, LISTED, &s->listed);
}

void stored_fini(struct stored *s)
{
	sql_finalizep(&s->next);
	sql_finalizep(&s->listed);
}

static const char *text_of(sqlite3_stmt *s, enum column column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

static struct span bytes_of(sqlite3_stmt *s, enum column column)
{
	const void *data = sqlite3_column_blob(s, column);

	return span_of(data ? data : "", (size_t)sqlite3_column_bytes(s, column));
}

/* name NUL value NUL, over and over. */
static bool read_labels(struct stored *s, struct span rest)
{
	struct span name, value;

	s->row.n_labels = 0;
	if (rest.size && rest.data[rest.size - 1])
		return false;
	while (text_cut(&rest, '\0', &name)) {
		if (!text_cut(&rest, '\0', &value) || s->row.n_labels == STORED_MAX_LABELS)
			return false;
		s->labels[s->row.n_labels++] =
			(struct depot_label){ (const char *)name.data, (const char *)value.data };
	}
	s->row.labels = s->labels;
	return s->row.n_labels > 0;
}

static int read_row(struct stored *s)
{
	const struct span key = bytes_of(s->next, KEY);

	s->id = sqlite3_column_int64(s->next, ID);
	s->row = (struct depot_profile){
		.tenant = text_of(s->next, TENANT),
		.service = text_of(s->next, SERVICE),
		.package = text_of(s->next, PACKAGE),
		.build = text_of(s->next, BUILD),
		.start = sqlite3_column_int64(s->next, START),
		.duration = sqlite3_column_int64(s->next, DURATION),
		.samples = sqlite3_column_int64(s->next, SAMPLES),
		.cpu = sqlite3_column_int(s->next, CPU) != 0,
		.pprof = bytes_of(s->next, DATA),
	};
	s->n = sqlite3_column_int64(s->next, N);
	s->end = sqlite3_column_int64(s->next, LAST);
	if (key.size != DEPOT_KEY_SIZE || !*s->row.tenant ||
	    !read_labels(s, bytes_of(s->next, LABELS)))
		return STORED_E_BROKEN;
	memcpy(s->row.key, key.data, DEPOT_KEY_SIZE);
	return 0;
}

/* Is it in the index, and the same there? A broken index says no. */
static bool is_listed(struct stored *s)
{
	sqlite3_bind_int64(s->listed, 1, s->id);
	bool same = sqlite3_step(s->listed) == SQLITE_ROW && sqlite3_column_int(s->listed, 0);

	sqlite3_reset(s->listed);
	return same;
}

int stored_next(struct stored *s)
{
	sqlite3_reset(s->next);
	sqlite3_bind_int64(s->next, 1, s->id);
	int code = sqlite3_step(s->next);
	if (code == SQLITE_ROW) {
		int r = read_row(s);
		s->same = r == 0 && is_listed(s);
		return r;
	}
	if (code == SQLITE_DONE)
		return STORED_E_END;
	int r = sql_outcome(s->db, code);
	if (r < 0 && r != -EIO)
		return r;
	/* One after the other, until something can be read again. */
	s->id++;
	return s->id > s->last ? STORED_E_END : STORED_E_BROKEN;
}
