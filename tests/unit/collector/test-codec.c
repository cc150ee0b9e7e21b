/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "collector/query/codec.h"
#include "proto/querier.pb-c.h"

static int read_json(const ProtobufCMessageDescriptor *type, const char *text,
		     ProtobufCMessage **ret_message)
{
	struct refusal why = { 0 };

	*ret_message = NULL;
	return codec_unpack(QUERY_JSON, type, span_of(text, strlen(text)), ret_message, &why);
}

/* By way of both codecs, and back to the JSON that is expected. */
static void expect(const ProtobufCMessageDescriptor *type, const char *text, const char *wanted)
{
	struct buf bytes = BUF_INIT(1 << 20), json = BUF_INIT(1 << 20);
	ProtobufCMessage *m, *again;
	struct refusal why;

	assert_int_equal(read_json(type, text, &m), 0);
	codec_pack(QUERY_PROTO, m, &bytes);
	assert_int_equal(
		codec_unpack(QUERY_PROTO, type, span_of(bytes.data, bytes.size), &again, &why), 0);
	codec_pack(QUERY_JSON, again, &json);
	buf_append_u8(&json, 0);
	assert_int_equal(buf_error(&json), 0);
	assert_string_equal((char *)json.data, wanted);
	buf_fini(&bytes);
	buf_fini(&json);
	codec_free(m);
	codec_free(again);
}

#define TYPE(name) &querier__v1__##name##__descriptor

static void reads_what_it_writes(void **state)
{
	(void)state;
	expect(TYPE(profile_types_request), "{\"start\":1,\"end\":\"2\"}",
	       "{\"start\":\"1\",\"end\":\"2\"}");
	expect(TYPE(profile_types_response),
	       "{\"profileTypes\":[{\"ID\":\"i\",\"name\":\"n\",\"sample_type\":\"s\","
	       "\"sampleUnit\":"
	       "\"u\",\"periodType\":\"p\",\"period_unit\":\"q\"}]}",
	       "{\"profileTypes\":[{\"ID\":\"i\",\"name\":\"n\",\"sampleType\":\"s\","
	       "\"sampleUnit\":"
	       "\"u\",\"periodType\":\"p\",\"periodUnit\":\"q\"}]}");
	expect(TYPE(label_names_request), "{\"matchers\":[\"{}\",\"\"],\"start\":-5}",
	       "{\"matchers\":[\"{}\",\"\"],\"start\":\"-5\"}");
	expect(TYPE(label_values_request), "{\"name\":\"a\\\"\\u00e9\\n\"}",
	       "{\"name\":\"a\\\"\xc3\xa9\\n\"}");
	expect(TYPE(label_values_response), "{\"names\":[]}", "{}");
	expect(TYPE(series_request), "{\"labelNames\":[\"x\"],\"label_names\":null}",
	       "{\"labelNames\":[\"x\"]}");
	expect(TYPE(series_response),
	       "{\"labelsSet\":[{\"labels\":[{\"name\":\"a\",\"value\":\"b\"}]},{}]}",
	       "{\"labelsSet\":[{\"labels\":[{\"name\":\"a\",\"value\":\"b\"}]},{}]}");
	expect(TYPE(select_merge_stacktraces_request),
	       "{\"profileTypeID\":\"t\",\"format\":\"PROFILE_FORMAT_TREE\",\"stackTraceSelector\":"
	       "{\"callSite\":[{\"name\":\"m\"}],\"goPgo\":{\"keepLocations\":\"5\","
	       "\"aggregateCallees\":true}},\"unknown\":[{}]}",
	       "{\"profileTypeID\":\"t\",\"format\":\"PROFILE_FORMAT_TREE\",\"stackTraceSelector\":"
	       "{\"callSite\":[{\"name\":\"m\"}],\"goPgo\":{\"keepLocations\":5,"
	       "\"aggregateCallees\":true}}}");
	expect(TYPE(select_merge_profile_request), "{\"stackTraceSelector\":{}}",
	       "{\"stackTraceSelector\":{}}");
	expect(TYPE(select_merge_span_profile_request), "{\"format\":99,\"spanSelector\":[\"s\"]}",
	       "{\"spanSelector\":[\"s\"],\"format\":99}");
	expect(TYPE(select_series_request), "{\"step\":\"1.5\",\"aggregation\":1,\"limit\":3.0}",
	       "{\"step\":1.5,\"aggregation\":\"TIME_SERIES_AGGREGATION_TYPE_AVERAGE\","
	       "\"limit\":\"3\"}");
	expect(TYPE(diff_request), "{\"left\":{\"end\":9223372036854775807}}",
	       "{\"left\":{\"end\":\"9223372036854775807\"}}");
	expect(TYPE(get_profile_stats_response), "{\"dataIngested\":true}",
	       "{\"dataIngested\":true}");
	expect(TYPE(flame_graph_diff), "{\"leftTicks\":\"7\"}", "{\"leftTicks\":\"7\"}");
	expect(TYPE(analyze_query_request), "{\"query\":\"{}\"}", "{\"query\":\"{}\"}");
}

