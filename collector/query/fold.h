/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sample type of many profiles, added up. Pure. Inside of this room.
 *
 * Labels of samples are left out, and so are samples of 0. Equal stacks are added up as
 * google/pprof adds them; those that differ in a line, an address or a mapping stay apart.
 */
#pragma once

#include <stddef.h>

#include "libpprof/pprof.h"

enum fold_shape {
	FOLD_WHOLE, /* all of a stack */
	FOLD_NAMES, /* its functions' names and nothing else */
};

/* Samples with a text label @key of one of @values. */
struct fold_filter {
	const char *key; /* NULL: all samples */
	char **values;
	size_t n;
};

struct fold_options {
	enum fold_shape shape;
	size_t depth;		      /* locations kept of a stack, from its leaf; 0: all */
	const char *const *call_site; /* stacks that begin so, names root first */
	size_t n_call_site;
	struct fold_filter filter;
};

/* A profile of @n sample types, all of the same name. 0 or -ENOMEM. */
int fold_new(const struct pprof_value_type *type, const struct pprof_value_type *period, size_t n,
	     struct pprof_profile **ret_profile);

/* The number of a sample type of @p; false where it has none such, or another period. */
bool fold_find_type(const struct pprof_profile *p, const struct pprof_value_type *type,
		    const struct pprof_value_type *period, size_t *ret_number);

/* Adds up one sample type of profiles that pprof_reread() reads, all into one. */
struct fold;

int fold_open(struct pprof_profile *to, size_t slot, const struct fold_options *options,
	      struct fold **ret_fold);
struct fold *fold_close(struct fold *f);

/* As fold_add(); always the same @from. */
int fold_next(struct fold *f, struct pprof_profile *from, size_t type);

/*
 * Add values of sample type @type of @from to sample type @slot of @to. 0, PPROF_E_TOO_LARGE or
 * -ENOMEM; after a failure @to is fit only for pprof_free().
 */
int fold_add(struct pprof_profile *to, size_t slot, struct pprof_profile *from, size_t type,
	     const struct fold_options *options);
