/* SPDX-License-Identifier: Apache-2.0 */
/* A form: its type in the first line, its body behind. The part found lies inside of the body. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "collector/ingest/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size), line, part;

	if (!text_line(&body, &line))
		return 0;
	_cleanup_(freep) char *type = strndup((const char *)line.data, line.size);
	/* At the very end of its memory, where reading past it is seen. */
	_cleanup_(freep) uint8_t *copy = malloc(body.size ? body.size : 1);
	if (!type || !copy)
		return 0;
	if (body.size)
		memcpy(copy, body.data, body.size);
	if (multipart_find(type, span_of(copy, body.size), "profile", &part) &&
	    (part.data < copy || part.data + part.size > copy + body.size))
		abort();
	return 0;
}
