/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles made by hand, for the tests of this room. */
#pragma once

#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "libpprof/pprof.h"
#include "pgo/edges.h"

static inline struct pprof_profile *made_profile(const char *type, const char *unit)
{
	struct pprof_profile *p = NULL;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_add_sample_type(p, &(struct pprof_value_type){ type, unit }), 0);
	return p;
}

static inline struct pprof_profile *made_count_profile(void)
{
	return made_profile("samples", "count");
}

static inline uint32_t made_function(struct pprof_profile *p, const char *name, int64_t start_line)
{
	struct pprof_function f = {
		.name = name,
		.system_name = name,
		.file = "x.go",
		.start_line = start_line,
	};
	uint32_t number;

	assert_int_equal(pprof_add_function(p, &f, &number), 0);
	return number;
}

/* A location of one line in a function that starts at line 10. */
static inline uint32_t made_location(struct pprof_profile *p, const char *function, int64_t line,
				     uint64_t address)
{
	struct pprof_line l = { .function = made_function(p, function, 10), .line = line };
	struct pprof_location location = {
		.mapping = PPROF_NONE,
		.address = address,
		.lines = &l,
		.n_lines = 1,
	};
	uint32_t number;

	assert_int_equal(pprof_add_location(p, &location, &number), 0);
	return number;
}

/* @caller may be PPROF_NONE. */
static inline void made_sample(struct pprof_profile *p, uint32_t leaf, uint32_t caller,
			       int64_t value)
{
	uint32_t locations[] = { leaf, caller };
	struct pprof_sample s = {
		.locations = locations,
		.n_locations = caller == PPROF_NONE ? 1 : 2,
		.values = &value,
	};

	assert_int_equal(pprof_add_sample(p, &s, NULL), 0);
}

/* main.caller calls main.calleeN at line 10 + N, @value times. */
static inline void made_call(struct pprof_profile *p, unsigned int callee, int64_t value)
{
	char name[32];

	snprintf(name, sizeof(name), "main.callee%u", callee);
	made_sample(p, made_location(p, name, 11, 0x100000 + callee),
		    made_location(p, "main.caller", 10 + callee, 0x1000 + callee), value);
}

static inline struct pgo_edges *made_edges(struct pprof_profile *p)
{
	struct pgo_edges *edges = NULL;

	assert_int_equal(pgo_edges_new(p, &edges), 0);
	return edges;
}

static inline void made_profile_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}
