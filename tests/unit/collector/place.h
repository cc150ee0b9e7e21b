/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own with a depot in it, and what is done to that behind its back. */
#pragma once

#include <stdint.h>

#include "collector/depot/depot.h"
#include "libpprof/pprof.h"

struct place {
	char dir[64], data[80], db[96], copy[80]; /* .copy: not there yet */
	struct depot *depot;			  /* NULL: not open */
};

/* Make the folder, named after @test; the depot is not open. */
void place_init(struct place *p, const char *test);
void place_fini(struct place *p);

/* Open the depot in @path, .data or .copy. */
void place_open(struct place *p, const char *path);

/* Run @sql in the database @file, and ask it for a number. */
void place_alter(const char *file, const char *sql);
int64_t place_number(const char *file, const char *sql);

/*
 * Add 20 functions and 60 stacks of 4 of them to @p, of mapping @mapping. @samples: with a count
 * before the CPU time, which is 10 for each and @odd.
 */
void place_add_stacks(struct pprof_profile *p, uint64_t seed, uint32_t mapping, bool samples,
		      int64_t odd);
