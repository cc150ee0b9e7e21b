/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in fewer bytes, for those that take them so. */
#include <string.h>
#include <zlib.h>

#include "collector/asked.h"
#include "collector/routes.h"

#define SMALL_ANSWER 1024u /* not worth compressing */

bool route_takes_gzip(const struct http_request *r)
{
	return asked_takes_gzip(asked_text(http_header(r, "Accept-Encoding")));
}

/* At zlib's fastest level. An answer that cannot be compressed goes out as it is. */
static void compress_answer(struct http_answer *a)
{
	struct buf packed = BUF_INIT(a->body.limit);
	z_stream z = { .next_in = a->body.data, .avail_in = (uInt)a->body.size };
	uint8_t chunk[16 << 10];
	int r = Z_OK;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16 /* gzip */, 8, Z_DEFAULT_STRATEGY))
		return;
	while (r == Z_OK && !buf_error(&packed)) {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		r = deflate(&z, Z_FINISH);
		buf_append(&packed, chunk, sizeof(chunk) - z.avail_out);
	}
	deflateEnd(&z);
	if (r != Z_STREAM_END || buf_error(&packed)) {
		buf_fini(&packed);
		return;
	}
	buf_fini(&a->body);
	a->body = packed;
	http_answer_field(a, "Content-Encoding", "gzip");
}

void route_compress(const struct http_request *r, struct http_answer *a)
{
	if (a->body.size > SMALL_ANSWER && route_takes_gzip(r))
		compress_answer(a);
}
