/* SPDX-License-Identifier: Apache-2.0 */
/* What runs: the builds of each service, in numbers that the index knows. */
#pragma once

#include "collector/depot/depot.h"

/* A build of a main package that runs as a service. */
struct depot_program {
	size_t service, package, build;	   /* offsets in .text; "" where it is not known */
	size_t version, revision, go, pgo; /* likewise, of labels: those of hone-agent */
	int64_t profiles;		   /* pushed */
	int64_t instances;		   /* sets of labels */
	int64_t first, last;		   /* ns: start of the first profile, end of the last */
	int64_t cpu;			   /* ns of CPU time */
	int64_t bytes;			   /* on disk */
};

struct depot_programs {
	struct depot_program *rows; /* by service, package; the one seen last is first */
	size_t n;
	bool more; /* than DEPOT_MAX_PROGRAMS: these are not here */
	struct buf text;
};

#define DEPOT_MAX_PROGRAMS 10000u
#define DEPOT_PROGRAMS_NULL                        \
	{                                          \
		.text = BUF_INIT((size_t)16 << 20) \
	}

static inline const char *depot_programs_text(const struct depot_programs *l, size_t at)
{
	return (const char *)l->text.data + at;
}

/*
 * Of @tenant, with CPU profiles that start at @since or later; @name, of a service or a main
 * package, or NULL for all. 0, DEPOT_E_DAMAGED or -errno.
 */
int depot_list_programs(struct depot_reader *r, const char *tenant, const char *name, int64_t since,
			struct depot_programs *ret_list);
void depot_programs_fini(struct depot_programs *l);

/* What came in, hour by hour, by the start of profiles. */
struct depot_hour {
	int64_t start; /* ns, of the hour */
	int64_t profiles, bytes, cpu;
	int64_t instances;
};

/* Call @each for hours from @since on in which something came, in order. As above. */
int depot_each_hour(struct depot_reader *r, const char *tenant, int64_t since,
		    void (*each)(void *context, const struct depot_hour *hour), void *context);
