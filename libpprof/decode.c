/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a profile.
 *
 * Samples name locations, locations name functions and mappings, and all name strings, while files
 * hold them in any order (usually samples first and strings last). So the top level of the message
 * is read four times, each time for what the next needs; skipping a field costs next to nothing,
 * and nothing is kept but the tables of the profile and the maps from ids and string indices to
 * its numbers. Who only peeks has the same done but for the tables of functions and locations, and
 * for texts that nothing else names: these are most of a profile.
 *
 * What google/pprof (profile.Parse with CheckValid) refuses is refused here. More is refused: a
 * string that holds a NUL byte, old formats that are not protocol buffers, and what is over a
 * limit.
 */
#include <errno.h>
#include <string.h>

#include "libpprof/decode.h"
#include "libpprof/gzip.h"

#define DEFAULT_UNCOMPRESSED ((size_t)256 << 20)
#define DEFAULT_ROWS	     ((size_t)4 << 20)
#define DEFAULT_DEPTH	     ((size_t)64 << 10)
#define KEPT		     ((size_t)32 << 20)
#define MAX_UNCOMPRESSED     ((size_t)UINT32_MAX - 1)

static int read_file(struct pp_decoder *d, struct pp_reader file)
{
	int r;

	d->file = file.data;
	r = pp_read_strings(d, file);
	if (!r)
		r = pp_read_names(d, file);
	if (!r && (!pp_ids_seal(&d->mappings) || !pp_ids_seal(&d->functions)))
		r = pp_malformed(d, "two mappings or two functions have the same id");
	if (!r)
		r = pp_read_locations(d, file);
	if (!r && !pp_ids_seal(&d->locations))
		r = pp_malformed(d, "two locations have the same id");
	if (!r)
		r = pp_read_samples(d, file);
	return r;
}

static int decode_plain(struct pp_decoder *d, const uint8_t *data, size_t size)
{
	if (!size)
		return pp_malformed(d, "empty file");
	if (size > d->limits.uncompressed)
		return pp_too_large(d, "larger than allowed");
	return read_file(d, pp_reader_of(data, size));
}

static int decode_gzip(struct pp_decoder *d, const uint8_t *data, size_t size)
{
	struct pp_array plain;
	int r = pp_gunzip(data, size, d->limits.uncompressed, &plain);

	if (r == PPROF_E_MALFORMED)
		d->reason = "damaged gzip data";
	else if (r == PPROF_E_TOO_LARGE)
		d->reason = "larger than allowed when uncompressed";
	if (!r)
		r = decode_plain(d, plain.data, plain.n);
	pp_array_fini(&plain);
	return r;
}

static size_t limit_or(size_t limit, size_t otherwise, size_t max)
{
	if (!limit)
		limit = otherwise;
	return limit < max ? limit : max;
}

static struct pprof_limits complete(const struct pprof_limits *given)
{
	struct pprof_limits l = { 0 };

	if (given)
		memcpy(&l, given, given->size < sizeof(l) ? given->size : sizeof(l));
	l.uncompressed = limit_or(l.uncompressed, DEFAULT_UNCOMPRESSED, MAX_UNCOMPRESSED);
	l.samples = limit_or(l.samples, DEFAULT_ROWS, UINT32_MAX - 1);
	l.locations = limit_or(l.locations, DEFAULT_ROWS, UINT32_MAX - 1);
	l.functions = limit_or(l.functions, DEFAULT_ROWS, UINT32_MAX - 1);
	l.mappings = limit_or(l.mappings, DEFAULT_DEPTH, UINT32_MAX - 1);
	l.strings = limit_or(l.strings, DEFAULT_ROWS, UINT32_MAX - 1);
	l.depth = limit_or(l.depth, DEFAULT_DEPTH, INT32_MAX);
	return l;
}

int pprof_reread(struct pprof_profile *p, const void *data, size_t size,
		 const struct pprof_limits *limits, const char **ret_reason)
{
	struct pp_decoder d = { .p = p, .limits = complete(limits), .peeks = p->peeked };
	int r = pp_clear(p, KEPT);

	if (!r)
		r = pp_is_gzip(data, size) ? decode_gzip(&d, data, size)
					   : decode_plain(&d, data, size);
	pp_array_fini(&d.strings);
	pp_array_fini(&d.texts);
	pp_ids_fini(&d.mappings);
	pp_ids_fini(&d.functions);
	pp_ids_fini(&d.locations);
	pp_array_fini(&d.lines);
	pp_array_fini(&d.location_ids);
	pp_array_fini(&d.values);
	pp_array_fini(&d.sample_locations);
	if (r > 0 && ret_reason)
		*ret_reason = d.reason ? d.reason : "too large";
	return r > 0 ? pp_clear(p, KEPT) ?: r : r;
}

static int read_new(const void *data, size_t size, const struct pprof_limits *limits, bool peek,
		    struct pprof_profile **ret_profile, const char **ret_reason)
{
	struct pprof_profile *p = NULL;
	int r = pprof_new(&p);

	if (!r) {
		p->peeked = peek;
		r = pprof_reread(p, data, size, limits, ret_reason);
	}
	if (r)
		pprof_free(p);
	else
		*ret_profile = p;
	return r;
}

int pprof_decode(const void *data, size_t size, const struct pprof_limits *limits,
		 struct pprof_profile **ret_profile, const char **ret_reason)
{
	return read_new(data, size, limits, false, ret_profile, ret_reason);
}

int pprof_peek(const void *data, size_t size, const struct pprof_limits *limits,
	       struct pprof_profile **ret_profile, const char **ret_reason)
{
	return read_new(data, size, limits, true, ret_profile, ret_reason);
}
