/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes decode or are refused; what was decoded encodes, and decodes again to a profile that
 * encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "libpprof/pprof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_again(const uint8_t *data, size_t size)
{
	struct pprof_profile *p = NULL;
	uint8_t *again = NULL;
	size_t again_size = 0;

	check(pprof_decode(data, size, NULL, &p, NULL) == 0);
	check(pprof_encode(p, PPROF_PLAIN, &again, &again_size) == 0);
	check(again_size == size && memcmp(again, data, size) == 0);
	free(again);
	pprof_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pprof_limits limits = { .size = sizeof(limits), .uncompressed = 1 << 20 };
	struct pprof_profile *p = NULL;
	const char *reason = NULL;
	uint8_t *encoded = NULL;
	size_t encoded_size = 0;
	int r = pprof_decode(data, size, &limits, &p, &reason);

	if (r) {
		check(r > 0 && reason && !p);
		return 0;
	}
	check(pprof_encode(p, PPROF_PLAIN, &encoded, &encoded_size) == 0);
	check_again(encoded, encoded_size);
	free(encoded);
	pprof_free(p);
	return 0;
}
