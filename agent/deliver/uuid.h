/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of profiles: UUIDs (RFC 9562), 16 bytes, as text 8-4-4-4-12 hexadecimal digits in lower case.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

#define UUID_TEXT_SIZE 37u /* with its NUL */

struct uuid {
	uint8_t bytes[16];
};

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool uuid_is_nil(const struct uuid *id)
{
	static const struct uuid nil = { { 0 } };

	return uuid_equal(id, &nil);
}

/* All of @text must be one. */
bool uuid_parse(struct span text, struct uuid *ret_id);

void uuid_format(const struct uuid *id, char ret_text[UUID_TEXT_SIZE]);

/*
 * The id of piece number @n of the profile @whole. Always the same, so that splitting again makes
 * no new ids; the first 12 bytes are those of @whole. The rest is the CRC-32 of @whole and @n:
 * different for different @n, as a CRC-32 tells apart what differs in one byte.
 */
struct uuid uuid_of_piece(const struct uuid *whole, uint8_t n);
