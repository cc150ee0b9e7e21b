/* SPDX-License-Identifier: Apache-2.0 */
/* A profile from a file, for the commands that read one. */
#pragma once

#include "libpprof/pprof.h"

/*
 * Read and decode @path, "-" being standard input. 0; PPROF_E_MALFORMED, with nothing said and
 * *ret_reason a clause; or -errno, which has been said on behalf of @command.
 */
int load_profile(const char *command, const char *path, struct pprof_profile **ret_profile,
		 const char **ret_reason);

void load_profile_freep(struct pprof_profile **profile);
