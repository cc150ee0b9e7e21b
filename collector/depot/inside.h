/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#pragma once

#include <sqlite3.h>

#include "collector/depot/depot.h"

/* The database's path. */
const char *depot_file(const struct depot *d);

/* The connection of a reader. */
sqlite3 *depot_reader_database(struct depot_reader *r);
