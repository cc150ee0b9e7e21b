/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a cap from birth.
 *
 * The first failure (no memory, or the cap reached) is remembered: later appends do nothing, and
 * buf_error() tells. So a writer appends freely and asks once at the end.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	size_t limit; /* most bytes it may hold */
	int error;    /* 0, -ENOMEM, or -E2BIG when the limit was hit */
};

#define BUF_INIT(max)          \
	{                      \
		.limit = (max) \
	}

void buf_fini(struct buf *b);
/* Room for just @size bytes, for whoever knows how many will come; none where it is over the cap.
 */
void buf_reserve(struct buf *b, size_t size);
void buf_append(struct buf *b, const void *data, size_t size);
void buf_append_u8(struct buf *b, uint8_t value);
/* A base-128 varint, as span_uvarint() reads it. */
void buf_append_uvarint(struct buf *b, uint64_t value);
void buf_append_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) _printf_(2, 3);

static inline int buf_error(const struct buf *b)
{
	return b->error;
}
