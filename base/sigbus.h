/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a mapped file that somebody truncates raises SIGBUS. Ranges watched here survive it: the
 * handler puts zeros from the fault to the end of the range and marks it as torn, so that reading
 * goes on, yields zeros, and can be asked afterwards whether it was all true. (systemd reads its
 * journal files in this manner.)
 *
 * A signal handler has no argument to carry a state, so the table of ranges is the one mutable
 * global of this library: a fixed array of atomics, which the handler reads without a lock. The
 * handler is installed with the first range and stays; faults elsewhere go to what was there
 * before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One per open executable. */
#define SIGBUS_MAX_RANGES 1024

/* Watch [@start, @start + @size), pages of a private mapping. 0, -ENOSPC, or -errno. */
int sigbus_watch(const void *start, size_t size, unsigned int *ret_range);

/* Watch it no more: to be called before it is unmapped. */
void sigbus_unwatch(unsigned int range);

/* Whether zeros stand for something that was to be read in this range. */
bool sigbus_torn(unsigned int range);
