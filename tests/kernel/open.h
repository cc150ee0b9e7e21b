/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that sample: where it cannot be done, they are skipped, and say why. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/capture/capture.h"

#define TEST_SKIPPED 77

/* Does not return unless there is a capture. That the kernel refuses the program is no excuse. */
static inline struct capture *open_or_skip(const struct capture_options *options)
{
	struct capture_detail detail;
	struct capture *c = NULL;
	int r = capture_open(options, &detail, &c);

	if (r == 0)
		return c;
	printf("%s%s%s\n", r < 0 ? strerror(-r) : capture_outcome_text(r),
	       detail.text[0] ? ": " : "", detail.text);
	exit(r < 0 || r == CAPTURE_E_REFUSED ? 1 : TEST_SKIPPED);
}
