/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/window.h"

#include <string.h>
#include <zlib.h>

uint64_t window_offset(const char *node, uint64_t length)
{
	/* The same after a restart, which those of base/hash.h are not. */
	uLong sum = crc32(0, (const Bytef *)node, (uInt)strlen(node));

	return (uint64_t)((double)sum / 4294967296.0 * (double)length);
}

uint64_t window_next(uint64_t now, uint64_t length, uint64_t offset)
{
	/* The time since the last end; @offset is below @length. */
	uint64_t since = (now % length + length - offset) % length, left = length - since;

	return left < length / 4 ? left + length : left;
}
