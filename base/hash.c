/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <sys/random.h>

/* Should there be no random numbers (a filter of system calls): the digits of pi. */
struct hash_keys hash_keys = { 0x243f6a8885a308d3ULL, 0x13198a2e03707345ULL };

__attribute__((constructor)) static void draw(void)
{
	struct hash_keys drawn;

	if (getrandom(&drawn, sizeof(drawn), GRND_NONBLOCK) != sizeof(drawn))
		return;
	drawn.multiply |= 1;
	hash_keys = drawn;
}
