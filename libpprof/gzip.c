/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/gzip.h"

#include <errno.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "libpprof/pprof.h"
#include "libpprof/wire.h"

#define GZIP_WINDOW (15 + 16) /* the largest window, gzip framing: zlib.h, deflateInit2 */
#define GZIP_MEMORY 8	      /* zlib's default */
#define FASTEST	    1	      /* of libdeflate's levels that compress */
#define OUT_STEP    ((size_t)64 << 10)
#define MAX_RATIO   1032 /* of deflate: zlib.net/zlib_tech.html */

bool pp_is_gzip(const uint8_t *data, size_t size)
{
	return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* ---- reading ----------------------------------------------------------------------------- */

/*
 * The room to begin with: what the last four bytes say, if that can be. They count the last member
 * only, modulo 2^32, and are anybody's.
 */
static size_t first_room(const uint8_t *data, size_t size)
{
	size_t most = size * MAX_RATIO, told;

	if (size < 4)
		return OUT_STEP;
	data += size - 4;
	told = (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 |
	       (size_t)data[3] << 24;
	return told && told < most ? told : OUT_STEP;
}

/* One member: it is begun again with twice the room until it fits. */
static int inflate_member(struct libdeflate_decompressor *d, struct pp_reader *in, size_t limit,
			  struct pp_array *bytes)
{
	size_t room = first_room(in->data, in->size), used, made;
	enum libdeflate_result result;
	int r;

	for (;; room *= 2) {
		if (room > limit - bytes->n)
			room = limit - bytes->n;
		r = pp_array_reserve(bytes, 1, room + 1);
		if (r)
			return r;
		result = libdeflate_gzip_decompress_ex(d, in->data, in->size,
						       pp_array_at(bytes, uint8_t, bytes->n), room,
						       &used, &made);
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
			break;
		if (room == limit - bytes->n)
			return PPROF_E_TOO_LARGE;
	}
	if (result != LIBDEFLATE_SUCCESS)
		return PPROF_E_MALFORMED;
	bytes->n += made;
	in->data += used;
	in->size -= used;
	return 0;
}

int pp_gunzip(const uint8_t *data, size_t size, size_t limit, struct pp_array *ret_bytes)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	struct pp_reader in = pp_reader_of(data, size);
	int r = d ? 0 : -ENOMEM;

	*ret_bytes = (struct pp_array){ 0 };
	do
		r = r ?: inflate_member(d, &in, limit, ret_bytes);
	while (!r && in.size);
	libdeflate_free_decompressor(d);
	return r;
}

/* ---- writing ----------------------------------------------------------------------------- */

int pp_gzip_fast(const uint8_t *data, size_t size, uint8_t **ret_data, size_t *ret_size)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(FASTEST);
	size_t bound = c ? libdeflate_gzip_compress_bound(c, size) : 0;
	uint8_t *to = c ? malloc(bound) : NULL;

	*ret_size = to ? libdeflate_gzip_compress(c, data, size, to, bound) : 0;
	if (c)
		libdeflate_free_compressor(c);
	if (!to)
		return -ENOMEM;
	/* The bound is of incompressible data. */
	*ret_data = realloc(to, *ret_size) ?: to;
	return 0;
}

struct pp_gzip {
	z_stream z;
	struct pp_array out; /* of uint8_t */
};

struct pp_gzip *pp_gzip_free(struct pp_gzip *z)
{
	if (!z)
		return NULL;
	deflateEnd(&z->z);
	pp_array_fini(&z->out);
	free(z);
	return NULL;
}

/* zlib's own header has neither time nor name: RFC 1952's zeros. */
int pp_gzip_new(struct pp_gzip **ret_gzip)
{
	struct pp_gzip *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	if (deflateInit2(&z->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		return -ENOMEM;
	}
	*ret_gzip = z;
	return 0;
}

/* Until all input is taken (or, with Z_FINISH, the end is written). */
static int run(struct pp_gzip *z, int flush)
{
	int status;

	do {
		int r = pp_array_reserve(&z->out, 1, OUT_STEP);

		if (r)
			return r;
		z->z.next_out = pp_array_at(&z->out, uint8_t, z->out.n);
		z->z.avail_out = OUT_STEP;
		status = deflate(&z->z, flush);
		z->out.n += OUT_STEP - z->z.avail_out;
	} while (z->z.avail_out == 0 && status != Z_STREAM_END);
	return 0;
}

int pp_gzip_write(struct pp_gzip *z, const void *data, size_t size)
{
	if (size > UINT_MAX)
		return PPROF_E_TOO_LARGE;
	z->z.next_in = (Bytef *)data;
	z->z.avail_in = size;
	return run(z, Z_NO_FLUSH);
}

int pp_gzip_finish(struct pp_gzip *z, uint8_t **ret_data, size_t *ret_size)
{
	int r = run(z, Z_FINISH);

	if (r)
		return r;
	*ret_size = z->out.n;
	*ret_data = pp_array_take(&z->out, 1);
	return 0;
}
