/* SPDX-License-Identifier: Apache-2.0 */
#include "config/unit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

struct scale {
	const char *name;
	uint64_t factor;
};

/* The longer name first where one begins with another; for printing, the largest factor first. */
static const struct scale times[] = {
	{ "d", 86400 * NSEC_PER_SEC },
	{ "h", 3600 * NSEC_PER_SEC },
	{ "ms", NSEC_PER_MSEC },
	{ "m", 60 * NSEC_PER_SEC },
	{ "s", NSEC_PER_SEC },
	{ "us", 1000 },
	{ "ns", 1 },
	{ NULL, 0 },
};

static const struct scale sizes[] = {
	{ "TiB", 1ull << 40 },
	{ "GiB", 1ull << 30 },
	{ "MiB", 1ull << 20 },
	{ "KiB", 1ull << 10 },
	{ "Ti", 1ull << 40 },
	{ "Gi", 1ull << 30 },
	{ "Mi", 1ull << 20 },
	{ "Ki", 1ull << 10 },
	{ "TB", 1000000000000ull },
	{ "GB", 1000000000ull },
	{ "MB", 1000000ull },
	{ "kB", 1000 },
	{ "B", 1 },
	{ NULL, 0 },
};

static const struct scale none[] = { { NULL, 0 } };

static const struct scale *scales_of(enum unit unit)
{
	return unit == UNIT_TIME ? times : unit == UNIT_BYTES ? sizes : none;
}

/* The unit at the front of @rest; 0 for none. */
static uint64_t take_factor(enum unit unit, struct span *rest)
{
	for (const struct scale *s = scales_of(unit); s->name; s++)
		if (text_skip(rest, s->name))
			return s->factor;
	return 0;
}

bool unit_parse(enum unit unit, const char *text, uint64_t *ret_value)
{
	struct span rest = span_of(text, strlen(text));
	uint64_t total = 0, n, factor;

	do {
		if (!text_number(&rest, 10, &n))
			return false;
		factor = take_factor(unit, &rest);
		/* Without a unit: a number, bytes, or nothing at all. */
		if (!factor && (rest.size || total || (unit == UNIT_TIME && n)))
			return false;
		if (__builtin_mul_overflow(n, factor ? factor : 1, &n) ||
		    __builtin_add_overflow(total, n, &total))
			return false;
	} while (rest.size && unit == UNIT_TIME);
	*ret_value = total;
	return !rest.size;
}

void unit_print(enum unit unit, uint64_t value, char ret_text[UNIT_SIZE])
{
	const struct scale *best = NULL;

	for (const struct scale *s = scales_of(unit); value && s->name; s++)
		if (value % s->factor == 0 && (!best || s->factor > best->factor))
			best = s;
	bool bare = !best || (best->factor == 1 && unit == UNIT_BYTES);
	snprintf(ret_text, UNIT_SIZE, "%" PRIu64 "%s", best ? value / best->factor : value,
		 bare ? "" : best->name);
}
