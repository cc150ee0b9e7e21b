/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/pairing.h"

#include "libpprof/index.h"
#include "pgo/array.h"

static int find(struct pairing *p, const struct paired_edge *wanted, uint32_t *ret_number)
{
	uint64_t names = (uint64_t)wanted->caller << 32 | wanted->callee;
	uint64_t hash = pp_hash_u64(pp_hash_u64(p->names.seed, names), wanted->offset);
	uint32_t slot = INDEX_START, id;
	int r;

	while (index_next(&p->index, hash, &slot, &id)) {
		const struct paired_edge *e = &p->edges[id];

		if (e->caller == wanted->caller && e->callee == wanted->callee &&
		    e->offset == wanted->offset) {
			*ret_number = id;
			return 0;
		}
	}
	r = array_grow((void **)&p->edges, &p->capacity, p->n, sizeof(*p->edges));
	if (r < 0)
		return r;
	r = index_add(&p->index, hash, p->n);
	if (r < 0)
		return r;
	p->edges[p->n] = *wanted;
	*ret_number = p->n++;
	return 0;
}

static int add_all(struct pairing *p, const struct pgo_edges *from, uint32_t **ret_number_of)
{
	uint32_t *number_of = malloc((from->n_edges + 1) * sizeof(*number_of));
	int r = 0;

	*ret_number_of = number_of;
	if (!number_of)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_edges && r == 0; i++) {
		const struct pgo_edge *e = &from->edges[i];
		struct paired_edge edge = { .offset = e->offset };

		r = pgo_names_add(&p->names, pgo_names_text(&from->names, e->caller), &edge.caller);
		if (r == 0)
			r = pgo_names_add(&p->names, pgo_names_text(&from->names, e->callee),
					  &edge.callee);
		if (r == 0)
			r = find(p, &edge, &number_of[i]);
	}
	return r == -E2BIG ? PGO_E_TOO_LARGE : r;
}

int pairing_init(struct pairing *ret_pairing, const struct pgo_edges *a, const struct pgo_edges *b)
{
	int r;

	*ret_pairing = (struct pairing){ .names = PGO_NAMES_NULL };
	r = add_all(ret_pairing, a, &ret_pairing->number_of[0]);
	if (r == 0)
		r = add_all(ret_pairing, b, &ret_pairing->number_of[1]);
	return r;
}

void pairing_fini(struct pairing *p)
{
	pgo_names_fini(&p->names);
	free(p->edges);
	index_fini(&p->index);
	free(p->number_of[0]);
	free(p->number_of[1]);
}
