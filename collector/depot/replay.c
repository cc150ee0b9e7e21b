/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/depot/replay.h"

#include <errno.h>

#include "collector/depot/inside.h"
#include "collector/depot/repair.h"
#include "collector/depot/schema.h"
#include "collector/depot/sql.h"
#include "collector/depot/stored.h"

struct depot_replay {
	int lock;
	sqlite3 *db;
	struct stored stored;
};

void depot_replay_closep(struct depot_replay **r)
{
	if (!*r)
		return;
	stored_fini(&(*r)->stored);
	sql_closep(&(*r)->db);
	closep(&(*r)->lock);
	free(*r);
}

int depot_replay_open(const char *path, int64_t after, struct depot_replay **ret_replay)
{
	_cleanup_(depot_replay_closep) struct depot_replay *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->lock = -1;
	int r = depot_find(path);
	if (r == 0)
		r = depot_lock(path, &d->lock);
	if (r == 0)
		r = schema_open(path, SQLITE_OPEN_READONLY, &d->db);
	if (r == 0)
		r = stored_init(&d->stored, d->db);
	if (r != 0)
		return r;
	d->stored.id = after;
	*ret_replay = TAKE_PTR(d);
	return 0;
}

int depot_replay_next(struct depot_replay *d, struct depot_replayed *ret_one)
{
	int r = stored_next(&d->stored);

	*ret_one = (struct depot_replayed){ d->stored.id, d->stored.n, &d->stored.row };
	return r == STORED_E_END ? DEPOT_E_NONE : r == STORED_E_BROKEN ? DEPOT_E_DAMAGED : r;
}
