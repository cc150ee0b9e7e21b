/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/window.h"

#include <string.h>

#include "base/hash.h"

uint64_t window_offset(const char *node, uint64_t length)
{
	return hash_bytes(node, strlen(node)) % length;
}

uint64_t window_next(uint64_t now, uint64_t length, uint64_t offset)
{
	/* The time since the last end; @offset is below @length. */
	uint64_t since = (now % length + length - offset) % length, left = length - since;

	return left < length / 4 ? left + length : left;
}
