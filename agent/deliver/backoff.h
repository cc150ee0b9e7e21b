/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a push is tried again. Pure. */
#pragma once

#include <stdint.h>

#include "base/clock.h"

#define BACKOFF_MOST_ASKED (3600 * NSEC_PER_SEC)

struct backoff {
	uint64_t min, max; /* ns */
};

/*
 * After @failures (1 or more) in a row: min, 2 min, 4 min and so on up to max, less up to half of
 * it by @random (any bits), so that agents whose store was down do not come back as one. Never less
 * than what the store asked for, @retry_after, up to an hour.
 */
static inline uint64_t backoff_delay(const struct backoff *b, uint32_t failures,
				     uint64_t retry_after, uint64_t random)
{
	uint64_t delay = b->min < b->max ? b->min : b->max;

	while (--failures && delay < b->max)
		delay = delay > b->max / 2 ? b->max : 2 * delay;
	delay -= random % (delay / 2 + 1);
	if (retry_after > BACKOFF_MOST_ASKED)
		retry_after = BACKOFF_MOST_ASKED;
	return delay > retry_after ? delay : retry_after;
}
