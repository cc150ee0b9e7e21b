/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was made of the rows of a table, by their numbers: usually numbers of another profile's. For
 * those who read many profiles with pprof_reread(), which leaves numbers as they are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pp_map {
	uint32_t *numbers; /* PPROF_NONE: nothing yet */
	size_t n;	   /* there is room for */
};

void pp_map_fini(struct pp_map *m);

/* Room for the numbers below @n. 0 or -ENOMEM. */
int pp_map_grow(struct pp_map *m, size_t n);

/* All back to PPROF_NONE: for a new pprof_generation(). */
void pp_map_forget(struct pp_map *m);
