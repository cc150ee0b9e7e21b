/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/ids.h"

#include <stdlib.h>

void pp_ids_fini(struct pp_ids *ids)
{
	pp_array_fini(&ids->pairs);
	ids->counted = 0;
}

int pp_ids_add_pair(struct pp_ids *ids, uint64_t id, uint32_t number)
{
	struct pp_id pair = { .id = id, .number = number };

	return pp_array_append(&ids->pairs, sizeof(pair), &pair, 1);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct pp_id *)a)->id, y = ((const struct pp_id *)b)->id;

	return x < y ? -1 : x > y;
}

static bool ascending(const struct pp_id *pairs, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (pairs[i - 1].id >= pairs[i].id)
			return false;
	return true;
}

bool pp_ids_seal(struct pp_ids *ids)
{
	struct pp_id *pairs = ids->pairs.data;
	uint32_t n = ids->pairs.n;

	if (!ascending(pairs, n)) {
		qsort(pairs, n, sizeof(*pairs), by_id);
		if (!ascending(pairs, n))
			return false;
	}
	return !n || pairs[0].id > ids->counted;
}

bool pp_ids_search(const struct pp_ids *ids, uint64_t id, uint32_t *ret_number)
{
	const struct pp_id *pairs = ids->pairs.data, wanted = { .id = id };
	uint32_t n = ids->pairs.n;
	const struct pp_id *found;

	found = n ? bsearch(&wanted, pairs, n, sizeof(*pairs), by_id) : NULL;
	if (!found)
		return false;
	*ret_number = found->number;
	return true;
}
