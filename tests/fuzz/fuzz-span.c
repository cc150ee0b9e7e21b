/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate itself: the first 16 bytes are an offset and a length, the rest is the span. Whatever
 * the gate lets through must be readable to the last byte.
 */
#include <stdlib.h>

#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		(void)*(const volatile uint8_t *)&s.data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size), body, part;
	uint64_t offset, length, value;

	if (!span_u64(input, 0, &offset) || !span_u64(input, 8, &length) ||
	    !span_from(input, 16, &body))
		return 0;
	if (span_sub(body, offset, length, &part)) {
		if (part.size != length)
			abort();
		touch(part);
	}
	if (span_cstr(body, offset, &part)) {
		if (part.data[part.size])
			abort();
		touch(part);
	}
	if (span_u64(body, offset, &value) && !span_has(body, offset, 8))
		abort();
	while (span_uvarint(body, &offset, &value))
		if (offset > body.size)
			abort();
	return 0;
}
