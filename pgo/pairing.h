/* SPDX-License-Identifier: Apache-2.0 */
/* The edges of two profiles under common numbers. Inside of pgo_compare(). */
#pragma once

#include "pgo/edges.h"

struct pairing {
	struct pgo_names names;
	struct paired_edge {
		uint32_t caller, callee;
		int64_t offset;
	} * edges;
	size_t n, capacity;
	struct index index;
	uint32_t *number_of[2]; /* of the first profile's edges, of the second's */
};

int pairing_init(struct pairing *ret_pairing, const struct pgo_edges *a, const struct pgo_edges *b);
void pairing_fini(struct pairing *p);
