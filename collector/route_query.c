/* SPDX-License-Identifier: Apache-2.0 */
/* /querier.v1.QuerierService/CALL: Connect's unary calls (connectrpc.com/docs/protocol). None of
 * them is declared free of side effects, so all are POST, as in Pyroscope. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "collector/asked.h"
#include "collector/routes.h"

#define TIME_LIMIT (60 * NSEC_PER_SEC)

static const char *const types[] = {
	[QUERY_PROTO] = "application/proto",
	[QUERY_JSON] = "application/json",
};

static bool read_codec(const struct http_request *r, enum query_codec *ret_codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		*ret_codec = (enum query_codec)i;
		if (route_has_type(r, types[i]))
			return true;
	}
	return false;
}

static int read_deadline(const struct http_request *r, uint64_t *ret_deadline, struct refusal *why)
{
	const char *text = http_header(r, "Connect-Timeout-Ms");
	uint64_t ms, limit = TIME_LIMIT;

	if (text) {
		if (!asked_timeout(asked_text(text), &ms))
			return refuse(why, REFUSAL_INVALID, "connect-timeout-ms is no number");
		limit = ms < limit / NSEC_PER_MSEC ? ms * NSEC_PER_MSEC : limit;
	}
	*ret_deadline = clock_monotonic() + limit;
	return 0;
}

static int read_head(const struct http_request *r, struct query_request *ret, struct refusal *why)
{
	int result = route_check_protocol(r, why);

	ret->now = (int64_t)clock_realtime();
	ret->tenant = route_tenant(r);
	return result ? result : read_deadline(r, &ret->deadline, why);
}

/* ---- the answer -------------------------------------------------------------------------- */

static int answer(struct collector *c, const struct http_request *r, struct query_request *request,
		  struct http_answer *a, struct refusal *why)
{
	_cleanup_(turn_end) struct turn turn = { .of = &c->turns };
	_cleanup_(freep) uint8_t *memory = NULL;
	int result = read_head(r, request, why);

	if (result == 0)
		result = route_read_body(r, CODEC_MAX_REQUEST, &turn, &memory, &request->body, why);
	return result ? result : query_answer(c->query, request, &a->body, why);
}

static void discard(struct buf *b)
{
	struct buf empty = BUF_INIT(b->limit);

	buf_fini(b);
	*b = empty;
}

void route_query(struct collector *c, const struct http_request *r, const char *call,
		 struct http_answer *a)
{
	struct query_request request = { .call = call };
	struct refusal why = { .code = REFUSAL_INTERNAL };

	if (!query_has_call(call)) {
		routes_refuse(NULL, r, 404, "There is no such call.", a);
		return;
	}
	if (strcmp(http_method(r), "POST") != 0) {
		route_refuse_method(r, "POST", "POST", a);
		return;
	}
	if (!read_codec(r, &request.codec)) {
		a->status = 415;
		http_answer_field(a, "Accept-Post", "application/json, application/proto");
		return;
	}
	int result = answer(c, r, &request, a, &why);
	if (result != 0) {
		discard(&a->body);
		if (result > 0)
			route_refuse(a, &why);
		else
			route_fail(c, a, "the query could not be answered", result);
		return;
	}
	a->status = 200;
	a->type = types[request.codec];
	route_compress(r, a);
}
