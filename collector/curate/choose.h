/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the profiles in the window may be used. Inside of this room. */
#pragma once

#include "collector/curate/curate.h"

enum choice_left { CHOICE_TAKEN, CHOICE_LABELS, CHOICE_MODE, CHOICE_CANARY_LABEL };

struct choice_series {
	int64_t id;
	uint32_t mode; /* of explain->modes */
	enum choice_left left;
};

struct choice {
	struct choice_series *series; /* by id */
	size_t n_series;
	struct curate_build *builds; /* all of the list's, as many */
};

#define CHOICE_NULL \
	{           \
		0   \
	}

void choice_fini(struct choice *c);

/*
 * Builds that may be used have the fate CURATE_NOT_NEEDED so far. What is said of builds, modes and
 * profiles left out goes into @e. 0, CURATE_E_AMBIGUOUS, CURATE_E_DAMAGED or -errno.
 */
int choose(struct depot_reader *reader, const struct depot_query *query,
	   const struct curate_request *request, const struct depot_list *list,
	   struct curate_explain *e, struct choice *ret_choice);

const struct choice_series *choice_find(const struct choice *c, int64_t series);
