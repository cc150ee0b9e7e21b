/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deliver/uuid.h"

#include <zlib.h>

#include "base/text.h"

#define KEPT_BYTES 12u

static bool dash_before(unsigned int i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

bool uuid_parse(struct span text, struct uuid *ret_id)
{
	for (unsigned int i = 0; i < sizeof(ret_id->bytes); i++) {
		uint8_t high, low;

		if (dash_before(i) && !text_skip(&text, "-"))
			return false;
		if (!span_u8(text, 0, &high) || !span_u8(text, 1, &low) || text_digit(high) > 15 ||
		    text_digit(low) > 15)
			return false;
		ret_id->bytes[i] = (uint8_t)(text_digit(high) << 4 | text_digit(low));
		span_from(text, 2, &text);
	}
	return text.size == 0;
}

void uuid_format(const struct uuid *id, char ret_text[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *to = ret_text;

	for (unsigned int i = 0; i < sizeof(id->bytes); i++) {
		if (dash_before(i))
			*to++ = '-';
		*to++ = digits[id->bytes[i] >> 4];
		*to++ = digits[id->bytes[i] & 15];
	}
	*to = '\0';
}

struct uuid uuid_of_piece(const struct uuid *whole, uint8_t n)
{
	struct uuid id = *whole;
	uLong crc = crc32(0, whole->bytes, sizeof(whole->bytes));

	crc = crc32(crc, &n, 1);
	for (unsigned int i = KEPT_BYTES; i < sizeof(id.bytes); i++, crc >>= 8)
		id.bytes[i] = (uint8_t)crc;
	return id;
}
