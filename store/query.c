/* SPDX-License-Identifier: Apache-2.0 */
#include "store/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/querier.pb-c.h"
#include "store/text.h"

#define MAX_SELECTOR 8192
#define MAX_STEPS    10000
#define MINUTE	     (60 * NSEC_PER_SEC)

const char *const query_headers[2] = { "Content-Type: application/proto",
				       "Connect-Protocol-Version: 1" };

/* A PromQL string: Go's double-quoted one. */
static int append_quoted(struct buf *b, const char *text)
{
	struct span rest = span_of(text, strlen(text));

	buf_append_u8(b, '"');
	while (rest.size) {
		size_t n = text_utf8(rest);

		if (!n || rest.data[0] < ' ' || rest.data[0] == 0x7f)
			return QUERY_E_VALUE;
		if (rest.data[0] == '"' || rest.data[0] == '\\')
			buf_append_u8(b, '\\');
		buf_append(b, rest.data, n);
		span_from(rest, n, &rest);
	}
	buf_append_u8(b, '"');
	return 0;
}

static int make_selector(const struct query_question *q, struct buf *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->n_labels; i++) {
		buf_printf(b, "%s%s=", i ? "," : "{", q->labels[i].name);
		r = append_quoted(b, q->labels[i].value);
	}
	buf_append(b, "}", sizeof("}"));
	if (r == 0 && buf_error(b))
		r = buf_error(b) == -E2BIG ? QUERY_E_VALUE : buf_error(b);
	return r;
}

static int pack(const ProtobufCMessage *request, struct buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(request);
	_cleanup_(freep) uint8_t *bytes = malloc(size + 1);

	if (!bytes)
		return -ENOMEM;
	protobuf_c_message_pack(request, bytes);
	buf_append(out, bytes, size);
	return buf_error(out);
}

int query_ask(const struct query_question *q, struct buf *ret_body)
{
	_cleanup_(buf_fini) struct buf selector = BUF_INIT(MAX_SELECTOR);
	Querier__V1__SelectMergeProfileRequest request =
		QUERIER__V1__SELECT_MERGE_PROFILE_REQUEST__INIT;
	Querier__V1__StackTraceSelector stacks = QUERIER__V1__STACK_TRACE_SELECTOR__INIT;
	Querier__V1__GoPGO depth = QUERIER__V1__GO_PGO__INIT;
	char type[] = QUERY_TYPE;
	int r = make_selector(q, &selector);

	if (r != 0)
		return r;
	request.profile_typeid = type;
	request.label_selector = (char *)selector.data;
	request.start = (int64_t)(q->from / NSEC_PER_MSEC);
	request.end = (int64_t)(q->until / NSEC_PER_MSEC);
	depth.keep_locations = q->depth;
	stacks.go_pgo = &depth;
	if (q->depth)
		request.stack_trace_selector = &stacks;
	return pack(&request.base, ret_body);
}

/* ---- values of a label ------------------------------------------------------------------- */

int query_ask_values(const struct query_question *q, const char *name, struct buf *ret_body)
{
	_cleanup_(buf_fini) struct buf selector = BUF_INIT(MAX_SELECTOR);
	Querier__V1__SelectSeriesRequest request = QUERIER__V1__SELECT_SERIES_REQUEST__INIT;
	const uint64_t step = (q->until - q->from) / MAX_STEPS;
	char type[] = QUERY_TYPE, *label = (char *)name;
	int r = make_selector(q, &selector);

	if (r != 0)
		return r;
	request.profile_typeid = type;
	request.label_selector = (char *)selector.data;
	request.start = (int64_t)(q->from / NSEC_PER_MSEC);
	request.end = (int64_t)(q->until / NSEC_PER_MSEC);
	request.n_group_by = 1;
	request.group_by = &label;
	request.step = (double)(step > MINUTE ? step : MINUTE) / (double)NSEC_PER_SEC;
	return pack(&request.base, ret_body);
}

void query_values_fini(struct query_values *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->list[i].text);
	free(v->list);
	*v = (struct query_values){ 0 };
}

static int find_or_add(struct query_values *v, const char *text, struct query_value **ret_value)
{
	*ret_value = NULL;
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->list[i].text, text))
			*ret_value = &v->list[i];
	if (*ret_value)
		return 0;
	if (v->n == QUERY_MAX_VALUES) {
		v->left_out++;
		return 0;
	}
	struct query_value *list = reallocarray(v->list, v->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	v->list = list;
	list[v->n] = (struct query_value){ .text = strdup(text), .first = UINT64_MAX };
	if (!list[v->n].text)
		return -ENOMEM;
	*ret_value = &list[v->n++];
	return 0;
}

/* Grouped by one label, so there is that one, or none. */
static int add_series(struct query_values *v, const Querier__V1__Series *series)
{
	const char *text = series->n_labels ? series->labels[0]->value : "";
	struct query_value *value;
	int r = series->n_points ? find_or_add(v, text, &value) : 0;

	for (size_t i = 0; r == 0 && i < series->n_points && value; i++) {
		const int64_t ms = series->points[i]->timestamp;

		if (ms < 0 || (uint64_t)ms > UINT64_MAX / NSEC_PER_MSEC)
			return QUERY_E_MALFORMED;
		const uint64_t time = (uint64_t)ms * NSEC_PER_MSEC;
		value->first = time < value->first ? time : value->first;
		value->last = time > value->last ? time : value->last;
	}
	return r;
}

int query_read_values(struct span answer, struct query_values *v)
{
	Querier__V1__SelectSeriesResponse *response =
		querier__v1__select_series_response__unpack(NULL, answer.size, answer.data);
	int r = response ? 0 : QUERY_E_MALFORMED;

	for (size_t i = 0; r == 0 && i < response->n_series; i++)
		r = add_series(v, response->series[i]);
	if (response)
		querier__v1__select_series_response__free_unpacked(response, NULL);
	return r;
}
