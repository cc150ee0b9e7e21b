/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/depot/repair.h"
#include "collector/depot/schema.h"
#include "collector/depot/sql.h"

static int sync_path(const char *path, int flags)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* A folder of another name, beside the one that it becomes. */
struct copy {
	char *to, *folder, *file, *parent;
};

static void fini(struct copy *c)
{
	if (c->file)
		unlink(c->file);
	if (c->folder)
		rmdir(c->folder);
	free(c->file);
	free(c->folder);
	free(c->parent);
	free(c->to);
}

static int init(struct copy *c, const char *to)
{
	struct stat there;

	*c = (struct copy){ .to = strdup(to), .parent = strdup(to) };
	if (!c->to || !c->parent)
		return -ENOMEM;
	for (size_t n = strlen(to); n > 1 && to[n - 1] == '/'; n--)
		c->to[n - 1] = '\0';
	if (lstat(c->to, &there) == 0)
		return REPAIR_E_EXISTS;
	if (asprintf(&c->folder, "%s.partial-XXXXXX", c->to) < 0) {
		c->folder = NULL;
		return -ENOMEM;
	}
	if (!mkdtemp(c->folder)) {
		free(TAKE_PTR(c->folder));
		return -errno;
	}
	if (asprintf(&c->file, "%s/profiles.db", c->folder) < 0) {
		c->file = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* SQLite does not sync the file that VACUUM INTO writes. */
static int finish(struct copy *c)
{
	int r = sync_path(c->file, 0);

	if (r == 0)
		r = sync_path(c->folder, O_DIRECTORY);
	if (r != 0)
		return r;
	if (renameat2(AT_FDCWD, c->folder, AT_FDCWD, c->to, RENAME_NOREPLACE) < 0)
		return errno == EEXIST ? REPAIR_E_EXISTS : -errno;
	free(TAKE_PTR(c->file));
	free(TAKE_PTR(c->folder));
	return sync_path(dirname(c->parent), O_DIRECTORY);
}

static int vacuum_into(sqlite3 *db, const char *file)
{
	_cleanup_(sql_finalizep) sqlite3_stmt *s = NULL;
	int r = sql_prepare(db, "VACUUM INTO ?", &s);

	if (r != 0)
		return r;
	sql_bind_text(s, 1, file);
	return sql_step_done(s);
}

int depot_backup(const char *path, const char *to, char *ret_why)
{
	_cleanup_(sql_closep) sqlite3 *db = NULL;
	_cleanup_(fini) struct copy copy = { 0 };
	int r = schema_open(path, SQLITE_OPEN_READONLY, &db);

	*ret_why = '\0';
	if (r == 0) {
		r = init(&copy, to);
		if (r < 0)
			snprintf(ret_why, DEPOT_WHY_SIZE, "%s", to);
	}
	if (r == 0) {
		r = vacuum_into(db, copy.file);
		if (r != 0)
			snprintf(ret_why, DEPOT_WHY_SIZE, "%s", sqlite3_errmsg(db));
	}
	return r ? r : finish(&copy);
}
