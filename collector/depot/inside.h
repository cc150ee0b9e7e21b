/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#pragma once

#include "collector/depot/depot.h"

/* The database's path. */
const char *depot_file(const struct depot *d);
