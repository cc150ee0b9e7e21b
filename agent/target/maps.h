/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of /proc/PID/maps (proc_pid_maps(5)):
 *
 *	start-end perms offset major:minor inode        path
 *
 * The device and inode are the kernel's own and on overlay and btrfs not always those of stat(2).
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

struct mapping {
	uint64_t start, end; /* run-time addresses */
	uint64_t offset;     /* in the file */
	uint64_t inode;	     /* 0: no file */
	uint32_t major, minor;
	bool executable;
	struct span path; /* borrowed from the line; empty, a path, or "[vdso]" and the like */
};

/* @line is without its newline. False when it is not such a line. */
bool mapping_parse(struct span line, struct mapping *ret_mapping);
