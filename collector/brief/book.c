/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "collector/brief/inside.h"
#include "libpprof/excerpt.h"
#include "libpprof/gzip.h"

#define MAX_PARTS 65536u
#define MAX_PLAIN ((size_t)64 << 20) /* bytes of all parts */

struct part {
	uint32_t first, n;
	uint8_t *plain;
	size_t size;
};

struct brief_book {
	struct part *parts;
	size_t n_parts, size;
	bool known[BRIEF_MAX_STACKS];
	int64_t values[BRIEF_MAX_STACKS][BRIEF_TYPES];
	struct counts_header header; /* of all */
};

int brief_book_new(struct brief_book **ret_book)
{
	*ret_book = calloc(1, sizeof(**ret_book));
	return *ret_book ? 0 : -ENOMEM;
}

struct brief_book *brief_book_free(struct brief_book *b)
{
	if (!b)
		return NULL;
	for (size_t i = 0; i < b->n_parts; i++)
		free(b->parts[i].plain);
	free(b->parts);
	free(b);
	return NULL;
}

/* ---- stacks ------------------------------------------------------------------------------ */

static int add_part(struct brief_book *b, const struct part *part)
{
	struct part *parts = b->parts;

	if (!(b->n_parts & (b->n_parts - 1))) /* 0, or a power of two: it is full */
		parts = reallocarray(parts, b->n_parts ? b->n_parts * 2 : 1, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	b->parts = parts;
	b->parts[b->n_parts++] = *part;
	b->size += part->size;
	memset(b->known + part->first, true, part->n);
	return 0;
}

int brief_book_add_stacks(struct brief_book *b, uint32_t first, uint32_t n, struct span stacks)
{
	struct pp_array plain = { 0 };
	int r = BRIEF_E_NONE;

	if (n <= BRIEF_MAX_STACKS && first <= BRIEF_MAX_STACKS - n && b->n_parts < MAX_PARTS)
		r = pp_gunzip(stacks.data, stacks.size, MAX_PLAIN - b->size, &plain);
	const struct part part = { first, n, plain.data, plain.n };
	if (r == 0)
		r = add_part(b, &part);
	if (r != 0)
		pp_array_fini(&plain);
	return r > 0 ? BRIEF_E_NONE : r;
}

/* ---- briefs ------------------------------------------------------------------------------ */

static bool can_be_read(const struct brief_book *b, struct span counts)
{
	struct counts_reader r;

	if (!counts_open(&r, counts))
		return false;
	for (uint64_t i = 0; i < r.header.n; i++)
		if (!counts_next(&r) || !b->known[r.count.number])
			return false;
	return r.at == counts.size;
}

/* As pprof_merge() has it. */
static void add_header(struct counts_header *to, const struct counts_header *from)
{
	if (from->time && (!to->time || from->time < to->time))
		to->time = from->time;
	if (__builtin_add_overflow(to->duration, from->duration, &to->duration))
		to->duration = INT64_MAX;
	if (from->period > to->period)
		to->period = from->period;
}

int brief_book_add(struct brief_book *b, struct span counts)
{
	struct counts_reader r;

	if (!can_be_read(b, counts) || !counts_open(&r, counts))
		return BRIEF_E_NONE;
	add_header(&b->header, &r.header);
	while (r.header.n-- && counts_next(&r)) {
		int64_t *values = b->values[r.count.number];

		values[0] = (int64_t)((uint64_t)values[0] + (uint64_t)r.count.samples);
		values[1] = (int64_t)((uint64_t)values[1] + (uint64_t)r.count.cpu);
	}
	return 0;
}

/* ---- the sum ----------------------------------------------------------------------------- */

size_t brief_book_parts(const struct brief_book *b)
{
	return b->n_parts;
}

static int set_header(const struct brief_book *b, size_t part, struct pprof_profile *p)
{
	struct pprof_header h = pprof_header(p);

	h.time_nanos = b->header.time;
	h.duration_nanos = part == 0 ? b->header.duration : 0;
	h.period = b->header.period;
	return pprof_set_header(p, &h);
}

int brief_book_read(const struct brief_book *b, size_t part, struct pprof_profile *p)
{
	const struct part *from = &b->parts[part];
	int r = pprof_reread(p, from->plain, from->size, NULL, NULL);

	if (r == 0 && (pprof_n_samples(p) != from->n || pprof_n_sample_types(p) != BRIEF_TYPES))
		r = BRIEF_E_NONE;
	for (uint32_t i = 0; r == 0 && i < from->n; i++)
		pp_set_values(p, i, b->values[from->first + i]);
	if (r == 0)
		r = set_header(b, part, p);
	return r > 0 ? BRIEF_E_NONE : r;
}
