/* SPDX-License-Identifier: Apache-2.0 */
/* What hone record says when it is done. */
#pragma once

#include <stdbool.h>

#include "cli/commands.h"
#include "cli/record_loop.h"
#include "cli/record_result.h"

struct record_report {
	const char *target;  /* "pid 42" */
	const char *command; /* that is recorded from its start; or NULL */
	const char *output;  /* "-": standard output, which the summary then keeps clear of */
	bool json, quiet;
	size_t n_denied; /* processes that could not be looked at when the target was looked for */
	enum record_end end;
	const struct recorder *recorder;
	const struct record_result *result;
};

/* The profile was written. HONE_OK, or HONE_ERROR when the summary could not be. */
enum hone_exit record_report_summary(const struct record_report *report);

/* There is none: say why. HONE_REFUSED. */
enum hone_exit record_report_refusal(const struct record_report *report);

/* The same where a signal came before sampling began, and before the command did. */
enum hone_exit record_report_interrupted(const struct record_report *report);
