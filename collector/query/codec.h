/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of proto/querier.proto as bytes, in the two codecs of the Connect protocol
 * (connectrpc.com/docs/protocol): protobuf, and JSON as protojson has it
 * (protobuf.dev/programming-guides/json). The JSON of every message is made from what protobuf-c
 * knows of its fields.
 *
 * Of a request unknown fields are passed over, and one that costs far more memory than it has bytes
 * is refused. Pure.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "collector/ingest/refusal.h"

#define CODEC_MAX_REQUEST ((size_t)1 << 20) /* bytes */
#define CODEC_MAX_MEMORY  ((size_t)8 << 20) /* that its message may take */

enum query_codec { QUERY_PROTO, QUERY_JSON };

/* 0, INGEST_E_REFUSED or -ENOMEM. *ret_message ends with codec_free(). */
int codec_unpack(enum query_codec codec, const ProtobufCMessageDescriptor *type, struct span body,
		 ProtobufCMessage **ret_message, struct refusal *why);
ProtobufCMessage *codec_free(ProtobufCMessage *m);
void codec_freep(ProtobufCMessage **m);

/* Append @m to @to, which knows if that failed. */
void codec_pack(enum query_codec codec, const ProtobufCMessage *m, struct buf *to);

/* For what is written by hand: a text as a JSON string. */
void codec_put_json_text(struct buf *to, const char *text);

/* A message whose one field is a list of messages, written one by one. */
struct codec_list {
	enum query_codec codec;
	struct buf *to;
	unsigned int field; /* its number */
	bool any;
};

void codec_list_begin(struct codec_list *l, const ProtobufCMessageDescriptor *type,
		      enum query_codec codec, struct buf *to);
void codec_list_add(struct codec_list *l, const ProtobufCMessage *item);
void codec_list_end(struct codec_list *l);
