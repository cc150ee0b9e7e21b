/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/escape.h"
#include "collector/query/json.h"

void codec_put_json_text(struct buf *to, const char *text)
{
	struct span rest = span_of(text, strlen(text));
	char escaped[ESCAPE_MAX];

	buf_append_u8(to, '"');
	while (rest.size) {
		size_t n = escape_next(&rest, escaped);

		buf_append(to, escaped, n);
	}
	buf_append_u8(to, '"');
}

bool codec_json_name(const char *name, char ret_name[CODEC_NAME_SIZE])
{
	bool up = false;
	size_t n = 0;

	for (; *name; name++) {
		if (*name == '_') {
			up = true;
			continue;
		}
		if (n + 1 == CODEC_NAME_SIZE)
			return false;
		ret_name[n++] = up && *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name;
		up = false;
	}
	ret_name[n] = '\0';
	return true;
}

/* RFC 4648 §4, with its padding. */
static void put_base64(struct buf *to, const ProtobufCBinaryData *bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	buf_append_u8(to, '"');
	for (size_t i = 0; i < bytes->len; i += 3) {
		size_t n = bytes->len - i < 3 ? bytes->len - i : 3;
		uint32_t bits = (uint32_t)bytes->data[i] << 16;

		bits |= n > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
		bits |= n > 2 ? bytes->data[i + 2] : 0;
		for (size_t k = 0; k < 4; k++)
			buf_append_u8(to, k > n ? '=' : (uint8_t)digits[bits >> (18 - 6 * k) & 63]);
	}
	buf_append_u8(to, '"');
}

static void put_double(struct buf *to, double value)
{
	if (isfinite(value))
		buf_printf(to, "%.17g", value);
	else
		buf_append_text(to, isnan(value) ? "\"NaN\""
				    : value > 0	 ? "\"Infinity\""
						 : "\"-Infinity\"");
}

static void put_enum(struct buf *to, const ProtobufCEnumDescriptor *type, int number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

	if (value)
		codec_put_json_text(to, value->name);
	else
		buf_printf(to, "%d", number);
}

static void put_value(struct buf *to, const ProtobufCFieldDescriptor *f, const void *at)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
		buf_printf(to, "%" PRId32, *(const int32_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT32:
		buf_printf(to, "%" PRIu32, *(const uint32_t *)at);
		break;
	case PROTOBUF_C_TYPE_INT64:
		buf_printf(to, "\"%" PRId64 "\"", *(const int64_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT64:
		buf_printf(to, "\"%" PRIu64 "\"", *(const uint64_t *)at);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		put_double(to, *(const double *)at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		buf_append_text(to, *(const protobuf_c_boolean *)at ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum(to, f->descriptor, *(const int *)at);
		break;
	case PROTOBUF_C_TYPE_STRING:
		codec_put_json_text(to, *(const char *const *)at);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_base64(to, at);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		codec_json_pack(*(const ProtobufCMessage *const *)at, to);
		break;
	default: /* of no message here */
		buf_append_text(to, "null");
	}
}

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
		return sizeof(int32_t);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return sizeof(int64_t); /* and double */
	}
}

/* What has the value that it has when it is left out, is left out. */
static bool is_default(const ProtobufCFieldDescriptor *f, const void *at)
{
	static const uint64_t zero;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return !*(const char *const *)at || !**(const char *const *)at;
	case PROTOBUF_C_TYPE_BYTES:
		return !((const ProtobufCBinaryData *)at)->len;
	case PROTOBUF_C_TYPE_MESSAGE:
		return !*(const ProtobufCMessage *const *)at;
	default:
		return !memcmp(at, &zero, size_of(f->type));
	}
}

static void put_repeated(struct buf *to, const ProtobufCFieldDescriptor *f, const uint8_t *items,
			 size_t n)
{
	buf_append_u8(to, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_append_u8(to, ',');
		put_value(to, f, items + i * size_of(f->type));
	}
	buf_append_u8(to, ']');
}

/* Depth is that of our own messages. */
void codec_json_pack(const ProtobufCMessage *m, struct buf *to)
{
	const uint8_t *base = (const uint8_t *)m;
	char name[CODEC_NAME_SIZE];
	const char *comma = "";

	buf_append_u8(to, '{');
	for (unsigned int i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
		size_t n = repeated ? *(const size_t *)(base + f->quantifier_offset) : 1;

		if (!n || (!repeated && is_default(f, base + f->offset)) ||
		    !codec_json_name(f->name, name))
			continue;
		buf_printf(to, "%s\"%s\":", comma, name);
		comma = ",";
		if (repeated)
			put_repeated(to, f, *(const uint8_t *const *)(base + f->offset), n);
		else
			put_value(to, f, base + f->offset);
	}
	buf_append_u8(to, '}');
}
