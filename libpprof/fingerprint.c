/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "libpprof/excerpt.h"
#include "libpprof/model.h"

#define AT_ONCE 32u /* locations */

/* Hashes of the rows of each table, one table after the other in .texts. */
struct hashes {
	uint64_t seed;
	uint64_t *texts, *mappings, *functions, *locations;
};

static uint64_t hash_mapping(const struct hashes *h, const struct pp_mapping *m)
{
	const uint64_t parts[] = { m->start,
				   m->limit,
				   m->offset,
				   h->texts[m->file],
				   h->texts[m->build_id],
				   m->has_functions,
				   m->has_filenames,
				   m->has_line_numbers,
				   m->has_inline_frames };

	return pp_hash_bytes(h->seed, parts, sizeof(parts));
}

static uint64_t hash_function(const struct hashes *h, const struct pp_function *f)
{
	const uint64_t parts[] = { h->texts[f->name], h->texts[f->system_name], h->texts[f->file],
				   (uint64_t)f->start_line };

	return pp_hash_bytes(h->seed, parts, sizeof(parts));
}

static uint64_t hash_location(const struct hashes *h, const struct pp_location *l,
			      const struct pprof_line *lines)
{
	const uint64_t mapping = l->mapping == PPROF_NONE ? h->seed : h->mappings[l->mapping];
	const uint64_t parts[] = { l->address, mapping, l->n_lines, l->is_folded };
	uint64_t hash = pp_hash_bytes(h->seed, parts, sizeof(parts));

	for (uint32_t i = 0; i < l->n_lines; i++) {
		const uint64_t line[] = { h->functions[lines[i].function], (uint64_t)lines[i].line,
					  (uint64_t)lines[i].column };

		hash = pp_hash_bytes(hash, line, sizeof(line));
	}
	return hash;
}

static uint64_t hash_stack(const struct hashes *h, const uint32_t *locations, uint32_t n)
{
	uint64_t parts[AT_ONCE] = { 0 }, hash = pp_hash_u64(h->seed, n);

	for (uint32_t at = 0; at < n; at += AT_ONCE) {
		const uint32_t some = n - at < AT_ONCE ? n - at : AT_ONCE;

		for (uint32_t i = 0; i < some; i++)
			parts[i] = h->locations[locations[at + i]];
		hash = pp_hash_bytes(hash, parts, some * sizeof(*parts));
	}
	return hash;
}

static void hash_tables(const struct pprof_profile *p, const struct hashes *h)
{
	for (uint32_t i = 0; i < p->strings.texts.n; i++)
		h->texts[i] = pp_hash_bytes(h->seed, pp_text(p, i),
					    *pp_array_at(&p->strings.sizes, uint32_t, i));
	for (uint32_t i = 0; i < p->mappings.n; i++)
		h->mappings[i] = hash_mapping(h, pp_array_at(&p->mappings, struct pp_mapping, i));
	for (uint32_t i = 0; i < p->functions.n; i++)
		h->functions[i] =
			hash_function(h, pp_array_at(&p->functions, struct pp_function, i));
	for (uint32_t i = 0; i < p->locations.n; i++) {
		const struct pp_location *l = pp_array_at(&p->locations, struct pp_location, i);

		h->locations[i] = hash_location(
			h, l, pp_array_at(&p->lines, struct pprof_line, l->first_line));
	}
}

int pp_fingerprints(const struct pprof_profile *p, uint64_t seed, uint64_t **ret_hashes)
{
	struct hashes h = { .seed = seed };

	if (p->peeked)
		return -EINVAL;
	uint64_t *hashes = malloc(((size_t)p->samples.n + 1) * sizeof(*hashes));
	const size_t rows =
		(size_t)p->strings.texts.n + p->mappings.n + p->functions.n + p->locations.n;

	h.texts = malloc((rows + 1) * sizeof(*h.texts));
	if (!hashes || !h.texts) {
		free(hashes);
		free(h.texts);
		return -ENOMEM;
	}
	h.mappings = h.texts + p->strings.texts.n;
	h.functions = h.mappings + p->mappings.n;
	h.locations = h.functions + p->functions.n;
	hash_tables(p, &h);
	for (uint32_t i = 0; i < p->samples.n; i++) {
		const struct pp_sample *s = pp_array_at(&p->samples, struct pp_sample, i);

		hashes[i] = hash_stack(
			&h, pp_array_at(&p->sample_locations, uint32_t, s->first_location),
			s->n_locations);
	}
	free(h.texts);
	*ret_hashes = hashes;
	return 0;
}

uint64_t pp_fingerprint_main(const struct pprof_profile *p, uint64_t seed)
{
	const uint32_t number = pprof_main_mapping(p);

	if (number == PPROF_NONE)
		return seed;
	const struct pp_mapping *m = pp_array_at(&p->mappings, struct pp_mapping, number);
	const char *file = pp_text(p, m->file), *build = pp_text(p, m->build_id);
	const uint64_t parts[] = { m->start, m->limit, m->offset,
				   pp_hash_bytes(seed, file, strlen(file)),
				   pp_hash_bytes(seed, build, strlen(build)) };

	return pp_hash_bytes(seed, parts, sizeof(parts));
}

bool pp_has_labels(const struct pprof_profile *p)
{
	return p->sample_labels.n > 0;
}

const int64_t *pp_values(const struct pprof_profile *p, uint32_t number)
{
	assert(number < p->samples.n);
	return pp_array_at(&p->sample_values, int64_t, (size_t)number * p->sample_types.n);
}

void pp_set_values(struct pprof_profile *p, uint32_t number, const int64_t *values)
{
	const size_t n = p->sample_types.n;

	assert(number < p->samples.n);
	memcpy(pp_array_at(&p->sample_values, int64_t, number * n), values, n * sizeof(*values));
}
