/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/codec.h"

#include <errno.h>

#include "collector/ingest/message.h"
#include "collector/query/json.h"

int codec_unpack(enum query_codec codec, const ProtobufCMessageDescriptor *type, struct span body,
		 ProtobufCMessage **ret_message, struct refusal *why)
{
	if (body.size > CODEC_MAX_REQUEST)
		return refuse(why, REFUSAL_TOO_LARGE, "the message is over %zu KiB",
			      CODEC_MAX_REQUEST >> 10);
	return codec == QUERY_PROTO ? message_unpack(type, body, CODEC_MAX_MEMORY, ret_message, why)
				    : codec_json_unpack(type, body, ret_message, why);
}

ProtobufCMessage *codec_free(ProtobufCMessage *m)
{
	if (m)
		protobuf_c_message_free_unpacked(m, NULL); /* malloc's */
	return NULL;
}

void codec_freep(ProtobufCMessage **m)
{
	codec_free(*m);
}

/* ---- packing ----------------------------------------------------------------------------- */

struct sink {
	ProtobufCBuffer base;
	struct buf *to;
};

static void append(ProtobufCBuffer *base, size_t size, const uint8_t *data)
{
	buf_append(container_of(base, struct sink, base)->to, data, size);
}

void codec_pack(enum query_codec codec, const ProtobufCMessage *m, struct buf *to)
{
	struct sink sink = { { append }, to };

	if (codec == QUERY_PROTO)
		protobuf_c_message_pack_to_buffer(m, &sink.base);
	else
		codec_json_pack(m, to);
}

/* ---- lists ------------------------------------------------------------------------------- */

void codec_list_begin(struct codec_list *l, const ProtobufCMessageDescriptor *type,
		      enum query_codec codec, struct buf *to)
{
	char name[CODEC_NAME_SIZE];

	*l = (struct codec_list){ .codec = codec, .to = to, .field = type->fields[0].id };
	if (codec == QUERY_JSON && codec_json_name(type->fields[0].name, name))
		buf_printf(to, "{\"%s\":[", name);
}

void codec_list_add(struct codec_list *l, const ProtobufCMessage *item)
{
	if (l->codec == QUERY_PROTO) {
		buf_append_uvarint(l->to, l->field << 3 | 2);
		buf_append_uvarint(l->to, protobuf_c_message_get_packed_size(item));
	} else if (l->any) {
		buf_append_u8(l->to, ',');
	}
	l->any = true;
	codec_pack(l->codec, item, l->to);
}

void codec_list_end(struct codec_list *l)
{
	if (l->codec == QUERY_JSON)
		buf_append_text(l->to, "]}");
}
