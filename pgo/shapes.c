/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/shapes.h"

#include <errno.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/span.h"
#include "libpprof/gzip.h"
#include "libpprof/pprof.h"

#define RAW	"[go.shape."
#define ESCAPED "[go:shape."
#define MARK	3 /* where they differ */
#define LENGTH	(sizeof(RAW) - 1)

/* proto/profile.proto of google/pprof */
#define STRING_TABLE 6

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* One of the two directions. */
struct rewriting {
	const char *from;
	uint8_t mark; /* of the text it becomes */
};

static const struct rewriting escaping = { RAW, ESCAPED[MARK] };
static const struct rewriting unescaping = { ESCAPED, RAW[MARK] };

/* Take a field off the message at *@at. @ret_value is empty unless it is of WIRE_BYTES. */
static bool next_field(struct span message, uint64_t *at, uint64_t *ret_number,
		       struct span *ret_value)
{
	uint64_t key, size;

	if (!span_uvarint(message, at, &key) || !(key >> 3))
		return false;
	*ret_number = key >> 3;
	*ret_value = span_of(NULL, 0);
	switch ((enum wire_type)(key & 7)) {
	case WIRE_VARINT:
		return span_uvarint(message, at, &size);
	case WIRE_64:
		size = 8;
		break;
	case WIRE_32:
		size = 4;
		break;
	case WIRE_BYTES:
		if (!span_uvarint(message, at, &size) || !span_sub(message, *at, size, ret_value))
			return false;
		break;
	default:
		return false;
	}
	if (!span_has(message, *at, size))
		return false;
	*at += size;
	return true;
}

static bool is_whole(struct span message)
{
	uint64_t at = 0, number;
	struct span value;

	while (at < message.size)
		if (!next_field(message, &at, &number, &value))
			return false;
	return true;
}

/* Brackets are rare in a profile, so this is faster than memmem(). */
static uint8_t *find(uint8_t *at, const uint8_t *end, const char *wanted)
{
	for (; (at = memchr(at, *wanted, (size_t)(end - at))); at++)
		if ((size_t)(end - at) >= LENGTH && !memcmp(at, wanted, LENGTH))
			return at;
	return NULL;
}

/* How many there were in the part of @message that is @text. */
static size_t rewrite_text(uint8_t *message, size_t offset, size_t size, const struct rewriting *w)
{
	uint8_t *at = message + offset, *end = at + size;
	size_t n = 0;

	while ((at = find(at, end, w->from))) {
		at[MARK] = w->mark;
		at += LENGTH;
		n++;
	}
	return n;
}

static int rewrite_plain(uint8_t *message, size_t size, const struct rewriting *w)
{
	struct span whole = span_of(message, size), value;
	uint64_t at = 0, number;
	size_t n = 0;

	if (!is_whole(whole))
		return PGO_SHAPES_E_MALFORMED;
	while (at < size && next_field(whole, &at, &number, &value))
		if (number == STRING_TABLE && value.size)
			n += rewrite_text(message, (size_t)at - value.size, value.size, w);
	return n ? 0 : PGO_SHAPES_E_NONE;
}

static void pp_gzip_freep(struct pp_gzip **z)
{
	pp_gzip_free(*z);
}

static int compress(const void *data, size_t size, uint8_t **ret_data, size_t *ret_size)
{
	_cleanup_(pp_gzip_freep) struct pp_gzip *z = NULL;

	int r = pp_gzip_new(&z);
	if (!r)
		r = pp_gzip_write(z, data, size);
	return r ? r : pp_gzip_finish(z, ret_data, ret_size);
}

static int uncompress(const void *data, size_t size, struct pp_array *ret_bytes)
{
	if (pp_is_gzip(data, size))
		return pp_gunzip(data, size, PGO_SHAPES_MAX, ret_bytes);
	*ret_bytes = (struct pp_array){ 0 };
	return size > PGO_SHAPES_MAX ? PPROF_E_TOO_LARGE
				     : pp_array_append(ret_bytes, 1, data, size);
}

static int rewrite(const void *pprof, size_t size, const struct rewriting *w, uint8_t **ret_pprof,
		   size_t *ret_size)
{
	_cleanup_(pp_array_fini) struct pp_array bytes = { 0 };

	int r = uncompress(pprof, size, &bytes);
	if (r == PPROF_E_TOO_LARGE)
		return PGO_SHAPES_E_TOO_LARGE;
	if (r > 0)
		return PGO_SHAPES_E_MALFORMED;
	if (!r)
		r = rewrite_plain(bytes.data, bytes.n, w);
	return r ? r : compress(bytes.data, bytes.n, ret_pprof, ret_size);
}

int pgo_shapes_escape(const void *pprof, size_t size, uint8_t **ret_pprof, size_t *ret_size)
{
	return rewrite(pprof, size, &escaping, ret_pprof, ret_size);
}

int pgo_shapes_unescape(const void *pprof, size_t size, uint8_t **ret_pprof, size_t *ret_size)
{
	return rewrite(pprof, size, &unescaping, ret_pprof, ret_size);
}

/* Most hold no such text, and then nobody has to know whether it is a message. */
static int rewrite_if_any(uint8_t *message, size_t size, const struct rewriting *w)
{
	return size && find(message, message + size, w->from) ? rewrite_plain(message, size, w)
							      : PGO_SHAPES_E_NONE;
}

int pgo_shapes_escape_plain(uint8_t *message, size_t size)
{
	return rewrite_if_any(message, size, &escaping);
}

int pgo_shapes_unescape_plain(uint8_t *message, size_t size)
{
	return rewrite_if_any(message, size, &unescaping);
}
