/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/kept.h"

#include <nettle/sha2.h>
#include <string.h>

#include "base/cleanup.h"
#include "collector/depot/sums.h"

#define VERSION 1 /* of what trim_add() makes: another one's sums are none */
#define MAX_SUM ((size_t)64 << 20)

_Static_assert(DEPOT_DIGEST_SIZE == SHA256_DIGEST_SIZE, "a digest is one");

static void digest_of(const int64_t *ids, size_t n, uint8_t *ret_digest)
{
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, 1, (const uint8_t[]){ VERSION });
	for (size_t i = 0; i < n; i++) {
		const uint64_t id = htole64((uint64_t)ids[i]);

		sha256_update(&h, sizeof(id), (const uint8_t *)&id);
	}
	sha256_digest(&h, SHA256_DIGEST_SIZE, ret_digest);
}

int kept_find(struct depot_reader *r, size_t depth, const int64_t *ids, size_t n_ids, size_t *n,
	      struct pprof_profile **ret_sum)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_SUM);
	struct depot_sum sum = { .first = ids[0], .kind = (int64_t)depth };
	uint8_t digest[DEPOT_DIGEST_SIZE];
	int result = depot_sum(r, &sum, &stored);

	if (result != 0)
		return result > 0 ? 0 : result;
	if (sum.n <= (int64_t)*n || sum.n > (int64_t)n_ids)
		return 0;
	digest_of(ids, (size_t)sum.n, digest);
	if (memcmp(digest, sum.digest, sizeof(digest)) != 0)
		return 0;
	result = pprof_decode(stored.data, stored.size, NULL, ret_sum, NULL);
	if (result == 0)
		*n = (size_t)sum.n;
	return result > 0 ? 0 : result;
}

static int put_notes(struct pprof_profile *p, const struct pgo_notes *notes)
{
	_cleanup_(buf_fini) struct buf comment = BUF_INIT(1024);

	pprof_clear_comments(p);
	if (!notes->known)
		return 0;
	pgo_notes_print(notes, &comment);
	buf_append_u8(&comment, 0);
	int r = buf_error(&comment);
	return r ? r : pprof_add_comment(p, (const char *)comment.data);
}

int kept_put(struct depot *d, size_t depth, const int64_t *ids, size_t n, struct pprof_profile *sum,
	     const struct pgo_notes *notes)
{
	struct depot_sum of = { .first = ids[0], .kind = (int64_t)depth, .n = (int64_t)n };
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;
	int r = put_notes(sum, notes);

	if (r == 0)
		r = pprof_encode(sum, PPROF_GZIP, &data, &size);
	if (r != 0 || size > MAX_SUM)
		return r < 0 ? r : 0;
	digest_of(ids, n, of.digest);
	r = depot_keep_sum(d, &of, span_of(data, size));
	return r < 0 ? r : 0;
}
