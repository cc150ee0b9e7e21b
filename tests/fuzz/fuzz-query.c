/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the querier in either codec, what becomes of them in the other, and label selectors.
 */
#include <string.h>

#include "collector/query/codec.h"
#include "collector/query/selector.h"
#include "proto/querier.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const requests[] = {
	&querier__v1__profile_types_request__descriptor,
	&querier__v1__label_names_request__descriptor,
	&querier__v1__label_values_request__descriptor,
	&querier__v1__series_request__descriptor,
	&querier__v1__select_merge_profile_request__descriptor,
	&querier__v1__select_merge_stacktraces_request__descriptor,
	&querier__v1__select_merge_span_profile_request__descriptor,
	&querier__v1__select_series_request__descriptor,
	&querier__v1__diff_request__descriptor,
	&querier__v1__get_profile_stats_request__descriptor,
	&querier__v1__analyze_query_request__descriptor,
};

/* What was read is written in the other codec, and has to be read again. */
static void read_and_write(const ProtobufCMessageDescriptor *type, enum query_codec codec,
			   struct span input)
{
	enum query_codec other = codec == QUERY_JSON ? QUERY_PROTO : QUERY_JSON;
	_cleanup_(codec_freep) ProtobufCMessage *m = NULL, *again = NULL;
	_cleanup_(buf_fini) struct buf text = BUF_INIT((size_t)64 << 20);
	struct refusal why;

	if (codec_unpack(codec, type, input, &m, &why) != 0)
		return;
	codec_pack(other, m, &text);
	if (!buf_error(&text) && text.size < CODEC_MAX_REQUEST)
		codec_unpack(other, type, span_of(text.data, text.size), &again, &why);
}

static const char *value_of(const void *context, const char *name)
{
	return *name == 'a' ? context : "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(selector_fini) struct selector selector = SELECTOR_NULL;
	struct span input = span_of(data, size);
	struct refusal why;
	bool holds;

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		read_and_write(requests[i], QUERY_PROTO, input);
		read_and_write(requests[i], QUERY_JSON, input);
	}
	if (selector_parse(&selector, input, &why) == 0)
		selector_test(&selector, value_of, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", &holds,
			      &why);
	return 0;
}