static void writes_what_none_reads(void **state)
{
	Querier__V1__SelectMergeStacktracesResponse m =
		QUERIER__V1__SELECT_MERGE_STACKTRACES_RESPONSE__INIT;
	static const char *const wanted[] = { "{}", "{\"tree\":\"AA==\"}", "{\"tree\":\"AP8=\"}",
					      "{\"tree\":\"AP/+\"}", "{\"tree\":\"AP/+PQ==\"}" };
	uint8_t bytes[] = { 0, 0xff, 0xfe, 0x3d };

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(wanted); n++) {
		struct buf json = BUF_INIT(1000);

		m.tree = (ProtobufCBinaryData){ n, bytes };
		codec_pack(QUERY_JSON, &m.base, &json);
		buf_append_u8(&json, 0);
		assert_string_equal((char *)json.data, wanted[n]);
		buf_fini(&json);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = {
		"",
		"[]",
		"{",
		"{\"a\":1,\"a\":2}",
		"{\"limit\":1.5}",
		"{\"limit\":\"x\"}",
		"{\"limit\":\"1x\"}",
		"{\"limit\":\"9223372036854775808\"}",
		"{\"limit\":true}",
		"{\"limit\":1e300}",
		"{\"step\":\"x\"}",
		"{\"step\":\"\"}",
		"{\"step\":[]}",
		"{\"aggregation\":\"NONE\"}",
		"{\"aggregation\":{}}",
		"{\"aggregation\":3000000000}",
		"{\"groupBy\":\"a\"}",
		"{\"groupBy\":[1]}",
		"{\"groupBy\":[null]}",
		"{\"groupBy\":[\"a\"],\"group_by\":[\"b\"]}",
		"{\"labelSelector\":1}",
		"{\"labelSelector\":\"a\",\"label_selector\":\"b\"}",
		"{\"labelSelector\":\"\\u0000\"}",
		"{\"stackTraceSelector\":[]}",
		"{\"stackTraceSelector\":{\"goPgo\":{\"keepLocations\":-1}}}",
		"{\"stackTraceSelector\":{\"goPgo\":{\"keepLocations\":4294967296}}}",
		"{\"stackTraceSelector\":{\"goPgo\":{\"aggregateCallees\":1}}}",
	};
	ProtobufCMessage *m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (read_json(TYPE(select_series_request), cases[i], &m) != INGEST_E_REFUSED)
			fail_msg("%s", cases[i]);
}

/* A message of many empty parts costs a hundred times its bytes. */
static void bounds_memory(void **state)
{
	_cleanup_(buf_fini) struct buf bytes = BUF_INIT(2 << 20);
	ProtobufCMessage *m = NULL;
	struct refusal why = { 0 };

	(void)state;
	while (bytes.size < CODEC_MAX_REQUEST - 2)
		buf_append(&bytes, "\x0a\x00", 2);
	assert_int_equal(codec_unpack(QUERY_PROTO, TYPE(stack_trace_selector),
				      span_of(bytes.data, bytes.size), &m, &why),
			 INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_TOO_LARGE);
	bytes.size = 0;
	buf_append_text(&bytes, "{\"callSite\":[{}");
	while (bytes.size < CODEC_MAX_REQUEST - 8)
		buf_append_text(&bytes, ",{}");
	buf_append_text(&bytes, "]}");
	assert_int_equal(codec_unpack(QUERY_JSON, TYPE(stack_trace_selector),
				      span_of(bytes.data, bytes.size), &m, &why),
			 INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_TOO_LARGE);
	while (bytes.size <= CODEC_MAX_REQUEST)
		buf_append_text(&bytes, "     ");
	assert_int_equal(codec_unpack(QUERY_PROTO, TYPE(diff_request),
				      span_of(bytes.data, bytes.size), &m, &why),
			 INGEST_E_REFUSED);
	assert_int_equal(why.code, REFUSAL_TOO_LARGE);
}

/* One by one as all at once. */
static void writes_lists(void **state)
{
	Querier__V1__LabelPair pair = QUERIER__V1__LABEL_PAIR__INIT, *pairs[] = { &pair };
	Querier__V1__Labels labels = QUERIER__V1__LABELS__INIT, *both[] = { &labels, &labels };
	Querier__V1__SeriesResponse whole = QUERIER__V1__SERIES_RESPONSE__INIT;

	(void)state;
	pair.name = (char *)"pod";
	labels.labels = pairs;
	labels.n_labels = 1;
	whole.labels_set = both;
	whole.n_labels_set = 2;
	for (int codec = QUERY_PROTO; codec <= QUERY_JSON; codec++) {
		struct buf one = BUF_INIT(1000), other = BUF_INIT(1000);
		struct codec_list list;

		codec_pack((enum query_codec)codec, &whole.base, &one);
		codec_list_begin(&list, TYPE(series_response), (enum query_codec)codec, &other);
		codec_list_add(&list, &labels.base);
		codec_list_add(&list, &labels.base);
		codec_list_end(&list);
		assert_int_equal(one.size, other.size);
		assert_memory_equal(one.data, other.data, one.size);
		buf_fini(&one);
		buf_fini(&other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(writes_what_none_reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_memory),
		cmocka_unit_test(writes_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
