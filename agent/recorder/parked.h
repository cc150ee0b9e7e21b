/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of processes that were gone before their executable could be opened. When another process
 * runs the same file before the window is over, they are counted after all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/sample.h"

/* Some second of one CPU at 499 Hz. */
#define PARKED_MAX	 512u
#define PARKED_MAX_BYTES (512u << 10)

struct parked {
	struct sample *items[PARKED_MAX];
	uint32_t n;
	size_t bytes;
};

void parked_fini(struct parked *p);

/* Keep a copy. False when there is no room. */
bool parked_add(struct parked *p, const struct sample *s);

/* One of this executable, the caller's to free(), or NULL. In the order they came. */
struct sample *parked_take(struct parked *p, const struct exe_key *exe);

/* Give all of them up: how many ticks they stood for. */
uint64_t parked_clear(struct parked *p);
