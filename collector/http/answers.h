/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for answers, from the time that they are there until their client has taken them: who asks
 * much on many connections and reads nothing would keep them all in memory. Inside of this room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/http/budget.h"
#include "collector/http/request.h"

/* Up to so many bytes an answer counts as part of its connection: there is always one of health. */
#define ANSWERS_FREE ((size_t)4 << 10)
/* Up to so many it may have some of the last eighth, too: metrics tell why there is no room. */
#define ANSWERS_SMALL ((size_t)64 << 10)

/* False: there is no room for @r's. One that is larger than all of it counts as all but the last
 * eighth. */
bool answers_keep(struct budget *b, struct http_request *r);

/* @r's is gone. */
void answers_release(struct budget *b, struct http_request *r);
