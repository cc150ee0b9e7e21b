/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: every service, how fresh its profiles are, what its builds cost, and whether the
 * next one can be built with them. */
#pragma once

#include "base/buf.h"
#include "collector/depot/programs.h"
#include "pgo/quality.h"

#define SERVICES_MAX	    500u /* on the page; the others are counted */
#define SERVICES_MAX_BUILDS 4u	 /* of each; likewise */

enum service_state {
	SERVICE_NOT_JUDGED, /* it would take too long now */
	SERVICE_NONE,	    /* there is no profile to judge, .why says so */
	SERVICE_JUDGED,
};

/* A service and main package, of which programs [first, first + n) are builds. */
struct service {
	size_t first, n;
	int64_t cpu, last, instances, bytes;
	enum service_state state;
	enum pgo_verdict verdict;
	double coverage;
	char why[512];
};

struct services {
	struct service *list; /* what costs most is first */
	size_t n;
};

#define SERVICES_NULL \
	{             \
		0     \
	}

/* Group @programs. 0 or -ENOMEM. */
int services_make(const struct depot_programs *programs, struct services *ret_services);
void services_fini(struct services *s);

/* A sum that stays at the end of what an int64_t holds. */
int64_t services_add(int64_t a, int64_t b);

/* What a service's profile is asked for by: its main package, or its own name. */
const char *service_key(const struct depot_programs *programs, const struct service *s);

struct services_page {
	const struct depot_programs *programs;
	const struct services *services;
	int64_t now, window; /* ns */
};

void services_write(struct buf *to, const struct services_page *p);

/* What the page says of one that was not judged when it was written, as JSON. */
void service_write_verdict(struct buf *to, const struct service *s);

/* ---- shared with the page of one service ------------------------------------------------- */

/* "good", with a colour of its own; and the text that says so. */
void service_put_verdict(struct buf *to, enum pgo_verdict verdict);

/* The short name of a build: its version if that tells something, and the head of its id. */
void service_put_build(struct buf *to, const struct depot_programs *l,
		       const struct depot_program *p);

/* Was it built with a profile? */
void service_put_pgo(struct buf *to, const struct depot_programs *l, const struct depot_program *p);
