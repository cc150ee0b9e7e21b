/* SPDX-License-Identifier: Apache-2.0 */
#include "store/text.h"

void text_one_line(struct span s, char *ret_text, size_t size)
{
	size_t n = 0;
	bool gap = false;

	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (c <= ' ' || c > '~') {
			gap = n > 0;
			continue;
		}
		if (n + gap + 1 >= size)
			break;
		if (gap)
			ret_text[n++] = ' ';
		gap = false;
		ret_text[n++] = (char)c;
	}
	ret_text[n] = '\0';
}

size_t text_utf8(struct span s)
{
	uint8_t first, second;
	size_t n;

	if (!span_u8(s, 0, &first))
		return 0;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (!span_has(s, 0, n))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.data[i] & 0xc0) != 0x80)
			return 0;
	second = s.data[1];
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	return n;
}
