/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter for program/main.go: reads profiles, writes what libpprof makes of them.
 *
 * In: size (4 bytes, little-endian), bytes; again and again. Out: outcome of pprof_decode() (1
 * byte), size, bytes: the reason if it was refused, else the encoded profile (gzip if the input
 * was).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpprof/pprof.h"

static void answer(uint8_t outcome, const void *data, uint32_t size)
{
	fwrite(&outcome, 1, 1, stdout);
	fwrite(&size, sizeof(size), 1, stdout);
	fwrite(data, 1, size, stdout);
	fflush(stdout);
}

static int rewrite(const uint8_t *data, size_t size)
{
	bool gzip = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
	struct pprof_profile *p;
	const char *reason;
	uint8_t *written;
	size_t written_size;
	int r = pprof_decode(data, size, NULL, &p, &reason);

	if (r > 0)
		answer(r, reason, strlen(reason));
	if (r)
		return r < 0 ? r : 0;
	r = pprof_encode(p, gzip ? PPROF_GZIP : PPROF_PLAIN, &written, &written_size);
	pprof_free(p);
	if (r)
		return r;
	answer(0, written, written_size);
	free(written);
	return 0;
}

int main(void)
{
	uint32_t size;

	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		uint8_t *data = malloc(size ? size : 1);

		if (!data || fread(data, 1, size, stdin) != size || rewrite(data, size))
			return 1;
		free(data);
	}
	return 0;
}
