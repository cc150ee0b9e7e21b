/* SPDX-License-Identifier: Apache-2.0 */
/* A set of byte strings: they are added, sorted, and seen once each. Inside of this room. */
#pragma once

#include "base/buf.h"
#include "base/span.h"

#define TEXTSET_MAX_BYTES ((size_t)64 << 20)
#define TEXTSET_MAX	  (1u << 20) /* additions */

struct textset {
	struct buf text;
	struct textset_item {
		size_t at, size;
	} * items;
	size_t n;
};

#define TEXTSET_NULL                                \
	{                                           \
		.text = BUF_INIT(TEXTSET_MAX_BYTES) \
	}

void textset_fini(struct textset *s);

/* What was appended to .text from @at on is one more. 0, -E2BIG or -ENOMEM. */
int textset_add(struct textset *s, size_t at);

/* Sort, and forget those that are there more than once. */
void textset_finish(struct textset *s);

static inline const char *textset_at(const struct textset *s, size_t number)
{
	return (const char *)s->text.data + s->items[number].at;
}
