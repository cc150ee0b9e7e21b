/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "collector/query/json.h"

#define MAX_VALUES 20000u /* in a document; jansson takes some 60 bytes for each */
#define MAX_DEPTH  8u	  /* of messages: twice that of ours */

static void decrefp(json_t **json)
{
	json_decref(*json);
}

static bool has_too_many_values(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.size; i++)
		n += s.data[i] == ',' || s.data[i] == '[' || s.data[i] == '{';
	return n > MAX_VALUES;
}

static int wrong_type(const ProtobufCFieldDescriptor *f, struct refusal *why)
{
	return refuse(why, REFUSAL_INVALID, "%s has a value that it cannot have", f->name);
}

/* ---- values ------------------------------------------------------------------------------ */

/* Whole numbers may come as strings, and 64 bits usually do. */
static bool read_integer(const json_t *value, int64_t *ret_number)
{
	if (json_is_integer(value)) {
		*ret_number = json_integer_value(value);
		return true;
	}
	if (json_is_real(value)) {
		double real = json_real_value(value);

		if (!(real >= -9e15 && real <= 9e15) || real != (double)(int64_t)real)
			return false;
		*ret_number = (int64_t)real;
		return true;
	}
	if (!json_is_string(value))
		return false;
	struct span text = span_of(json_string_value(value), json_string_length(value));
	bool negative = text_skip(&text, "-");
	uint64_t number;
	if (!text_number(&text, 10, &number) || text.size || number > INT64_MAX)
		return false;
	*ret_number = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

static bool read_double(const json_t *value, double *ret_number)
{
	if (json_is_number(value)) {
		*ret_number = json_number_value(value);
		return true;
	}
	if (!json_is_string(value) || !json_string_length(value))
		return false;
	char *end;
	*ret_number = strtod(json_string_value(value), &end);
	return !*end;
}

static bool read_enum(const json_t *value, const ProtobufCEnumDescriptor *type, int *ret_number)
{
	int64_t number;

	if (json_is_string(value)) {
		const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value_by_name(
			type, json_string_value(value));

		if (known)
			*ret_number = known->value;
		return known;
	}
	if (!read_integer(value, &number) || number < INT32_MIN || number > INT32_MAX)
		return false;
	*ret_number = (int)number;
	return true;
}

static int read_message(const json_t *object, const ProtobufCMessageDescriptor *type,
			unsigned int depth, ProtobufCMessage **ret_message, struct refusal *why);

static int read_number(const json_t *value, const ProtobufCFieldDescriptor *f, void *to,
		       struct refusal *why)
{
	int64_t number = 0;

	if (!read_integer(value, &number))
		return wrong_type(f, why);
	if (f->type == PROTOBUF_C_TYPE_INT64) {
		*(int64_t *)to = number;
		return 0;
	}
	if (f->type != PROTOBUF_C_TYPE_UINT32 || number < 0 || number > UINT32_MAX)
		return wrong_type(f, why);
	*(uint32_t *)to = (uint32_t)number;
	return 0;
}

static int read_text(const json_t *value, char **to)
{
	*to = strdup(json_string_value(value));
	return *to ? 0 : -ENOMEM;
}

/* @to is of the field's type, and 0. */
static int read_value(const json_t *value, const ProtobufCFieldDescriptor *f, unsigned int depth,
		      void *to, struct refusal *why)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_DOUBLE:
		return read_double(value, to) ? 0 : wrong_type(f, why);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(value, f->descriptor, to) ? 0 : wrong_type(f, why);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_is_boolean(value))
			return wrong_type(f, why);
		*(protobuf_c_boolean *)to = json_is_true(value);
		return 0;
	case PROTOBUF_C_TYPE_STRING:
		return json_is_string(value) ? read_text(value, to) : wrong_type(f, why);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(value, f->descriptor, depth + 1, to, why);
	default:
		return read_number(value, f, to, why);
	}
}

/* Texts and messages are what requests repeat. */
static int read_repeated(const json_t *array, const ProtobufCFieldDescriptor *f, unsigned int depth,
			 uint8_t *base, struct refusal *why)
{
	size_t *n = (size_t *)(base + f->quantifier_offset);
	void ***items = (void ***)(base + f->offset);
	int r = 0;

	if (!json_is_array(array) ||
	    (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE))
		return wrong_type(f, why);
	if (!json_array_size(array))
		return 0;
	*items = calloc(json_array_size(array), sizeof(**items));
	if (!*items)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
		r = read_value(json_array_get(array, i), f, depth, &(*items)[i], why);
		*n += (*items)[i] != NULL;
	}
	return r;
}

/* ---- messages ---------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
						  const char *key)
{
	char name[CODEC_NAME_SIZE];

	for (unsigned int i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];

		if (!strcmp(f->name, key) || (codec_json_name(f->name, name) && !strcmp(name, key)))
			return f;
	}
	return NULL;
}

static int read_field(const json_t *value, const ProtobufCFieldDescriptor *f, unsigned int depth,
		      uint8_t *base, struct refusal *why)
{
	void *to = base + f->offset;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(size_t *)(base + f->quantifier_offset) ? wrong_type(f, why)
								: /* under both of its names */
			       read_repeated(value, f, depth, base, why);
	bool is_set = f->type == PROTOBUF_C_TYPE_STRING	   ? *(const void **)to != f->default_value
		      : f->type == PROTOBUF_C_TYPE_MESSAGE ? *(const void **)to != NULL
							   : false;
	return is_set ? wrong_type(f, why) : read_value(value, f, depth, to, why);
}

static int read_message(const json_t *object, const ProtobufCMessageDescriptor *type,
			unsigned int depth, ProtobufCMessage **ret_message, struct refusal *why)
{
	void *i = json_object_iter((json_t *)object);
	int r = 0;

	if (!json_is_object(object) || depth > MAX_DEPTH)
		return refuse(why, REFUSAL_INVALID, "a %s is no JSON object", type->short_name);
	ProtobufCMessage *m = calloc(1, type->sizeof_message);
	if (!m)
		return -ENOMEM;
	protobuf_c_message_init(type, m);
	*ret_message = m;
	for (; r == 0 && i; i = json_object_iter_next((json_t *)object, i)) {
		const ProtobufCFieldDescriptor *f = find_field(type, json_object_iter_key(i));
		const json_t *value = json_object_iter_value(i);

		if (f && !json_is_null(value))
			r = read_field(value, f, depth, (uint8_t *)m, why);
	}
	return r;
}

int codec_json_unpack(const ProtobufCMessageDescriptor *type, struct span body,
		      ProtobufCMessage **ret_message, struct refusal *why)
{
	ProtobufCMessage *m = NULL;
	json_error_t error;

	if (has_too_many_values(body))
		return refuse(why, REFUSAL_TOO_LARGE, "the document has too many values");
	_cleanup_(decrefp) json_t *document = json_loadb(body.size ? (const char *)body.data : "",
							 body.size, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		return json_error_code(&error) == json_error_out_of_memory
			       ? -ENOMEM
			       : refuse(why, REFUSAL_INVALID, "the body is no JSON: %.*s",
					(int)sizeof(error.text), error.text);
	int r = read_message(document, type, 0, &m, why);
	if (r != 0)
		codec_free(m);
	else
		*ret_message = m;
	return r;
}
