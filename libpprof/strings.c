/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/strings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "libpprof/pprof.h"

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
	pp_guess_fini(&s->guess);
	pp_array_fini(&s->texts);
	pp_array_fini(&s->sizes);
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

static bool same(const struct pp_strings *s, uint32_t number, const char *text, size_t size)
{
	return *pp_array_at(&s->sizes, uint32_t, number) == size &&
	       (!size || memcmp(pp_strings_at(s, number), text, size) == 0);
}

static int append(struct pp_strings *s, const char *text, size_t size, uint64_t hash)
{
	const uint32_t short_size = size;
	const char *own;
	int r = size < UINT32_MAX ? pp_array_reserve(&s->texts, sizeof(own), 1) : PPROF_E_TOO_LARGE;

	if (!r)
		r = pp_array_reserve(&s->sizes, sizeof(short_size), 1);
	if (!r)
		r = copy(s, text, size, &own);
	if (!r)
		r = pp_index_add(&s->index, hash, s->texts.n);
	if (!r)
		r = pp_array_append(&s->sizes, sizeof(short_size), &short_size, 1);
	return r ? r : pp_array_append(&s->texts, sizeof(own), &own, 1);
}

static int find_or_append(struct pp_strings *s, const char *text, size_t size, uint32_t *ret_number)
{
	uint64_t hash = pp_hash_bytes(s->seed, text, size);
	uint32_t at = PP_INDEX_START;

	while (pp_index_next(&s->index, hash, &at, ret_number))
		if (same(s, *ret_number, text, size))
			return 0;
	*ret_number = s->texts.n;
	return append(s, text, size, hash);
}

int pp_strings_intern(struct pp_strings *s, const char *text, size_t size, uint32_t *ret_number)
{
	int r = 0;

	if (!pp_guess_next(&s->guess, ret_number) || !same(s, *ret_number, text, size))
		r = find_or_append(s, text, size, ret_number);
	if (!r)
		pp_guess_learn(&s->guess, *ret_number);
	return r;
}
