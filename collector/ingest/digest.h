/* SPDX-License-Identifier: Apache-2.0 */
/* What makes two profiles the same one. */
#pragma once

#include "collector/ingest/accept.h"

/*
 * SHA-256 of tenant, and of the id if it is a UUID, or else of all labels and the bytes as they
 * came. So a client that tries again with its id may have changed the profile (hone-agent brings
 * its time up to date), and one without id is recognized by what it sends. An id counts within its
 * tenant only.
 */
void digest_profile(const struct accept_input *in, uint8_t ret_key[DEPOT_KEY_SIZE]);
