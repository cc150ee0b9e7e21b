/* SPDX-License-Identifier: Apache-2.0 */
/* What hone pull says of what it did. */
#pragma once

#include "cli/pull_item.h"

struct pull_counts {
	size_t written, unchanged, kept, failed;
};

struct pull_counts pull_count(const struct pull_item *items, size_t n);

/* A line for each: what was done on standard output, what was not on standard error. */
bool pull_report(const struct pull_options *o, const struct pull_item *items, size_t n);

/* Warn, or with --fail complain, of what concerns all. */
void pull_complain(const struct pull_options *o, const char *format, ...) _printf_(2, 3);

bool pull_report_json(const struct pull_options *o, const struct pull_item *items, size_t n,
		      const char *error);
