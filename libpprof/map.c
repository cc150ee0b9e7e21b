/* SPDX-License-Identifier: Apache-2.0 */
#include "libpprof/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pp_map_fini(struct pp_map *m)
{
	free(m->numbers);
	*m = (struct pp_map){ 0 };
}

int pp_map_grow(struct pp_map *m, size_t n)
{
	size_t larger = n + n / 2 + 1;
	uint32_t *numbers;

	if (m->numbers && n <= m->n)
		return 0;
	numbers = reallocarray(m->numbers, larger, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	memset(numbers + m->n, 0xff, (larger - m->n) * sizeof(*numbers)); /* PPROF_NONE */
	*m = (struct pp_map){ numbers, larger };
	return 0;
}

void pp_map_forget(struct pp_map *m)
{
	if (m->n)
		memset(m->numbers, 0xff, m->n * sizeof(*m->numbers));
}
