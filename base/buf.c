/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BUF_MIN_CAPACITY 256u

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT(b->limit);
}

/* More room, or the error is set. */
static bool resize(struct buf *b, size_t capacity)
{
	uint8_t *data = realloc(b->data, capacity);

	if (!data) {
		b->error = -ENOMEM;
		return false;
	}
	b->data = data;
	b->capacity = capacity;
	return true;
}

void buf_reserve(struct buf *b, size_t size)
{
	if (!b->error && size <= b->limit && size > b->capacity)
		resize(b, size);
}

/* Room for @size more bytes, or the error is set. */
static uint8_t *reserve(struct buf *b, size_t size)
{
	if (b->error)
		return NULL;
	if (size > b->limit || b->size > b->limit - size) {
		b->error = -E2BIG;
		return NULL;
	}
	if (b->size + size > b->capacity) {
		size_t capacity = b->capacity ? b->capacity : BUF_MIN_CAPACITY;
		while (capacity < b->size + size)
			capacity *= 2;
		if (!resize(b, capacity))
			return NULL;
	}
	return b->data + b->size;
}

void buf_append(struct buf *b, const void *data, size_t size)
{
	uint8_t *to = size ? reserve(b, size) : NULL;

	if (!to)
		return;
	memcpy(to, data, size);
	b->size += size;
}

void buf_append_u8(struct buf *b, uint8_t value)
{
	buf_append(b, &value, 1);
}

void buf_append_uvarint(struct buf *b, uint64_t value)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[n++] = (uint8_t)(value | 0x80);
	bytes[n++] = (uint8_t)value;
	buf_append(b, bytes, n);
}

void buf_append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	uint8_t *to = n < 0 ? NULL : reserve(b, (size_t)n + 1);
	if (to) {
		vsnprintf((char *)to, (size_t)n + 1, format, again);
		b->size += (size_t)n;
	}
	va_end(again);
	va_end(args);
}
