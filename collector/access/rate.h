/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much each tenant may push: an account that gains @rate bytes a second up to @burst, and from
 * which every request's body is taken once it is there. Who is in debt is asked to come again when
 * it is paid off. So no request is too large for it, and one client that is slow to hear does not
 * hold up others: accounts are per tenant.
 *
 * By any thread. There are RATE_MAX_TENANTS accounts; a further tenant takes that of the one that
 * was away longest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/access/tokens.h"

#define RATE_MAX_TENANTS 256u

struct rate;

/* @per_second 0: no limit. 0 or -ENOMEM. */
int rate_new(uint64_t per_second, uint64_t burst, struct rate **ret_rate);
struct rate *rate_free(struct rate *r);

/* Whole seconds until @tenant may push again, 0: now. @now is of clock_monotonic(). */
uint64_t rate_wait(struct rate *r, const char *tenant, uint64_t now);

/* It has pushed so many bytes. */
void rate_charge(struct rate *r, const char *tenant, uint64_t bytes, uint64_t now);
