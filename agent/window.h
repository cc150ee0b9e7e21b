/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When windows end: at the same times of day on every day, so that those of one node follow each
 * other without a gap over restarts, and at other times on other nodes, so that a fleet does not
 * push all at once.
 *
 * The clock is asked only how long the next window is to be, and then a monotonic timer runs: a
 * clock that is stepped makes one window of another length, between a quarter and five quarters
 * of the usual one, and none that is empty or endless. Pure.
 */
#pragma once

#include <stdint.h>

/* Where in the length of a window the windows of @node end, in ns. */
uint64_t window_offset(const char *node, uint64_t length);

/*
 * How long a window is to last that begins at @now (ns since the epoch): to the next time that is
 * @offset after a multiple of @length, or to the one after that if it would be too short.
 */
uint64_t window_next(uint64_t now, uint64_t length, uint64_t offset);
