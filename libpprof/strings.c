/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/strings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The first chunks are small for small profiles; each next one twice as large, to a limit. */
#define CHUNK_MIN ((size_t)1 << 10)
#define CHUNK_MAX ((size_t)1 << 16)

struct pp_chunk {
	struct pp_chunk *next;
	size_t capacity;
	size_t used;
	char data[];
};

void pp_strings_fini(struct pp_strings *s)
{
	while (s->chunks) {
		struct pp_chunk *chunk = s->chunks;

		s->chunks = chunk->next;
		free(chunk);
	}
	pp_index_fini(&s->index);
	pp_array_fini(&s->texts);
	s->size = 0;
}

/* A text larger than the largest chunk gets one of its own size. */
static int add_chunk(struct pp_strings *s, size_t needed)
{
	size_t capacity = s->chunks ? s->chunks->capacity * 2 : CHUNK_MIN;
	struct pp_chunk *chunk;

	if (capacity > CHUNK_MAX)
		capacity = CHUNK_MAX;
	if (capacity < needed)
		capacity = needed;
	chunk = malloc(sizeof(*chunk) + capacity);
	if (!chunk)
		return -ENOMEM;
	*chunk = (struct pp_chunk){ .next = s->chunks, .capacity = capacity };
	s->chunks = chunk;
	s->size += capacity;
	return 0;
}

static int copy(struct pp_strings *s, const char *text, size_t size, const char **ret_text)
{
	char *to;

	if (!s->chunks || s->chunks->capacity - s->chunks->used <= size) {
		int r = add_chunk(s, size + 1);

		if (r)
			return r;
	}
	to = s->chunks->data + s->chunks->used;
	if (size)
		memcpy(to, text, size);
	to[size] = '\0';
	s->chunks->used += size + 1;
	*ret_text = to;
	return 0;
}

static bool same(const char *have, const char *text, size_t size)
{
	return strncmp(have, text, size) == 0 && have[size] == '\0';
}

int pp_strings_intern(struct pp_strings *s, const char *text, size_t size, uint32_t *ret_number)
{
	uint64_t hash = pp_hash_bytes(s->seed, text, size);
	uint32_t at = PP_INDEX_START, number;
	const char *own;
	int r;

	while (pp_index_next(&s->index, hash, &at, &number)) {
		if (same(pp_strings_at(s, number), text, size)) {
			*ret_number = number;
			return 0;
		}
	}
	r = pp_array_reserve(&s->texts, sizeof(own), 1);
	if (!r)
		r = copy(s, text, size, &own);
	if (!r)
		r = pp_index_add(&s->index, hash, s->texts.n);
	if (!r)
		r = pp_array_append(&s->texts, sizeof(own), &own, 1);
	if (!r)
		*ret_number = s->texts.n - 1;
	return r;
}
