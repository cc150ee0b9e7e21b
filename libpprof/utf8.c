/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/utf8.h"

#include <string.h>

#define HIGH_BITS 0x8080808080808080u

static size_t skip_ascii(const uint8_t *text, size_t size)
{
	uint64_t word;
	size_t n = 0;

	for (; size - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, text + n, sizeof(word));
		if (word & HIGH_BITS)
			break;
	}
	while (n < size && text[n] < 0x80)
		n++;
	return n;
}

/* How many bytes the character has that begins here, 0 for none: RFC 3629, section 4. */
static size_t character(const uint8_t *text, size_t size)
{
	const uint8_t first = text[0];
	const size_t n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	const uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	const uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	if (first < 0xc2 || first > 0xf4 || size < n || text[1] < least || text[1] > most)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t pp_find_not_utf8(const uint8_t *text, size_t size)
{
	size_t at = skip_ascii(text, size), n;

	while (at < size) {
		n = character(text + at, size - at);
		if (!n)
			break;
		at += n;
		at += skip_ascii(text + at, size - at);
	}
	return at;
}

void pp_make_utf8(uint8_t *text, size_t size)
{
	size_t at = 0;

	while ((at += pp_find_not_utf8(text + at, size - at)) < size)
		text[at++] = '?';
}
