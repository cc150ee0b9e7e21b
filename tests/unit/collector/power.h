/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system that loses power, as a VFS of SQLite's over its usual one: it knows what of each
 * file was synced, and what was written since. At any moment it can say what a disk would hold
 * had the power gone: what was synced, and of what was written since whichever sectors happened to
 * have reached it, in any order.
 */
#pragma once

#include <stdint.h>

/* Make it SQLite's own, once. */
void power_init(void);

/*
 * The power goes, on a copy: what the disk then holds of the files in folder @from is written to
 * folder @to. @seed chooses the sectors. Others may write meanwhile.
 */
void power_cut(const char *from, const char *to, uint64_t seed);
