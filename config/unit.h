/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, as people write them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum unit {
	UNIT_NONE,  /* 99 */
	UNIT_TIME,  /* ns, us, ms, s, m, h, d; also 1h30m; kept in ns */
	UNIT_BYTES, /* B or nothing, kB, MB, GB, TB, and KiB or Ki, MiB or Mi, and so on */
};

#define UNIT_SIZE 32u

/* All of @text must be one. False also when it does not fit 64 bits. */
bool unit_parse(enum unit unit, const char *text, uint64_t *ret_value);

/* In the largest unit that is exact. */
void unit_print(enum unit unit, uint64_t value, char ret_text[UNIT_SIZE]);
