/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "libpprof/pprof.h"

#define GZIP_WINDOW (15 + 16) /* the largest window, gzip framing: zlib.h, deflateInit2 */
#define GZIP_MEMORY 8	      /* zlib's default */
#define OUT_STEP    ((size_t)64 << 10)

bool pp_is_gzip(const uint8_t *data, size_t size)
{
	return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Inflate one step; one byte over the limit is enough to know that there is more. */
static int inflate_step(z_stream *z, size_t limit, struct pp_array *bytes, int *ret_status)
{
	size_t room = limit + 1 - bytes->n;
	size_t step = room < OUT_STEP ? room : OUT_STEP;
	int r = pp_array_reserve(bytes, 1, step);

	if (r)
		return r;
	z->next_out = pp_array_at(bytes, uint8_t, bytes->n);
	z->avail_out = step;
	*ret_status = inflate(z, Z_NO_FLUSH);
	bytes->n += step - z->avail_out;
	return bytes->n > limit ? PPROF_E_TOO_LARGE : 0;
}

static int inflate_members(z_stream *z, size_t limit, struct pp_array *bytes)
{
	int status, r;

	for (;;) {
		r = inflate_step(z, limit, bytes, &status);
		if (r)
			return r;
		if (status == Z_STREAM_END) {
			if (!z->avail_in)
				return 0;
			status = inflateReset(z);
		}
		if (status == Z_MEM_ERROR)
			return -ENOMEM;
		if (status != Z_OK)
			return PPROF_E_MALFORMED;
	}
}

int pp_gunzip(const uint8_t *data, size_t size, size_t limit, struct pp_array *ret_bytes)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = size };
	int r;

	*ret_bytes = (struct pp_array){ 0 };
	if (size > UINT_MAX)
		return PPROF_E_TOO_LARGE;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	r = inflate_members(&z, limit, ret_bytes);
	inflateEnd(&z);
	return r;
}

/* ---- writing ----------------------------------------------------------------------------- */

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
	*ret_data = z->out.data;
	*ret_size = z->out.n;
	z->out = (struct pp_array){ 0 };
	return 0;
}
