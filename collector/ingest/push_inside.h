/* SPDX-License-Identifier: Apache-2.0 */
/* How both codecs build a push. Inside of this room. */
#pragma once

#include "collector/ingest/push.h"

/* The new one is the last. 0, INGEST_E_REFUSED or -ENOMEM. */
int push_add_series(struct push *p, struct refusal *why);

/* To the last series. *ret_room is of @size bytes, to be filled, the push's own. */
int push_add_sample(struct push *p, const char *id, size_t size, uint8_t **ret_room,
		    struct refusal *why);
