/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers given as options. */
#pragma once

#include "base/clock.h"
#include "base/text.h"

/* Decimal digits and nothing else. */
static inline bool parse_count(const char *text, uint64_t *ret_count)
{
	struct span rest = span_of(text, strlen(text));

	return text_number(&rest, 10, ret_count) && !rest.size;
}

/* A number and s, m, h or d: ns, at most @max and at least one. */
static inline bool parse_time(const char *text, uint64_t max, uint64_t *ret_time)
{
	static const struct {
		char name;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 24 * 3600 } };
	struct span rest = span_of(text, strlen(text));
	uint64_t n;

	if (!text_number(&rest, 10, &n) || rest.size != 1)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (rest.data[0] == (uint8_t)units[i].name)
			return !__builtin_mul_overflow(n, units[i].seconds * NSEC_PER_SEC,
						       ret_time) &&
			       *ret_time && *ret_time <= max;
	return false;
}
