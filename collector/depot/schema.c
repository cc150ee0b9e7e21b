/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/schema.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "collector/depot/repair.h"
#include "collector/depot/sql.h"

/* Never changed once released: what changes is a step of its own behind them. */
static const char *const steps[] = {
	"CREATE TABLE series ("
	"  id INTEGER PRIMARY KEY,"
	"  tenant TEXT NOT NULL,"
	"  key BLOB NOT NULL," /* all labels, in order: name NUL value NUL */
	"  service TEXT NOT NULL,"
	"  package TEXT NOT NULL,"
	"  UNIQUE (tenant, key));"
	"CREATE INDEX series_by_package ON series (tenant, package);"
	"CREATE INDEX series_by_service ON series (tenant, service);"
	"CREATE TABLE label ("
	"  series INTEGER NOT NULL REFERENCES series (id),"
	"  name TEXT NOT NULL,"
	"  value TEXT NOT NULL,"
	"  PRIMARY KEY (series, name)) WITHOUT ROWID;"
	"CREATE INDEX label_by_value ON label (name, value);"
	"CREATE TABLE profile ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used again: see depot_state() */
	"  key BLOB NOT NULL UNIQUE,"
	"  series INTEGER NOT NULL REFERENCES series (id),"
	"  build TEXT NOT NULL,"
	"  start INTEGER NOT NULL,"
	"  duration INTEGER NOT NULL,"
	"  samples INTEGER NOT NULL,"
	"  cpu INTEGER NOT NULL,"
	"  bytes INTEGER NOT NULL);"
	"CREATE INDEX profile_by_start ON profile (series, cpu, start);"
	"CREATE INDEX profile_by_build ON profile (series, build, start);"
	"CREATE TABLE pprof ("
	"  profile INTEGER PRIMARY KEY REFERENCES profile (id),"
	"  data BLOB NOT NULL);",

	/* What is asked without looking into profiles. Of CPU profiles that are there it is known
	 * what Go programs write. */
	"CREATE TABLE type ("
	"  id INTEGER PRIMARY KEY,"
	"  series INTEGER NOT NULL REFERENCES series (id),"
	"  name TEXT NOT NULL,"
	"  UNIQUE (series, name));"
	"CREATE TABLE value ("
	"  profile INTEGER NOT NULL REFERENCES profile (id),"
	"  type INTEGER NOT NULL REFERENCES type (id),"
	"  total INTEGER NOT NULL,"
	"  PRIMARY KEY (profile, type)) WITHOUT ROWID;"
	"CREATE TRIGGER profile_gone AFTER DELETE ON profile BEGIN"
	"  DELETE FROM value WHERE profile = old.id; END;"
	"CREATE TRIGGER series_gone AFTER DELETE ON series BEGIN"
	"  DELETE FROM type WHERE series = old.id; END;"
	"INSERT INTO type (series, name)"
	"  SELECT DISTINCT p.series, t.name FROM profile p,"
	"    (SELECT 'samples:count:cpu:nanoseconds' AS name"
	"     UNION ALL SELECT 'cpu:nanoseconds:cpu:nanoseconds') t"
	"  WHERE p.cpu = 1;",

	/* Profiles are merged, and with each is stored all that the index is made of. */
	"ALTER TABLE profile ADD COLUMN level INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE profile ADD COLUMN n INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE profile ADD COLUMN last INTEGER NOT NULL DEFAULT 0;"
	"UPDATE profile SET last = start + min(duration, 0x7fffffffffffffff - max(start, 0));"
	"CREATE INDEX profile_by_level ON profile (level, start);"
	"CREATE INDEX profile_by_end ON profile (last);"
	"CREATE TABLE merged (" /* keys of profiles that are part of another */
	"  key BLOB PRIMARY KEY,"
	"  time INTEGER NOT NULL) WITHOUT ROWID;" /* when it was merged */
	"CREATE INDEX merged_by_time ON merged (time);"
	"ALTER TABLE pprof ADD COLUMN tenant TEXT;"
	"ALTER TABLE pprof ADD COLUMN labels BLOB;" /* as series.key */
	"ALTER TABLE pprof ADD COLUMN service TEXT;"
	"ALTER TABLE pprof ADD COLUMN package TEXT;"
	"ALTER TABLE pprof ADD COLUMN key BLOB;"
	"ALTER TABLE pprof ADD COLUMN build TEXT;"
	"ALTER TABLE pprof ADD COLUMN start INTEGER;"
	"ALTER TABLE pprof ADD COLUMN duration INTEGER;"
	"ALTER TABLE pprof ADD COLUMN samples INTEGER;"
	"ALTER TABLE pprof ADD COLUMN cpu INTEGER;"
	"ALTER TABLE pprof ADD COLUMN n INTEGER;"
	"ALTER TABLE pprof ADD COLUMN last INTEGER;"
	"UPDATE pprof SET (tenant, labels, service, package, key, build, start, duration, samples,"
	"  cpu, n, last) ="
	"  (SELECT s.tenant, s.key, s.service, s.package, p.key, p.build, p.start, p.duration,"
	"  p.samples, p.cpu, p.n, p.last FROM profile p JOIN series s ON s.id = p.series"
	"  WHERE p.id = pprof.profile);",

	/* What was published, and tags on it. */
	"CREATE TABLE edition ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  tenant TEXT NOT NULL,"
	"  name TEXT NOT NULL,"
	"  mode TEXT NOT NULL,"
	"  time INTEGER NOT NULL,"
	"  etag TEXT NOT NULL,"
	"  policy TEXT NOT NULL,"
	"  note TEXT NOT NULL,"
	"  pprof BLOB NOT NULL);"
	"CREATE INDEX edition_by_name ON edition (tenant, name, mode, id);"
	"CREATE TABLE pin ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  tenant TEXT NOT NULL,"
	"  name TEXT NOT NULL,"
	"  mode TEXT NOT NULL,"
	"  tag TEXT NOT NULL,"
	"  edition INTEGER NOT NULL REFERENCES edition (id),"
	"  time INTEGER NOT NULL);"
	"CREATE INDEX pin_by_tag ON pin (tenant, name, mode, tag, id);",

	/* Sums that need not be made again: sums.h. */
	"CREATE TABLE sum ("
	"  profile INTEGER NOT NULL REFERENCES profile (id),"
	"  kind INTEGER NOT NULL,"
	"  n INTEGER NOT NULL,"
	"  digest BLOB NOT NULL,"
	"  data BLOB NOT NULL,"
	"  PRIMARY KEY (profile, kind));"
	"CREATE TRIGGER profile_of_sum_gone AFTER DELETE ON profile BEGIN"
	"  DELETE FROM sum WHERE profile = old.id; END;",

	/* Profiles in brief: briefs.h. */
	"CREATE TABLE dictionary ("
	"  id INTEGER NOT NULL," /* when it was begun, ns */
	"  first INTEGER NOT NULL,"
	"  n INTEGER NOT NULL,"
	"  data BLOB NOT NULL,"
	"  PRIMARY KEY (id, first));"
	"CREATE TABLE brief ("
	"  profile INTEGER PRIMARY KEY REFERENCES profile (id),"
	"  dictionary INTEGER NOT NULL,"
	"  data BLOB NOT NULL);"
	"CREATE INDEX brief_by_dictionary ON brief (dictionary);"
	"CREATE TRIGGER profile_of_brief_gone AFTER DELETE ON profile BEGIN"
	"  DELETE FROM brief WHERE profile = old.id; END;",
};

