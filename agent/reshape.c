/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reshape.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "libpprof/pprof.h"
#include "pgo/shapes.h"

static void profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

uint64_t reshape_raw_size(struct span gzip)
{
	uint32_t size = 0;

	return gzip.size >= 4 && span_u32(gzip, gzip.size - 4, &size) ? size : 0;
}

/* 0; 1: it cannot be read; -ENOMEM. */
static int decode(struct span pprof, struct pprof_profile **ret_profile)
{
	int r = pprof_decode(pprof.data, pprof.size, NULL, ret_profile, NULL);

	return r > 0 ? 1 : r;
}

static int encode(struct pprof_profile *p, struct deliver_piece *ret_piece)
{
	int r = pprof_encode(p, PPROF_GZIP, &ret_piece->pprof, &ret_piece->size);

	if (r != 0)
		return r < 0 ? r : -E2BIG;
	ret_piece->raw_size = reshape_raw_size(span_of(ret_piece->pprof, ret_piece->size));
	ret_piece->n_samples = (uint32_t)pprof_n_samples(p);
	return 0;
}

/* ---- halves ------------------------------------------------------------------------------ */

/* The tables of @from in the same order, so that numbers stay what they are. */
static int copy_tables(struct pprof_profile *from, struct pprof_profile *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < pprof_n_sample_types(from); i++) {
		const struct pprof_value_type type = pprof_sample_type(from, i);

		r = pprof_add_sample_type(to, &type);
	}
	for (size_t i = 0; r == 0 && i < pprof_n_comments(from); i++)
		r = pprof_add_comment(to, pprof_comment(from, i));
	for (size_t i = 0; r == 0 && i < pprof_n_mappings(from); i++) {
		const struct pprof_mapping m = pprof_mapping(from, i);

		r = pprof_add_mapping(to, &m, NULL);
	}
	for (size_t i = 0; r == 0 && i < pprof_n_functions(from); i++) {
		const struct pprof_function f = pprof_function(from, i);

		r = pprof_add_function(to, &f, NULL);
	}
	for (size_t i = 0; r == 0 && i < pprof_n_locations(from); i++) {
		const struct pprof_location l = pprof_location(from, i);

		r = pprof_add_location(to, &l, NULL);
	}
	return r;
}

/* Every other sample of @from, from number @first on. */
static int make_half(struct pprof_profile *from, size_t first, struct deliver_piece *ret_piece)
{
	_cleanup_(profile_freep) struct pprof_profile *to = NULL;
	const struct pprof_header header = pprof_header(from);
	int r = pprof_new(&to);

	if (r == 0)
		r = pprof_set_header(to, &header);
	if (r == 0)
		r = copy_tables(from, to);
	for (size_t i = first; r == 0 && i < pprof_n_samples(from); i += 2) {
		const struct pprof_sample s = pprof_sample(from, i);

		r = pprof_add_sample(to, &s, NULL);
	}
	if (r != 0)
		return r < 0 ? r : -E2BIG;
	return encode(to, ret_piece);
}

int reshape_split(void *context, const struct delivery *whole, uint64_t max_raw,
		  uint32_t max_samples, struct deliver_piece ret_pieces[DELIVER_MAX_PIECES])
{
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	int r = decode(whole->pprof, &p);

	(void)context;
	(void)max_raw;
	(void)max_samples;
	if (r != 0)
		return r < 0 ? r : 0;
	if (pprof_n_samples(p) < 2)
		return 0;
	r = make_half(p, 0, &ret_pieces[0]);
	if (r == 0)
		r = make_half(p, 1, &ret_pieces[1]);
	if (r == 0)
		return 2;
	free(TAKE_PTR(ret_pieces[0].pprof));
	return r;
}

/* ---- as a store wants it ----------------------------------------------------------------- */

static int restamp(const struct delivery *profile, uint64_t time, struct deliver_piece *ret_piece)
{
	_cleanup_(profile_freep) struct pprof_profile *p = NULL;
	int r = decode(profile->pprof, &p);

	if (r != 0)
		return r < 0 ? r : -EINVAL;
	struct pprof_header header = pprof_header(p);
	header.time_nanos = (int64_t)time;
	r = pprof_set_header(p, &header);
	return r == 0 ? encode(p, ret_piece) : r;
}

/* What is in @piece, or else @pprof, with names escaped. */
static int escape(struct span pprof, struct deliver_piece *piece)
{
	uint8_t *escaped;
	size_t size;
	int r = pgo_shapes_escape(pprof.data, pprof.size, &escaped, &size);

	if (r == PGO_SHAPES_E_NONE)
		return piece->pprof ? 0 : DELIVER_UNCHANGED;
	if (r != 0)
		return r < 0 ? r : -EINVAL;
	free(piece->pprof);
	piece->pprof = escaped;
	piece->size = size;
	piece->raw_size = reshape_raw_size(span_of(escaped, size));
	return 0;
}

int reshape_adapt(void *context, const struct delivery *profile, uint64_t time, bool escape_shapes,
		  struct deliver_piece *ret_piece)
{
	struct deliver_piece piece = { .n_samples = profile->n_samples };
	int r = time != profile->time ? restamp(profile, time, &piece) : 0;

	(void)context;
	if (r == 0 && escape_shapes)
		r = escape(piece.pprof ? span_of(piece.pprof, piece.size) : profile->pprof, &piece);
	else if (r == 0 && !piece.pprof)
		r = DELIVER_UNCHANGED;
	if (r == 0)
		*ret_piece = piece;
	else
		free(piece.pprof);
	return r;
}
