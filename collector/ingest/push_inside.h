/* SPDX-License-Identifier: Apache-2.0 */
/* How both codecs build a push. Inside of this room. */
#pragma once

#include "collector/ingest/push.h"

/* The new one is the last. 0, INGEST_E_REFUSED or -ENOMEM. */
int push_add_series(struct push *p, struct refusal *why);

/* To the last series. *ret_sample is valid until the next one, and its .pprof is to be set. */
int push_add_sample(struct push *p, struct span id, struct push_sample **ret_sample,
		    struct refusal *why);
