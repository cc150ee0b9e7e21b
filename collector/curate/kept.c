/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/curate/kept.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>

#include "base/cleanup.h"
#include "collector/depot/sums.h"

#define VERSION 1 /* of what trim_add() makes: another one's sums are none */
#define MAX_SUM ((size_t)64 << 20)

_Static_assert(DEPOT_DIGEST_SIZE == SHA256_DIGEST_SIZE, "a digest is one");

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

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

/* Whatever is in it: the database may be damaged, and others may write to it. */
static int decode(struct span stored, struct pprof_profile **ret_sum, struct trim_sum *ret_measure)
{
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	int r = pprof_decode(stored.data, stored.size, NULL, &p, NULL);

	if (r == 0)
		r = trim_measure(p, ret_measure);
	if (r == 0)
		*ret_sum = TAKE_PTR(p);
	return r > 0 ? KEPT_E_BROKEN : r;
}

int kept_find(struct depot_reader *r, size_t depth, const int64_t *ids, size_t n_ids, size_t *n,
	      struct pprof_profile **ret_sum, struct trim_sum *ret_measure)
{
	_cleanup_(buf_fini) struct buf stored = BUF_INIT(MAX_SUM);
	struct depot_sum sum = { .first = ids[0], .kind = (int64_t)depth };
	uint8_t digest[DEPOT_DIGEST_SIZE];
	int result = depot_sum(r, &sum, &stored);

	if (result == DEPOT_E_NONE)
		return 0;
	if (result > 0 || result == -E2BIG || (result == 0 && sum.n < 1))
		return KEPT_E_BROKEN;
	if (result != 0 || sum.n <= (int64_t)*n || sum.n > (int64_t)n_ids)
		return result;
	digest_of(ids, (size_t)sum.n, digest);
	if (memcmp(digest, sum.digest, sizeof(digest)) != 0)
		return 0;
	result = decode(span_of(stored.data, stored.size), ret_sum, ret_measure);
	if (result == 0)
		*n = (size_t)sum.n;
	return result;
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

void kept_drop(struct depot *d, size_t depth, int64_t first)
{
	depot_drop_sum(d, first, (int64_t)depth);
}
