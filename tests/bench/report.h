/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a benchmark, as lines of JSON that tests/bench/run makes its table of. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define SERIES_MAX 1024

struct series {
	const char *measure, *unit;
	double limit; /* of the median; 0: none */
	double values[SERIES_MAX];
	size_t n;
};

/* More than there is room for are left out. */
static inline void series_add(struct series *s, double value)
{
	if (s->n < SERIES_MAX)
		s->values[s->n++] = value;
}

static inline int series_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts the values. One row: median, lowest, highest. */
static inline void series_print(struct series *s)
{
	qsort(s->values, s->n, sizeof(*s->values), series_compare);
	if (!s->n)
		return;
	printf("{\"measure\": \"%s\", \"unit\": \"%s\", \"median\": %.6g, \"low\": %.6g, "
	       "\"high\": %.6g, \"n\": %zu",
	       s->measure, s->unit, (s->values[(s->n - 1) / 2] + s->values[s->n / 2]) / 2,
	       s->values[0], s->values[s->n - 1], s->n);
	if (s->limit > 0)
		printf(", \"limit\": %.6g", s->limit);
	printf("}\n");
}
