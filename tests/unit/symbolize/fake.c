/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/symbolize/fake.h"

int binary_lines_at(const struct binary *b, uint64_t pc, struct binary_line *lines, size_t max,
		    size_t *ret_n, bool *ret_cut)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct fake_lines *at = &b->table[i];

		if (at->address != pc)
			continue;
		*ret_n = at->n < max ? at->n : max;
		*ret_cut = at->n > max;
		for (size_t j = 0; j < *ret_n; j++)
			lines[j] = at->lines[j];
		return 0;
	}
	return BINARY_E_NO_FUNCTION;
}

const struct binary_build *binary_build(const struct binary *b)
{
	return &b->build;
}

uint64_t binary_text(const struct binary *b)
{
	(void)b;
	return FAKE_TEXT;
}

struct binary_segment binary_text_segment(const struct binary *b)
{
	(void)b;
	return (struct binary_segment){ .address = 0x401000, .size = 0x5000, .offset = 0x1000 };
}
