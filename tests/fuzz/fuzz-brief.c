/* SPDX-License-Identifier: Apache-2.0 */
/* Dictionaries and briefs, as they are read from disk: a byte that says how many stacks there are,
 * one for the bytes that they take, in 128ths of all; these; a brief. Its checksum is made right,
 * so that what is behind it is reached. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "collector/brief/brief.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_right(uint8_t *counts, size_t size)
{
	const uint32_t crc = libdeflate_crc32(0, counts + 4, size - 4);

	for (unsigned int i = 0; i < 4; i++)
		counts[i] = (uint8_t)(crc >> 8 * i);
}

static void read_parts(const struct brief_book *book)
{
	struct pprof_profile *p;

	if (pprof_new(&p) != 0)
		return;
	for (size_t i = 0; i < brief_book_parts(book); i++)
		brief_book_read(book, i, p);
	pprof_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct brief_book *book;
	uint8_t *copy;

	if (size < 2 || brief_book_new(&book) != 0)
		return 0;
	const size_t left = size - 2, n_stacks = left * (data[1] % 129) / 128, n = left - n_stacks;
	brief_book_add_stacks(book, 0, data[0], span_of(data + 2, n_stacks));
	copy = malloc(n + 1);
	if (copy) {
		memcpy(copy, data + 2 + n_stacks, n);
		brief_book_add(book, span_of(copy, n));
		if (n >= 4)
			make_right(copy, n);
		brief_book_add(book, span_of(copy, n));
	}
	read_parts(book);
	free(copy);
	brief_book_free(book);
	return 0;
}
