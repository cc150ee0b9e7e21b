/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What delivery asks of whoever knows what is in a pprof: a profile made smaller, or as a store
 * wants it (agent/deliver/deliver.h, struct deliver_owner). Pure.
 */
#pragma once

#include "agent/deliver/deliver.h"

/* deliver_owner.split: every other sample in the one, the rest in the other. */
int reshape_split(void *context, const struct delivery *whole, uint64_t max_raw,
		  uint32_t max_samples, struct deliver_piece ret_pieces[DELIVER_MAX_PIECES]);

/* deliver_owner.adapt */
int reshape_adapt(void *context, const struct delivery *profile, uint64_t time, bool escape_shapes,
		  struct deliver_piece *ret_piece);

/* Bytes of a gzip'd pprof before compression: its last member says so (RFC 1952, ISIZE). */
uint64_t reshape_raw_size(struct span gzip);
