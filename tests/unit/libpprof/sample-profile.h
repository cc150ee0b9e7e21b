/* SPDX-License-Identifier: Apache-2.0 */
/* A small profile that has something in every field, for the tests of this folder. */
#pragma once

#include "libpprof/pprof.h"
#include "tests/unit/unit.h"

/* What a Go program's CPU profile says of itself. */
static inline struct pprof_profile *cpu_profile(void)
{
	struct pprof_header header = {
		.time_nanos = 1700000000000000001,
		.duration_nanos = 30000000000,
		.period = 10000000,
		.period_type = { "cpu", "nanoseconds" },
		.default_sample_type = "cpu",
		.drop_frames = "^runtime\\.mallocgc$",
		.keep_frames = "keep",
		.doc_url = "https://example.com/",
	};
	struct pprof_profile *p;

	assert_int_equal(pprof_new(&p), 0);
	assert_int_equal(pprof_set_header(p, &header), 0);
	assert_int_equal(pprof_add_sample_type(p, &(struct pprof_value_type){ "samples", "count" }),
			 0);
	assert_int_equal(
		pprof_add_sample_type(p, &(struct pprof_value_type){ "cpu", "nanoseconds" }), 0);
	return p;
}

static inline uint32_t add_function(struct pprof_profile *p, const char *name, int64_t start_line)
{
	struct pprof_function f = {
		.name = name,
		.system_name = name,
		.file = "/src/main.go",
		.start_line = start_line,
	};
	uint32_t number;

	assert_int_equal(pprof_add_function(p, &f, &number), 0);
	return number;
}

static inline uint32_t add_location(struct pprof_profile *p, uint64_t address, uint32_t function,
				    int64_t line)
{
	struct pprof_line l = { .function = function, .line = line };
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

static inline uint32_t add_sample(struct pprof_profile *p, size_t n, const uint32_t *locations,
				  int64_t count)
{
	struct pprof_sample s = {
		.locations = locations,
		.n_locations = n,
		.values = (int64_t[]){ count, count * 10000000 },
	};
	uint32_t number;

	assert_int_equal(pprof_add_sample(p, &s, &number), 0);
	return number;
}
