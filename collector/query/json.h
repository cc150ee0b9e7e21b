/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in JSON. Inside of this room. */
#pragma once

#include "collector/query/codec.h"

int codec_json_unpack(const ProtobufCMessageDescriptor *type, struct span body,
		      ProtobufCMessage **ret_message, struct refusal *why);
void codec_json_pack(const ProtobufCMessage *m, struct buf *to);

/* The name of a field in JSON: of_two_words is ofTwoWords. False where it is too long. */
#define CODEC_NAME_SIZE 64u
bool codec_json_name(const char *name, char ret_name[CODEC_NAME_SIZE]);
