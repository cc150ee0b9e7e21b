/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels that hone push sends a profile with. What the user says comes first, then what the
 * executable's build info says, then what the profile says of itself in hone's comments; so they
 * are those of hone-agent (agent/target/identity.h), as far as they can be known.
 */
#pragma once

#include "agent/binary/binary.h"
#include "agent/target/labels.h"
#include "libpprof/pprof.h"

enum push_labels_outcome {
	PUSH_LABELS_E_SERVICE = 1, /* no service name can be told */
	PUSH_LABELS_E_KIND,	   /* nor can __name__: no kind of profile that is known */
	PUSH_LABELS_E_TOO_MANY,	   /* some would be left out */
};

/* Of the user's labels, "name=value". False for another form. */
bool push_labels_add(struct labels *l, const char *pair);

/* All the rest. @build may be NULL. 0, an outcome or -ENOMEM. */
int push_labels_finish(struct labels *l, const struct binary_build *build,
		       const struct pprof_profile *p);
