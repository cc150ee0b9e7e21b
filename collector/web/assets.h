/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pages are drawn with, built into the program (embed.py): the name of each changes with its
 * contents, so that a browser may keep it for ever.
 */
#pragma once

#include "base/span.h"

enum asset_id {
	ASSET_STYLE,
	ASSET_ICON,
	ASSET_PAGE,
	ASSET_GRAPH,
	ASSET_SELECTION,
	ASSET_LIBRARY,
	N_ASSETS
};

struct asset {
	const char *path, *type;
	struct span plain, gzip;
};

extern const struct asset assets[N_ASSETS];

/* By its path, or NULL. */
const struct asset *asset_find(const char *path);
