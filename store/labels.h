/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels as Pyroscope takes them (pkg/validation, the defaults of v2.2): at most 30, names of
 * [a-zA-Z_][a-zA-Z0-9_]* and at most 1024 bytes, each once, values in UTF-8 of at most 2048 bytes.
 * Label values come from containers and may be anything; one bad value must not cost the profile.
 */
#pragma once

#include "base/buf.h"
#include "store/store.h"

#define LABELS_MAX	 30u
#define LABEL_NAME_SIZE	 128u
#define LABEL_VALUE_SIZE 2048u

struct clean_labels {
	struct clean_label {
		uint32_t name, value; /* where in .text */
	} of[LABELS_MAX];
	uint32_t n;
	uint32_t changed; /* how many were altered or left out; not those without a value */
	struct buf text;
};

#define CLEAN_LABELS_NULL                                                                     \
	{                                                                                     \
		.text = BUF_INIT((LABELS_MAX + 1) * (LABEL_NAME_SIZE + LABEL_VALUE_SIZE + 2)) \
	}

/* 0 or -ENOMEM. */
int clean_labels_make(struct clean_labels *l, const struct store_label *labels, uint32_t n_labels);
void clean_labels_fini(struct clean_labels *l);

static inline char *clean_labels_text(const struct clean_labels *l, uint32_t at)
{
	return (char *)l->text.data + at;
}