int schema_version(void)
{
	return ARRAY_SIZE(steps);
}

static int read_number(sqlite3 *db, const char *sql, int *ret_number)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (r == SQLITE_OK && sqlite3_step(s) != SQLITE_ROW)
		r = SQLITE_CORRUPT;
	if (r != SQLITE_OK)
		return sql_outcome(db, r);
	*ret_number = sqlite3_column_int(s, 0);
	return 0;
}

/* A new database has neither an owner nor tables. */
static int check_owner(sqlite3 *db)
{
	int application = 0, tables = 0;
	int r = read_number(db, "PRAGMA application_id", &application);

	if (r != 0 || application == SCHEMA_APPLICATION)
		return r;
	r = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (r != 0)
		return r;
	return application || tables ? DEPOT_E_FOREIGN : 0;
}

int schema_upgrade_by(sqlite3 *db, const char *const *all, int n)
{
	char last[96];
	int version = 0;
	int r = check_owner(db);

	if (r == 0)
		r = read_number(db, "PRAGMA user_version", &version);
	if (r != 0 || version == n)
		return r;
	if (version > n || version < 0)
		return DEPOT_E_NEWER;
	r = sql_run(db, "BEGIN EXCLUSIVE");
	for (int i = version; r == 0 && i < n; i++)
		r = sql_run(db, all[i]);
	snprintf(last, sizeof(last), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		 SCHEMA_APPLICATION, n);
	if (r == 0)
		r = sql_run(db, last);
	if (r != 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int schema_upgrade(sqlite3 *db)
{
	return schema_upgrade_by(db, steps, ARRAY_SIZE(steps));
}

static int check_version(sqlite3 *db)
{
	int version = 0;
	int r = check_owner(db);

	if (r == 0)
		r = read_number(db, "PRAGMA user_version", &version);
	if (r != 0 || version == schema_version())
		return r;
	return version < schema_version() ? REPAIR_E_EARLIER : DEPOT_E_NEWER;
}

int schema_open(const char *path, int flags, sqlite3 **ret_db)
{
	_cleanup_(freep) char *file = NULL;
	_cleanup_(sql_closep) sqlite3 *db = NULL;
	int r = depot_find(path);

	if (r != 0)
		return r;
	if (asprintf(&file, "%s/profiles.db", path) < 0) {
		file = NULL;
		return -ENOMEM;
	}
	int code = sqlite3_open_v2(file, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
				   NULL);
	r = db ? sql_outcome(db, code) : -ENOMEM;
	if (r == 0)
		r = sql_run(db, "PRAGMA busy_timeout = 10000");
	if (r == 0)
		r = check_version(db);
	if (r == 0)
		*ret_db = TAKE_PTR(db);
	return r;
}
