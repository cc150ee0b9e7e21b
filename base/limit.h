/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As many open files as this process may have: each executable that is looked at has one, each CPU
 * two. The soft limit is 1024 by tradition, select(2)'s, which nobody uses here. What is started
 * from here inherits it: so before that, or never.
 */
#pragma once

#include <sys/resource.h>

static inline void limit_raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}
