/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing a profile that is too big for a store by smaller ones. */
#pragma once

#include "agent/deliver/shelf.h"

/* @image as the owner knows it; @id is its text. */
struct delivery split_delivery(const struct image *image, const char *id);

/* Whether @image is known to be over the store's limits. */
bool split_is_needed(const struct image *image, const struct store_limits *limits);

/*
 * Have the owner split @image, which is that of @copy, a busy one. @copy is gone in the
 * end: replaced by its pieces, which wait in its place, or dropped. @answer: what the store said,
 * or NULL.
 */
void split_copy(struct shelf *shelf, struct copy *copy, const struct image *image,
		const struct store_limits *limits, const struct store_result *answer);
