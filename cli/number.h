/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers given as options. */
#pragma once

#include "base/text.h"

/* Decimal digits and nothing else. */
static inline bool parse_count(const char *text, uint64_t *ret_count)
{
	struct span rest = span_of(text, strlen(text));

	return text_number(&rest, 10, ret_count) && !rest.size;
}
