/* SPDX-License-Identifier: Apache-2.0 */
/* What graph.js draws, as JSON. */
#pragma once

#include "base/buf.h"
#include "collector/query/cpu.h"

#define FLAME_MAX_NODES 3000 /* tree_cut(): some 1 / 10000 of the whole in real services */
#define FLAME_MAX_DEPTH 500u /* what is deeper is not drawn */

/*
 *	{"unit": "nanoseconds", "compares": false, "total": [10], "profiles": [1],
 *	 "skipped": [0], "cut": 0, "names": ["all", "main.main"],
 *	 "nodes": [[0, 0, 10], [1, 1, 10]]}
 *
 * A node is its level, the number of its name, and its value on each side; parents come first, and
 * children behind them. .cut counts the nodes that are not there, because they are too small or too
 * deep. 0 or -ENOMEM, and what went wrong with @to it knows itself.
 */
int flame_write(struct buf *to, const struct cpu_answer *a);
