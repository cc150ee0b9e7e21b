/* SPDX-License-Identifier: Apache-2.0 */
/* Names escaped and unescaped again are what they were, whatever the message. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pgo/shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void try_gzip(const uint8_t *data, size_t size)
{
	_cleanup_(freep) uint8_t *hidden = NULL, *back = NULL;
	size_t hidden_size, back_size;

	if (pgo_shapes_escape(data, size, &hidden, &hidden_size))
		return;
	expect(!pgo_shapes_unescape(hidden, hidden_size, &back, &back_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) uint8_t *message = malloc(size + 1);

	if (!message)
		return 0;
	memcpy(message, data, size);
	int r = pgo_shapes_escape_plain(message, size);
	if (r)
		expect(!memcmp(message, data, size));
	else if (!memmem(data, size, "[go:shape.", 10)) /* then it cannot be told whose it was */
		expect(!pgo_shapes_unescape_plain(message, size) && !memcmp(message, data, size));
	try_gzip(data, size);
	return 0;
}
