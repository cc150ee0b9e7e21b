/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate for requests in protobuf: protobuf-c, with what it may take of memory bounded, and
 * nothing cut off. Its strings are C's, so one with a NUL in it would silently be a shorter one:
 * that is refused (protobuf.dev/programming-guides/encoding: the length is the field's own).
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/span.h"
#include "collector/ingest/refusal.h"

/*
 * @memory: bytes that the message may take; protobuf-c makes some 100 of a field of two. 0, or
 * INGEST_E_REFUSED. *ret_message ends with protobuf_c_message_free_unpacked(), allocator NULL.
 */
int message_unpack(const ProtobufCMessageDescriptor *type, struct span body, size_t memory,
		   ProtobufCMessage **ret_message, struct refusal *why);
