/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/message.h"

#include <stdlib.h>
#include <string.h>

#include "libpprof/wire.h"

struct budget {
	size_t left;
	bool exceeded;
};

static void *take(void *context, size_t size)
{
	struct budget *b = context;

	if (size > b->left) {
		b->exceeded = true;
		return NULL;
	}
	b->left -= size;
	return malloc(size);
}

static void give_back(void *context, void *pointer)
{
	(void)context;
	free(pointer);
}

/* Are all strings such that C can hold them? As deep as @type is. */
static bool is_whole(const ProtobufCMessageDescriptor *type, struct pp_reader rest)
{
	struct pp_field f;

	while (pp_next_field(&rest, &f)) {
		const ProtobufCFieldDescriptor *d =
			f.type == PP_BYTES && f.number <= UINT32_MAX
				? protobuf_c_message_descriptor_get_field(type,
									  (unsigned int)f.number)
				: NULL;

		if (!d || !f.value)
			continue;
		if (d->type == PROTOBUF_C_TYPE_STRING && memchr(f.data, 0, f.value))
			return false;
		if (d->type == PROTOBUF_C_TYPE_MESSAGE &&
		    !is_whole(d->descriptor, pp_reader_of(f.data, f.value)))
			return false;
	}
	return !rest.bad;
}

int message_unpack(const ProtobufCMessageDescriptor *type, struct span body, size_t memory,
		   ProtobufCMessage **ret_message, struct refusal *why)
{
	struct budget budget = { .left = memory };
	ProtobufCAllocator allocator = { take, give_back, &budget };
	static const uint8_t nothing[1];
	const uint8_t *data = body.size ? body.data : nothing;

	*ret_message = protobuf_c_message_unpack(type, &allocator, body.size, data);
	if (!*ret_message)
		return budget.exceeded
			       ? refuse(why, REFUSAL_TOO_LARGE, "the message has too many fields")
			       : refuse(why, REFUSAL_INVALID, "the message is not a %s",
					type->short_name);
	if (is_whole(type, pp_reader_of(data, body.size)))
		return 0;
	protobuf_c_message_free_unpacked(*ret_message, NULL); /* malloc's, as above */
	*ret_message = NULL;
	return refuse(why, REFUSAL_INVALID, "a text in the message has a NUL");
}
