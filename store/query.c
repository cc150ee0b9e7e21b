/* SPDX-License-Identifier: Apache-2.0 */
#include "store/query.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "proto/querier.pb-c.h"
#include "store/text.h"

#define MAX_SELECTOR 8192

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

static int pack(const Querier__V1__SelectMergeProfileRequest *request, struct buf *out)
{
	size_t size = querier__v1__select_merge_profile_request__get_packed_size(request);
	_cleanup_(freep) uint8_t *bytes = malloc(size + 1);

	if (!bytes)
		return -ENOMEM;
	querier__v1__select_merge_profile_request__pack(request, bytes);
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
	return pack(&request, ret_body);
}
