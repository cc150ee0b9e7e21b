/* SPDX-License-Identifier: Apache-2.0 */
/* All profiles of a folder that nobody else uses, one after the other, with what is known of them.
 */
#pragma once

#include "collector/depot/depot.h"

struct depot_replay;

/* From the one after id @after on. As depot_verify(); DEPOT_E_LOCKED where a collector runs. */
int depot_replay_open(const char *path, int64_t after, struct depot_replay **ret_replay);
void depot_replay_closep(struct depot_replay **r);

struct depot_replayed {
	int64_t id;
	int64_t n; /* profiles pushed that are in it */
	const struct depot_profile *profile;
};

/*
 * The next one, by id, which is borrowed until the next call. 0, DEPOT_E_NONE (there are no more),
 * DEPOT_E_DAMAGED (that one cannot be read, the next may), or -errno.
 */
int depot_replay_next(struct depot_replay *r, struct depot_replayed *ret_one);
