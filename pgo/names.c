/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/names.h"

#include <string.h>

#include "libpprof/index.h"
#include "pgo/array.h"

void pgo_names_fini(struct pgo_names *names)
{
	buf_fini(&names->text);
	free(names->offsets);
	index_fini(&names->index);
	*names = (struct pgo_names)PGO_NAMES_NULL;
}

int pgo_names_add(struct pgo_names *names, const char *text, uint32_t *ret_number)
{
	size_t size = strlen(text) + 1, at = names->text.size;
	uint32_t slot = INDEX_START, id;
	uint64_t hash;
	int r;

	if (!names->n)
		names->seed = pp_hash_seed();
	hash = pp_hash_bytes(names->seed, text, size - 1);
	while (index_next(&names->index, hash, &slot, &id)) {
		if (strcmp(pgo_names_text(names, id), text) == 0) {
			*ret_number = id;
			return 0;
		}
	}
	r = array_grow((void **)&names->offsets, &names->capacity, names->n,
		       sizeof(*names->offsets));
	if (r < 0)
		return r;
	buf_append(&names->text, text, size);
	r = buf_error(&names->text);
	if (r < 0)
		return r;
	names->offsets[names->n] = at;
	r = index_add(&names->index, hash, names->n);
	if (r < 0)
		return r;
	*ret_number = names->n++;
	return 0;
}
